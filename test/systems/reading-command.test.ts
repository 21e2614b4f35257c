import assert from "node:assert/strict";
import fc from "fast-check";
import { maskNone } from "../../server/core/masking.ts";
import { commandOf, DOUBLED_DOLLAR, escapedScriptOf, shebangShell } from "../../server/core/systems/reading-command.ts";
import { applyEdits } from "../../server/core/text.ts";
import { items, parseYaml, scalar, type YamlScalar } from "../../server/core/yaml.ts";

const SETTING = { operatingSystems: [], unit: "x", scratch: "/tmp" } as const;
const SHELL = { language: "sh", errexit: true, pipefail: false } as const;
const DIALECT = { mask: maskNone, secretsIn: () => [] };

/** The scalars of a document that is a list. */
function scalarsOf(document: string): readonly YamlScalar[] {
  return items(parseYaml(document).documents[0]).flatMap((each) => scalar(each) ?? []);
}

function escaped(document: string) {
  const [first] = scalarsOf(document);
  assert.ok(first);
  const reading = { path: "x.yml", text: document };
  return escapedScriptOf(reading, first, DIALECT, { ...SETTING, shell: SHELL }, DOUBLED_DOLLAR);
}

function command(document: string) {
  const words = scalarsOf(document).map((each) => ({ scalar: each }));
  return commandOf({ path: "x.yml", text: document }, words, DIALECT, SETTING, DOUBLED_DOLLAR);
}

describe("escaped scripts", () => {
  const line = fc.array(fc.constantFrom("$", "$$", "a", "B", "{", "}", "'", " ", "é", "😀"), { maxLength: 20 });

  it("give the shell's text, and each character of it has its place in the document", () => {
    fc.assert(
      fc.property(line, (pieces) => {
        const written = `x${pieces.join("")}x`;
        const document = `- '${written.replaceAll("'", "''")}'\n`;
        const { text, toDocument } = escaped(document);
        assert.equal(text, written.replaceAll("$$", "$"));
        let end = 3;
        for (let at = 0; at < text.length; at++) {
          const span = toDocument({ start: at, end: at + 1 });
          assert.equal(span.start, end);
          end = span.end;
          const back = document.slice(span.start, span.end).replace("''", "'").replace("$$", "$");
          assert.equal(back, text[at]);
        }
      }),
      { seed: 6, numRuns: 500 },
    );
  });

  it("write new text so that the shell gets it, and leave alone what the product fills in", () => {
    const document = "- run $_A $$B\n";
    const { text, rewrite } = escaped(document);
    const span = { start: 0, end: text.length };
    const edits = rewrite([{ span, text: 'go "$_A" ${_A} $B ${C} $? $(d)' }]) ?? [];
    const changed = applyEdits(document, edits);
    assert.equal(changed, '- go "$_A" ${_A} $$B $${C} $$? $(d)\n');
    assert.equal(escaped(changed).text, 'go "$_A" ${_A} $B ${C} $? $(d)');
  });
});

describe("command lines of words", () => {
  it("find the code that a shell gets, with the options that it has", () => {
    const read = (document: string) => {
      const script = command(document);
      return [script?.text, script?.shell];
    };
    const bash = { language: "bash", errexit: true, pipefail: false } as const;
    assert.deepEqual(read("[bash, -ec, 'a b']"), ["a b", bash]);
    assert.deepEqual(read("[/bin/bash, -e, -o, pipefail, -c, a]"), ["a", { ...bash, pipefail: true }]);
    assert.deepEqual(read("[bash, -euxo, pipefail, -c, a, b]"), ["a", { ...bash, pipefail: true }]);
    assert.deepEqual(read("[bash, -eco, pipefail, a]"), ["a", { ...bash, pipefail: true }]);
    assert.deepEqual(read("[sh, -c, a]"), ["a", { ...bash, language: "sh", errexit: false }]);
    assert.deepEqual(read("[pwsh, -NoProfile, -Command, a]"), [
      "a",
      { language: "powershell", errexit: false, pipefail: undefined },
    ]);
    assert.deepEqual(read("[bash, x.sh, -c, a]")[0], "bash x.sh -c a");
    assert.deepEqual(read("[bash, -c]")[0], "bash -c");
    assert.deepEqual(read("[]"), [undefined, undefined]);
  });

  it("quote words where a shell would split or change them, and know where each stands", () => {
    const document = `- run\n- two words\n- it's\n- "$$A b"\n- plain-1\n- 'a"b'\n`;
    const script = command(document);
    assert.equal(script?.text, `run 'two words' 'it'\\''s' "$A b" plain-1 'a"b'`);
    const at = (part: string) => {
      const start = script?.text.indexOf(part) ?? 0;
      const span = script?.toDocument({ start, end: start + part.length });
      return document.slice(span?.start, span?.end);
    };
    assert.equal(at("run"), "run");
    assert.equal(at("wo wor"), "wo wor");
    assert.equal(at("'it'"), "it's");
    assert.equal(at("$A"), "$$A");
    assert.equal(at("run 'two"), "run\n- two");
  });

  it("change a word that stands as it is, and nothing else", () => {
    const document = "- docker\n- run\n- acme/tool:1\n- it is\n";
    const script = command(document);
    const end = script?.text.indexOf(" 'it") ?? 0;
    const edits = script?.rewrite([{ span: { start: end, end }, text: "@sha256:1" }]);
    assert.equal(applyEdits(document, edits ?? []), "- docker\n- run\n- acme/tool:1@sha256:1\n- it is\n");
    assert.equal(script?.rewrite([{ span: { start: end, end }, text: " more" }]), undefined);
    assert.equal(script?.rewrite([{ span: { start: end + 3, end: end + 5 }, text: "at" }]), undefined);
    assert.equal(script?.rewrite([{ span: { start: 0, end }, text: "podman" }]), undefined);
  });
});

describe("the first line of a script", () => {
  it("names its shell", () => {
    assert.deepEqual(shebangShell("a", SHELL), SHELL);
    assert.equal(shebangShell("#!/usr/bin/env bash\na", SHELL).language, "bash");
    assert.equal(shebangShell("#!/bin/sh -ex\na", SHELL).errexit, true);
    assert.equal(shebangShell("#!/usr/bin/python3\na", SHELL).language, "python");
    assert.equal(shebangShell("#!/usr/bin/env node\na", SHELL).language, "javascript");
    assert.equal(shebangShell("#!/usr/bin/perl\na", SHELL).language, "other");
  });
});
