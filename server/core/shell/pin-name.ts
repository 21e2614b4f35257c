/**
 * The file name for what an address holds: a label for whose it is, and the last part of its path. Deterministic.
 *
 * @param url the address; pieces that are not known are left out
 * @param runner the interpreter that runs the content, where one is known: it gives the ending where the address has none
 * @param taken names that must not be used again
 */
export function fileName(url: string, runner: string | undefined, taken: readonly string[] = []): string {
  const [, host = "", path = ""] = /^(?:[a-z][\w+.-]*:\/\/)?(?:[^@/?#]*@)?([^/?#:]*)(?::\d*)?([^?#]*)/i.exec(url) ?? [];
  const parts = path.split("/").filter((part) => part !== "");
  const label = labelOf(host.toLowerCase(), parts);
  const [stem, ending] = splitEnding(parts.at(-1) ?? "");
  const meaningless = stem === "" || /^(?:ba)?sh$/i.test(stem) || stem.toLowerCase() === label.toLowerCase();
  const name = clean(meaningless ? label : `${label}-${stem}`);
  return unused(name, ending ?? ENDINGS.find(([programs]) => programs.test(runner ?? ""))?.[1] ?? "", taken);
}

/** Labels that say how a host serves, not whose it is. */
const GENERIC =
  /^(?:www\d?|get|sh|install|installer|raw|cdn|dl|download|downloads|static|uploader|deb|cli|files|releases|packages|repo)$/;

function labelOf(host: string, parts: readonly string[]): string {
  const repository = parts[host === "api.github.com" ? 2 : 1];
  if (/(?:^|\.)github(?:usercontent)?\.com$/.test(host) && !host.startsWith("gist.") && repository !== undefined)
    return repository;
  if (/^[\d.]+$/.test(host)) return host;
  const labels = host.split(".");
  const own = labels.length > 1 ? labels.slice(0, -1) : labels;
  return own.find((label) => !GENERIC.test(label)) || own[0] || "script";
}

const KNOWN_ENDING =
  /^(.+?)(\.tar\.(?:gz|xz|bz2|zst)|(?:\.(?:sh|bash|zsh|py|js|mjs|cjs|ts|rb|pl|php|lua|ps1|r))?\.(?:gz|xz|bz2|zst|zip)|\.(?:sh|bash|zsh|ksh|py|js|mjs|cjs|ts|rb|pl|php|lua|ps1|tgz|deb|rpm|pkg|dmg|jar|exe|msi|yaml|yml|json|asc))$/i;

function splitEnding(part: string): readonly [string, string | undefined] {
  const [, stem = part, ending] = KNOWN_ENDING.exec(part) ?? [];
  return [stem, ending];
}

const ENDINGS: readonly (readonly [RegExp, string])[] = [
  [/^(?:ba|da|a|z|k|mk)?sh$/, ".sh"],
  [/^(?:python|pypy)[\d.]*$/, ".py"],
  [/^node(?:js)?$/, ".js"],
  [/^ruby[\d.]*$/, ".rb"],
  [/^perl[\d.]*$/, ".pl"],
  [/^php[\d.]*$/, ".php"],
  [/^powershell$/, ".ps1"],
  [/^cmd$/, ".bat"],
];

function clean(name: string): string {
  return (
    name
      .replace(/[^A-Za-z0-9._+-]+/g, "-")
      .replace(/-{2,}/g, "-")
      .replace(/^[-.]+|-+$/g, "") || "script"
  );
}

function unused(stem: string, ending: string, taken: readonly string[]): string {
  for (let count = 1; ; count++) {
    const name = count === 1 ? `${stem}${ending}` : `${stem}-${count}${ending}`;
    if (!taken.includes(name)) return name;
  }
}
