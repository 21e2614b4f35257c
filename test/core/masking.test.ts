import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Masking,
  maskAngles,
  maskAzure,
  maskBraces,
  maskCircleCi,
  maskGitHub,
  maskGitLab,
  maskNone,
  maskParentheses,
} from "../../server/core/masking.ts";

const maskings: readonly (readonly [string, Masking])[] = [
  ["GitHub", maskGitHub],
  ["GitLab", maskGitLab],
  ["Azure", maskAzure],
  ["CircleCI", maskCircleCi],
  ["Tekton", maskParentheses],
  ["Argo", maskBraces],
  ["Harness", maskAngles],
  ["no", maskNone],
];

/** The masked text, and what was in its holes. */
function masked(mask: Masking, text: string): readonly [string, ...string[]] {
  const { text: result, holes } = mask(text);
  return [result, ...holes.map((hole) => hole.text)];
}

describe("masking", () => {
  it("finds expressions of GitHub, quotes respected", () => {
    assert.deepEqual(masked(maskGitHub, "a ${{ x }}b"), ["a X_______b", "${{ x }}"]);
    assert.deepEqual(masked(maskGitHub, "${{ '}}' }}"), ["X__________", "${{ '}}' }}"]);
    assert.deepEqual(masked(maskGitHub, "${{ 'it''s }}' }}"), ["X________________", "${{ 'it''s }}' }}"]);
  });

  it("makes one word of an expression over several lines", () => {
    assert.deepEqual(masked(maskGitHub, "a/${{ x ||\n y }}/b"), ["a/X_____________/b", "${{ x ||\n y }}"]);
  });

  it("ends an expression that nobody closed with its line", () => {
    assert.deepEqual(masked(maskGitHub, "${{ x\r\ncurl y | sh"), ["X____\r\ncurl y | sh", "${{ x"]);
    assert.deepEqual(masked(maskGitHub, "${{ x\ny ${{ z }}"), ["X____\ny X_______", "${{ x", "${{ z }}"]);
  });

  it("finds inputs of GitLab and leaves its variables", () => {
    assert.deepEqual(masked(maskGitLab, "echo $[[ inputs.a ]] $A ${B}"), [
      "echo X______________ $A ${B}",
      "$[[ inputs.a ]]",
    ]);
    assert.deepEqual(masked(maskGitLab, "$[[ a\n]]"), ["$[[ a\n]]"]);
  });

  it("finds macros of Azure and leaves commands and functions", () => {
    assert.deepEqual(masked(maskAzure, "a $(Build.Id) $(cat v) ${{ p.x }}"), [
      "a X__________ $(cat v) X_________",
      "$(Build.Id)",
      "${{ p.x }}",
    ]);
    assert.deepEqual(masked(maskAzure, "f() { :; }; $(f) $(g)"), ["f() { :; }; $(f) X___", "$(g)"]);
    assert.deepEqual(masked(maskAzure, "$[variables['a']] $[1+2]"), ["X________________ $[1+2]", "$[variables['a']]"]);
    assert.deepEqual(
      maskAzure("$(a) $(a.b)").holes.map((hole) => hole.ambiguous),
      [true, false],
    );
  });

  it("finds values of CircleCI and leaves here-documents", () => {
    assert.deepEqual(masked(maskCircleCi, "x << pipeline.id >> y"), ["x X________________ y", "<< pipeline.id >>"]);
    assert.deepEqual(masked(maskCircleCi, "<<# parameters.a >>b<</ parameters.a >>"), [
      `${" ".repeat(19)}b${" ".repeat(19)}`,
    ]);
    for (const text of ["cat <<EOF >> f", "cat <<job >> f", "cat <<< parameters.a >> f", "a << b"]) {
      assert.deepEqual(masked(maskCircleCi, text), [text]);
    }
    assert.deepEqual(masked(maskCircleCi, "cat \\<<EOF"), ["cat  <<EOF"]);
  });

  it("finds variables of Tekton and leaves commands", () => {
    assert.deepEqual(masked(maskParentheses, '$(params.a) $(params["b"][*]) $(params x)'), [
      "X__________ X________________ $(params x)",
      "$(params.a)",
      '$(params["b"][*])',
    ]);
  });

  it("finds templates of Argo and expressions of Harness", () => {
    assert.deepEqual(masked(maskBraces, "a {{inputs.x}} {{ b\n"), ["a X___________ {{ b\n", "{{inputs.x}}"]);
    assert.deepEqual(masked(maskAngles, "<+a.<+b>.c> > <+d\n<+e>"), ["X__________ > <+d\nX___", "<+a.<+b>.c>", "<+e>"]);
  });

  for (const [name, mask] of maskings) {
    it(`keeps the length and all other text, with ${name} expressions`, () => {
      fc.assert(
        fc.property(script, (text) => {
          const result = mask(text);
          assert.equal(result.text.length, text.length);
          let at = 0;
          const outside: [string, string][] = [];
          for (const { span, text: written } of result.holes) {
            assert.ok(at <= span.start && span.start < span.end);
            assert.equal(text.slice(span.start, span.end), written);
            assert.match(result.text.slice(span.start, span.end), /^X_+$/);
            outside.push([text.slice(at, span.start), result.text.slice(at, span.start)]);
            at = span.end;
          }
          outside.push([text.slice(at), result.text.slice(at)]);
          for (const [before, after] of outside)
            assert.equal(name === "CircleCI" ? withoutSections(before) : before, after);
        }),
        { seed: 20260803, numRuns: 2500 },
      );
    });
  }
});

/** What CircleCI turns into spaces, in another way. */
function withoutSections(text: string): string {
  return text.replace(/\\<<|<<<|<<[#^/][^\n]*?>>/g, (found) => {
    if (found === "<<<") return found;
    return found.startsWith("\\") ? " <<" : " ".repeat(found.length);
  });
}

const script = fc
  .array(
    fc.constantFrom(
      ...[
        "${{",
        "}}",
        "$[[",
        "]]",
        "$(",
        ")",
        "$[",
        "]",
        "<<",
        ">>",
        "<<#",
        "<</",
        "\\<<",
        "<<<",
        "{{",
        "((",
        "))",
        "$((",
        "<+",
        ">",
        "'",
      ],
      ...[
        " ",
        "\n",
        "\r\n",
        "a",
        "params.x",
        "parameters.x",
        "pipeline.y",
        "variables['z']",
        "f() ",
        "function g",
        "EOF",
        "|",
        "curl",
      ],
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.join(""));
