import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { type Inline, toMarkdown, toText } from "../../server/breach/document.ts";

const names = {
  shown: ({ id }: { readonly id: string }) => id,
  link: ({ id, line }: { readonly id: string; readonly line: number }) => `${id}#L${line}`,
};

function markdown(...inlines: readonly Inline[]): string {
  return toMarkdown([{ paragraph: inlines }], names).replace(/\n$/, "");
}

function text(...inlines: readonly Inline[]): string {
  return toText([{ paragraph: inlines }], names).replace(/\n$/, "");
}

describe("a report", () => {
  it("is a list below its heading, with what belongs to an entry further in", () => {
    const blocks = [
      { title: ["Title"] },
      { heading: ["Part"] },
      { list: [{ line: ["one"], items: [{ line: [{ code: "x" }] }] }, { line: ["two"] }] },
    ];
    equal(toText(blocks, names), "Title\n\nPart\n- one\n  - x\n- two\n");
    equal(toMarkdown(blocks, names), "# Title\n\n## Part\n\n- one\n  - `x`\n- two\n");
  });

  it("shows places by file and line, and as links in Markdown", () => {
    const spot = { id: "ci (1).yml", line: 3, column: 5 };
    equal(text({ spot }), "ci (1).yml:3");
    equal(markdown({ spot }), "[ci (1).yml:3](<ci%20(1).yml#L3>)");
    equal(markdown({ file: spot }), "[ci (1).yml](<ci%20(1).yml#L3>)");
    equal(toMarkdown([{ paragraph: [{ spot }] }], { shown: names.shown }), "`ci (1).yml:3`\n");
  });

  it("keeps names from files from becoming markup", () => {
    equal(markdown("step “*a* [b](c) <img> `d` | e”"), "step “\\*a\\* \\[b\\](c) \\<img\\> \\`d\\` \\| e”");
    equal(markdown("- a"), "\\- a");
    equal(markdown("1. a"), "1\\. a");
    equal(markdown("see “*https://evil.example/x” *now*"), "see `“*https://evil.example/x”` \\*now\\*");
    equal(markdown({ code: "a`b" }), "``a`b``");
    equal(markdown({ code: "`" }), "`` ` ``");
    equal(markdown({ code: "```" }), "```` ``` ````");
  });

  it("keeps a name on its line, and terminals from obeying it", () => {
    for (const write of [text, markdown]) {
      const written = write("a\nb", { code: "c\u001b[31md\r\n# e\u202e" });
      ok(!/[\n\r\u001b\u202e]/.test(written), JSON.stringify(written));
    }
  });

  it("has as many lines and code spans as it was given, whatever names hold", () => {
    const hostile = fc.string({ unit: fc.constantFrom(..."`|*_[]()<>#\\\n\r\u001b\u2028 a-1.:/@!&~$".split("")) });
    fc.assert(
      fc.property(hostile, hostile, (code, prose) => {
        const written = markdown("x", { code }, prose);
        equal(written.split("\n").length, 1);
        const [, fence = ""] = /^x(`+)/.exec(written) ?? [];
        const inside = written.slice(1 + fence.length);
        const close = [...inside.matchAll(/`+/g)].find(([run]) => run.length === fence.length);
        ok(close, "the span is closed");
        equal(text({ code }).split(/[\n\r\u2028]/).length, 1);
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  it("lets no address out of its link", () => {
    const link = () => "a> [b](javascript:x)\n<c";
    deepEqual(
      toMarkdown([{ paragraph: [{ spot: { id: "x", line: 1, column: 1 } }] }], { shown: names.shown, link }),
      "[x:1](<a%3E%20[b](javascript:x)%0A%3Cc>)\n",
    );
  });
});
