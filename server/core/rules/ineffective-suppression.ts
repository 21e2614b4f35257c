import type { Fix, Problem, Review, Rule } from "../rule.ts";
import type { Suppression } from "../suppression.ts";
import type { Span } from "../text.ts";

/** Comments that should silence findings and do not. */
export const ineffectiveSuppression: Rule = {
  id: "ineffective-suppression",
  severity: "information",
  summary: "A comment that should silence a finding silences nothing.",
  why:
    "A comment `# pipewarden: ignore[rule-id] reason` silences findings of that rule on its line, or in the line below where it stands alone. One that " +
    "outlived its finding hides the next one that comes to this place, and one with a mistake hides nothing although it looks as if it did.",
  examples: [
    {
      title: "The finding is gone",
      path: ".github/workflows/ci.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      # pipewarden: ignore[unpinned-action] Our own fork, with protected tags.
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - uses: acme/setup@1321285df8c6fde9f8ecd6af356e50850bce1bde # v3
`,
      good: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/setup@1321285df8c6fde9f8ecd6af356e50850bce1bde # v3
`,
    },
    {
      title: "One of two rules finds nothing here",
      path: ".gitlab-ci.yml",
      bad: `test:
  stage: test
  script:
    # pipewarden: ignore[unpinned-remote-script, unpinned-image] The address is in our own network.
#                                                ^^^^^^^^^^^^^^
    - curl -fsSL https://example.com/setup.sh | bash
`,
      good: `test:
  stage: test
  script:
    # pipewarden: ignore[unpinned-remote-script] The address is in our own network.
    - curl -fsSL https://example.com/setup.sh | bash
`,
    },
    {
      title: "No such rule",
      path: ".gitlab-ci.yml",
      bad: `test:
  stage: test
  script:
    - make test # pipewarden: ignore[unpinned-script]
#                                    ^^^^^^^^^^^^^^^
`,
      good: `test:
  stage: test
  script:
    - make test
`,
    },
    {
      title: "A comment in a script that does what it says",
      path: ".gitlab-ci.yml",
      bad: `test:
  stage: test
  script:
    - |
      make
      # pipewarden: ignore[unpinned-remote-script] The address is in our own network.
      curl -fsSL https://example.com/setup.sh | bash
`,
    },
  ],
  check: () => [],
  review: function* (review) {
    for (const suppression of review.suppressions) yield* problemsOf(suppression, review);
  },
};

function* problemsOf(suppression: Suppression, { statusOf }: Review): Iterable<Problem> {
  const { rules, used, flaw } = suppression;
  const unknown = rules.filter(({ id }) => statusOf(id) === "unknown");
  // A rule that is off here may be on for somebody else, who then needs the comment.
  const useless = rules.filter(({ id }) => statusOf(id) === "on" && !used.includes(id));
  const none = rules.length === unknown.length + useless.length;
  const removal = remove("Remove the comment", suppression.removal);
  if (flaw !== undefined) {
    yield {
      span: suppression.span,
      severity: "warning",
      message: `This comment silences nothing. ${flaw}`,
      fixes: removal,
    };
    return;
  }
  if (none && unknown.length === 0) {
    const what = `no finding of ${rules.map(({ id }) => id).join(" or ")}`;
    const where = suppression.isWholeFile ? "in this file" : "at this place";
    yield {
      span: suppression.span,
      message: `There is ${what} ${where} any more. Remove the comment, so that it does not hide the next one.`,
      fixes: removal,
    };
    return;
  }
  for (const { id, span } of rules.filter((rule) => unknown.includes(rule) || useless.includes(rule))) {
    const isUnknown = statusOf(id) === "unknown";
    yield {
      span,
      message: isUnknown
        ? `There is no rule “${id}”, so this silences nothing. Take the id from the finding.`
        : `There is no finding of ${id} here any more. Remove it from the comment, so that it does not hide the next one.`,
      ...(isUnknown && { severity: "warning" as const }),
      fixes: rules.length === 1 ? removal : remove(`Remove “${id}”`, withComma(rules, span)),
    };
  }
}

function remove(title: string, span: Span | undefined): readonly Fix[] {
  return span === undefined ? [] : [{ title, edits: [{ span, text: "" }] }];
}

/** An id with the comma that separates it from the one before it, or of the first one from the next. */
function withComma(rules: Suppression["rules"], span: Span): Span {
  const index = rules.findIndex((rule) => rule.span === span);
  const before = rules[index - 1]?.span;
  const next = rules[index + 1]?.span;
  if (before !== undefined) return { start: before.end, end: span.end };
  return { start: span.start, end: next?.start ?? span.end };
}
