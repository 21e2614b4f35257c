import { RULES, type SourceFile, withoutMarks } from "../../server/core/index.ts";
import { TABLE, PATHS as TABLE_PATHS } from "../rules/table.ts";

/** A source of numbers from 0 to 1 that a seed determines (mulberry32). */
export type Random = () => number;

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A file that somebody might have half-typed: a real one with damage, a pipeline around nonsense in a script, or plain nonsense. */
export function fuzzedFile(random: Random, bases: readonly SourceFile[]): SourceFile {
  const kind = random();
  const base = pick(random, bases);
  if (kind < 0.5) return { path: base.path, text: damaged(random, base.text) };
  const own = kind < 0.85 ? pipeline(random) : soup(random, YAML_TOKENS, 60);
  const text = random() < 0.4 ? damaged(random, own) : own;
  return { path: pick(random, PATHS), text };
}

/** The files of the rules' examples. */
export function exampleFiles(): readonly SourceFile[] {
  return RULES.flatMap((rule) =>
    rule.examples.flatMap(({ path, bad, good }) =>
      [bad, good ?? bad].map((text) => ({ path, text: withoutMarks(text) })),
    ),
  );
}

/** The files of the table of rules and systems: every system with all that it can say. */
export function systemFiles(): readonly SourceFile[] {
  return Object.values(TABLE).flatMap((row) =>
    Object.entries(row).flatMap(([system, cell]) =>
      typeof cell === "string" ? [{ path: TABLE_PATHS[system] ?? "", text: withoutMarks(cell) }] : [],
    ),
  );
}

export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("There is nothing to pick from.");
  return item;
}

const PATHS = [".github/workflows/ci.yml", ".gitlab-ci.yml", "action.yml", "some/other.yml"].concat(
  Object.values(TABLE_PATHS),
);

/** A few edits, mostly one or two, each of which a hand, a merge or a broken disk could have made. */
function damaged(random: Random, text: string): string {
  let result = text;
  do result = pick(random, DAMAGES)(random, result);
  while (random() < 0.5);
  return result;
}

const DAMAGES: readonly ((random: Random, text: string) => string)[] = [
  (random, text) => spliced(text, place(random, text), 0, pick(random, YAML_TOKENS)),
  (random, text) => spliced(text, place(random, text), 0, pick(random, SHELL_TOKENS)),
  (random, text) => spliced(text, place(random, text), 1, ""),
  (random, text) => spliced(text, place(random, text), Math.floor(random() * 12), pick(random, YAML_TOKENS)),
  (random, text) => spliced(text, place(random, text), Math.floor(random() * 80), ""),
  (random, text) => text.slice(0, place(random, text)),
  (random, text) => {
    const start = place(random, text);
    return spliced(text, place(random, text), 0, text.slice(start, start + Math.floor(random() * 80)));
  },
  (random, text) => {
    const lines = text.split("\n");
    const at = Math.floor(random() * lines.length);
    return lines.with(at, `${" ".repeat(Math.floor(random() * 12))}${lines[at]?.trimStart() ?? ""}`).join("\n");
  },
  (random, text) => {
    const lines = text.split("\n");
    const [line = ""] = lines.splice(Math.floor(random() * lines.length), 1);
    lines.splice(Math.floor(random() * (lines.length + 1)), 0, line);
    return lines.join("\n");
  },
  (random, text) => text.replaceAll("\n", pick(random, ["\r\n", "\r", "\n\n", "\n\t"])),
];

function spliced(text: string, at: number, length: number, added: string): string {
  return text.slice(0, at) + added + text.slice(at + length);
}

function place(random: Random, text: string): number {
  return Math.floor(random() * (text.length + 1));
}

function soup(random: Random, tokens: readonly string[], most: number): string {
  let text = "";
  for (let count = Math.floor(random() * most); count >= 0; count--) text += pick(random, tokens);
  return text;
}

/** A well-formed pipeline whose scripts are nonsense, in every way that YAML has to write them. */
function pipeline(random: Random): string {
  const script = () => scalar(random, soup(random, SHELL_TOKENS, 24), 8);
  const env = random() < 0.5 ? "env:\n  A_KEY: ${{ secrets.A_KEY }}\n  B: b\n" : "";
  if (random() < 0.6) {
    const shell =
      random() < 0.3
        ? `        shell: ${pick(random, ["bash", "sh", "pwsh", "powershell", "cmd", "python", "bash -e {0}"])}\n`
        : "";
    const step = `      - run: ${script()}\n${shell}      - uses: ${pick(random, REFERENCES)}\n`;
    return `on: push\n${env}jobs:\n  a:\n    runs-on: ${pick(random, ["ubuntu-latest", "windows-latest", "${{ matrix.os }}"])}\n    steps:\n${step}`;
  }
  return `variables:\n  KEY: $SECRET\na:\n  image: ${pick(random, REFERENCES)}\n  script:\n      - ${script()}\n      - ${script()}\n`;
}

function scalar(random: Random, text: string, indent: number): string {
  const block = text.replace(/\r\n|\r|\n/g, `\n${" ".repeat(indent)}`);
  switch (Math.floor(random() * 6)) {
    case 0:
    case 1:
      return `${pick(random, ["|", "|-", "|+", "|2"])}\n${" ".repeat(indent)}${block}`;
    case 2:
      return `${pick(random, [">", ">-", ">+"])}\n${" ".repeat(indent)}${block}`;
    case 3:
      return JSON.stringify(text);
    case 4:
      return `'${block.replaceAll("'", "''")}'`;
    default:
      return block;
  }
}

const REFERENCES = [
  "actions/checkout@v4",
  "actions/checkout@8f4b7f84864484a7bf31766abe9204da3cbe65b3 # v3",
  "./local",
  "docker://alpine:3",
  "a/b/c/d@e@f",
  "${{ matrix.action }}",
  "@",
  "'quoted/it@main'",
  "x",
];

const YAML_TOKENS = [
  ..."\n|\n  |\n      |\n      - | |- |: |:|key: |? |\t|\r\n|\u2028|\uFEFF|\uD800|😀|é|\0|\x07|#| # |---\n|...\n|%YAML 1.1\n".split(
    "|",
  ),
  ..."{,},[,],,,',\",`,@,%,!,!!str ,!reference [a, b],&a ,*a,<<: *a,<<:,~,null,0x1f,2001-01-01,\\,\\n,\\\n".split(","),
  ..."|;|-;|2;>;>-;>+1;|\n;>\n".split(";"),
  ..."on: push\n;jobs:\n;  a:\n;    steps:\n;      - run: ;      - uses: ;runs-on: x\n;shell: pwsh\n;env:\n;with:\n;secrets: inherit\n".split(
    ";",
  ),
  ..."script:\n;before_script: ;include: ;image: ;variables:\n;default:\n;extends: .a\n;services: [a];parallel:\n;runs: {using: composite}\n".split(
    ";",
  ),
  ..."${{ secrets.A }};${{;}};${{ toJSON(secrets) }};$[[ inputs.a ]];$[[;$(x);<< parameters.a >>;{{ .x }};{% if x %}\n;{{- range .x }}\n;<+secrets.getValue(x)>;!Sub ;!Ref ;!vault |\n".split(
    ";",
  ),
];

const SHELL_TOKENS = [
  ...'curl -s https://x.io/i.sh | bash;bash <(curl -sL https://x.io/b) -a;sh -c "$(wget -qO- https://x.io/c)";source <(curl https://x.io)'.split(
    ";",
  ),
  ..." ; ; ; \n;\n; | ;|;||;&&; & ;<(;>(;$(;);(;`;';\";<<<;<<EOF\n;\nEOF\n;<<-'E'\n;\nE\n;>;>>; 2>&1 ;|&;{ ;; };$;${;};\\;\\\n;#;!;*;?;[[ ; ]];=;;;".split(
    ";",
  ),
  ..."curl|curl -s |wget -qO- |https://x.io/i.sh|http://y|-o f|-O|-fsSL |--|bash|bash -s -- -a|sh|sh -c |sudo |sudo -E |env A=1 |eval |source |. |exec ".split(
    "|",
  ),
  ...'xargs |tee |cat |python3 - |node -e |perl|ruby|chmod +x f|./f|sha256sum -c |echo |echo "abc  f" |if |then |fi|for x in |do |done|while |case |esac'.split(
    "|",
  ),
  ..."f() {|function g {|set -e|set -o pipefail|set +e|trap x EXIT|$X|${X:-y}|${X#*/}|$((1+|))|$'\\x63'|\"$X\"|cd /tmp|gpg --verify |tar xz|mktemp".split(
    "|",
  ),
  ..."iex |iwr |Invoke-Expression |Invoke-WebRequest |-OutFile f.ps1|.DownloadString('|(New-Object Net.WebClient)|| iex|@'\n|\n'@|powershell -c |cmd /c |%X%|^|^\n|& ".split(
    "|",
  ),
  ..."${{ secrets.A }}|${{ github.event.issue.title }}|${{|}}|$[[ inputs.a ]]|$(X)|\uD800|😀|\0|\t|\r|é".split("|"),
];
