import assert from "node:assert/strict";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { matchesGlob } from "../../server/core/glob.ts";
import {
  analyze,
  checkSettings,
  completeSettings,
  DEFAULT_SETTINGS,
  EMPTY_CONTEXT,
  explainSetting,
  mergeSettings,
  parseSettings,
  readSettings,
  SETTINGS,
  settingsSchema,
} from "../../server/core/index.ts";
import { exampleFiles, fuzzedFile, randomOf } from "../support/fuzz-input.ts";

describe("readSettings", () => {
  it("takes what is right and drops what is not", () => {
    assert.deepEqual(
      readSettings({ rules: { a: "off", b: "hint", c: "loud", d: 1 }, exclude: ["x", 2], other: true }),
      {
        rules: { a: "off", b: "hint" },
        exclude: ["x"],
      },
    );
  });

  it("gives the defaults for input of any other shape", () => {
    for (const input of [undefined, null, 1, "rules", [], { rules: [] }, { rules: null, exclude: "x" }]) {
      assert.deepEqual(readSettings(input), DEFAULT_SETTINGS);
    }
  });
});

describe("checkSettings", () => {
  it("names the key of what is wrong", () => {
    const input = {
      rules: { "unpinned-action": "of", x: "off" },
      network: { enabled: "no", allowedHosts: ["a"] },
      scan: { limit: -1 },
      other: 1,
    };
    const { settings, problems } = checkSettings(input);
    assert.deepEqual(
      problems.map(({ key }) => key),
      ["rules.unpinned-action", "rules.x", "network.enabled", "scan.limit", "other"],
    );
    assert.deepEqual(settings, { rules: { x: "off" } });
  });
});

/** One file for each, and whether it is right. */
const FILES: readonly (readonly [string, boolean])[] = [
  ["rules: {unpinned-action: off}\nexclude: [a/]\nignore: {package.json: [unpinned-package]}\n", true],
  [
    "requireReason: true\nbaseline: b.json\ntrusted: ['acme/*', '*.acme.example']\nglobs: {gitlab-ci: [ci/*.yml]}\n",
    true,
  ],
  ["network:\n  enabled: false\n", true],
  ["rules:\nexclude:\nnetwork:\n", true],
  ["rules: []\n", false],
  ["ignore: {package.json: [unpinned]}\n", false],
  ["ignore: {package.json: unpinned-package}\n", false],
  ["requireReason: 'true'\n", false],
  ["globs: {jenkins: [a.yml]}\n", false],
  ["network: {allowedHosts: [a]}\n", false],
  ["scan: {enabled: false}\n", false],
  ["trusted: acme\n", false],
  ["baseline: [a]\n", false],
];

describe("the schema of a settings file", () => {
  it("agrees with what is read", () => {
    const validate = new Ajv({ strict: false }).compile(settingsSchema());
    for (const [text, isRight] of FILES) {
      assert.equal(parseSettings(text).problems.length === 0, isRight, text);
      assert.equal(validate(parse(text)), isRight, `${text}${JSON.stringify(validate.errors)}`);
    }
  });

  it("knows each setting that a repository can decide", () => {
    for (const { key, where } of SETTINGS) {
      const value = key.split(".").reduceRight<unknown>((inner, part) => ({ [part]: inner }), 5.5);
      const told = checkSettings(value).problems.map((problem) => problem.key);
      assert.deepEqual(told, [key]);
      const { problems } = parseSettings(JSON.stringify(value));
      const isKnown = problems.every(({ message }) => !message.includes("setting of the editor"));
      assert.equal(isKnown, where === "both", key);
    }
  });
});

describe("help in a settings file", () => {
  const offered = (marked: string) => {
    const offset = marked.indexOf("|");
    const text = marked.replace("|", "");
    return completeSettings(text, offset).map(
      (each) => text.slice(0, each.span.start) + each.text + text.slice(each.span.end),
    );
  };

  it("offers settings, names and values where they belong", () => {
    assert.deepEqual(
      offered("re|").filter((text) => text.startsWith("req")),
      ["requireReason: "],
    );
    assert.deepEqual(
      offered("rules:\n  unpinned-act|\n").filter((text) => text.includes("action")),
      ["rules:\n  unpinned-action: \n"],
    );
    assert.deepEqual(offered("rules:\n  unpinned-action: |"), [
      ...["error", "warning", "information", "hint", "off"].map((word) => `rules:\n  unpinned-action: ${word}`),
    ]);
    assert.deepEqual(offered("# c\nnetwork:\n  |"), ["# c\nnetwork:\n  enabled: "]);
    assert.deepEqual(offered("requireReason: t|").length, 2);
    assert.ok(offered("globs:\n  |").includes("globs:\n  gitlab-ci: "));
    assert.ok(
      offered("ignore:\n  package.json:\n    - |").includes("ignore:\n  package.json:\n    - unpinned-package"),
    );
    assert.ok(
      offered("ignore:\n  package.json: [unpinned-action, |").some((text) => text.endsWith(", unpinned-package")),
    );
  });

  it("offers nothing in comments, quotes, free text and places that mean nothing", () => {
    for (const text of ["# |", "baseline: |", "exclude:\n  - |", "nothing:\n  |", "rules:\n  unpinned-action: off # |"])
      assert.deepEqual(offered(text), [], text);
  });

  it("is what makes a right file, however it is put together", () => {
    for (const text of offered("|")) assert.deepEqual(parseSettings(text.replace(/- $/, "- a")).problems, [], text);
  });

  it("explains a key", () => {
    const text = "rules:\n  unpinned-action: off\nnetwork:\n  enabled: true\n";
    const at = (part: string) => explainSetting(text, text.indexOf(part))?.markdown.split("\n")[0];
    assert.deepEqual(["rules", "unpinned", "enabled", "off"].map(at), [
      "**rules**",
      "**unpinned-action**",
      "**network.enabled**",
      undefined,
    ]);
  });

  it("never throws and stays in the text, wherever it is asked", () => {
    const text = FILES.map(([file]) => file).join("---\n");
    for (let seed = 0; seed < 300; seed++) {
      const fuzzed = fuzzedFile(randomOf(seed), [{ path: "", text }]).text;
      for (let offset = 0; offset <= fuzzed.length; offset += 7) {
        explainSetting(fuzzed, offset);
        for (const { span } of completeSettings(fuzzed, offset)) assert.ok(span.start >= 0 && span.end === offset);
      }
    }
  });
});

describe("settings decide the analysis", () => {
  const text =
    "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: curl -s https://get.acme.example/i.sh | sh\n";
  const found = (path: string, settings: Parameters<typeof analyze>[2], content = text) => {
    const { system, findings, suppressed } = analyze({ path, text: content }, EMPTY_CONTEXT, settings);
    return [system, findings.map(({ severity }) => severity).join(), suppressed.map(({ by }) => by).join()];
  };
  const path = ".github/workflows/ci.yml";

  it("by trusting a host, but not what anybody on the way can change", () => {
    assert.deepEqual(found(path, { rules: {}, trusted: ["*.acme.example"] }), ["github-actions", "information", ""]);
    assert.deepEqual(found(path, { rules: {}, trusted: ["acme.example"] }), ["github-actions", "warning", ""]);
    assert.deepEqual(found(path, { rules: {}, trusted: ["*.acme.example", "!get.acme.example"] }), [
      "github-actions",
      "warning",
      "",
    ]);
    const plain = text.replace("https:", "http:");
    assert.deepEqual(found(path, { rules: {}, trusted: ["*.acme.example"] }, plain), ["github-actions", "warning", ""]);
  });

  it("by silencing rules in files", () => {
    assert.deepEqual(found(path, { rules: {}, ignore: { ".github/": ["unpinned-remote-script"] } }), [
      "github-actions",
      "",
      "settings",
    ]);
    assert.deepEqual(found(path, { rules: {}, ignore: { ".github/": ["unpinned-action"] } }), [
      "github-actions",
      "warning",
      "",
    ]);
  });

  it("by giving a file to a system", () => {
    const job = "a:\n  script: curl -s https://get.acme.example/i.sh | sh\n";
    assert.deepEqual(found("ci/a.yml", { rules: {} }, job), [undefined, "", ""]);
    assert.deepEqual(found("ci/a.yml", { rules: {}, globs: { "gitlab-ci": ["ci/*.yml"] } }, job), [
      "gitlab-ci",
      "warning",
      "",
    ]);
  });

  it("with the repository's word before the person's, and the network off where either says so", () => {
    const merged = mergeSettings(
      { rules: { a: "off", b: "off" }, trusted: ["x/*"], network: { enabled: true } },
      { rules: { a: "hint" }, trusted: ["!x/y"], requireReason: true, network: { enabled: false } },
    );
    assert.deepEqual(merged.rules, { a: "hint", b: "off" });
    assert.deepEqual(merged.trusted, ["x/*", "!x/y"]);
    assert.deepEqual([merged.requireReason, merged.network], [true, { enabled: false }]);
  });
});

describe("matchesGlob", () => {
  for (const [pattern, path, isMeant] of [
    ["*.yml", "a/b.yml", true],
    ["a/*.yml", "a/b.yml", true],
    ["a/*.yml", "a/b/c.yml", false],
    ["a/*.yml", "x/a/b.yml", false],
    ["a/**/c.yml", "a/c.yml", true],
    ["a/**/c.yml", "a/x/y/c.yml", true],
    ["a/**", "a/x/y", true],
    ["a/**", "a", false],
    ["a/", "x/a/b", true],
    ["/a", "a/b", true],
    ["/a", "x/a", false],
    ["b?.y*l", "b1.yaml", true],
    ["*a*b", "xaxxbab", true],
    ["*a*b", "xaxxba", false],
    ["**/*.yml", "a.yml", true],
  ] as const) {
    it(`${pattern} means ${path}: ${isMeant}`, () => assert.equal(matchesGlob(pattern, path), isMeant));
  }

  it("is done with any pattern at once", () => {
    const pattern = `${"**/".repeat(200)}${"*a".repeat(200)}b`;
    assert.equal(matchesGlob(pattern, `${"a/".repeat(200)}${"a".repeat(2000)}`), false);
  });
});

describe("parseSettings", () => {
  it("marks the key or value that is wrong", () => {
    const text = "rules:\n  unpinned-action: of\n  unpinned: off\nexclude:\n  - {}\nseverity: x\n";
    const marked = parseSettings(text).problems.map(({ span }) => text.slice(span.start, span.end));
    assert.deepEqual(marked, ["of", "unpinned", "{}", "severity"]);
  });

  it("never throws and stays in the text, whatever the text is", () => {
    const bases = [...exampleFiles(), { path: "", text: "rules:\n  unpinned-action: off\nexclude:\n  - vendor/\n" }];
    for (let seed = 0; seed < 2000; seed++) {
      const { text } = fuzzedFile(randomOf(seed), bases);
      for (const { span } of parseSettings(text).problems) assert.ok(span.start <= span.end && span.end <= text.length);
    }
  });
});
