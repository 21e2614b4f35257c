import { pullsOf } from "../flow.ts";
import type { Pipeline, Target } from "../model.ts";
import { digestFix, pinFixesFor } from "../pinning.ts";
import type { Policy } from "../policy.ts";
import { mutableCalls } from "../reach.ts";
import { placeIn } from "../remote.ts";
import type { Problem, Rule } from "../rule.ts";
import { graveTheftSentence, judged } from "../severity.ts";
import { shortened } from "../wording.ts";

/** Container images that are named by a tag, or by nothing, in references and in scripts. */
export const unpinnedImage: Rule = {
  id: "unpinned-image",
  severity: "information",
  summary: "A container image is named by a tag that its owner can move.",
  why:
    "A tag is a name that whoever can push to the image puts on something else at will, exact version numbers included. " +
    "The digest behind the tag names the content itself, so the pipeline runs the image that you tested or nothing at all.",
  examples: [
    {
      title: "Images of jobs, services and steps",
      path: ".github/workflows/ci.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    container: node:22.4.1
#              ^^^^^^^^^^^
    services:
      cache:
        image: redis
#              ^^^^^
    steps:
      - uses: docker://ghcr.io/acme/tool:v2
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      good: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    container: node:22.4.1@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d
    services:
      cache:
        image: redis@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d
    steps:
      - uses: docker://ghcr.io/acme/tool:v2@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d
`,
      answers: [
        {
          kind: "imageDigest",
          digest: "sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d",
          platforms: 2,
        },
      ],
    },
    {
      title: "Images that a script runs",
      path: ".gitlab-ci.yml",
      bad: `lint:
  script:
    - docker run --rm -v "$PWD:/src" -w /src acme/lint:latest --strict
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    },
    {
      title: "Digests, images of variables and images that the script builds are fine",
      path: ".gitlab-ci.yml",
      bad: `build:
  image: alpine:3.20@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d
  services:
    - $DATABASE_IMAGE
  script:
    - docker build -t app .
    - docker run --rm app:latest ./test.sh
    - docker pull "$CI_REGISTRY_IMAGE:$CI_COMMIT_SHA"
`,
    },
  ],
  check: function* (pipeline, policy) {
    yield* ofReferences(pipeline, policy);
    yield* ofScripts(pipeline);
  },
};

function* ofReferences(pipeline: Pipeline, policy: Policy): Iterable<Problem> {
  for (const call of mutableCalls(pipeline, "image")) {
    const { reference } = call;
    const { text, span, target } = reference;
    if (target.kind !== "image" || target.name === "scratch") continue;
    const [transport = ""] = /^docker:\/\//.exec(text) ?? [];
    yield {
      span,
      message: message("This pipeline runs", target, transport, graveTheftSentence(call)),
      ...judged(call, "information", policy),
      fixes: pinFixesFor(reference, pipeline.text),
    };
  }
}

function* ofScripts(pipeline: Pipeline): Iterable<Problem> {
  for (const { script, use } of pullsOf(pipeline)) {
    if (use.kind !== "image" || use.pin !== "mutable" || use.target.kind !== "image") continue;
    const subject = `${use.tool} ${use.runs ? "runs" : "fetches"}`;
    const { start, end } = use.span;
    // Where the name stands in quotes, or comes from a variable, the digest has no plain place behind it.
    const written = script.text.slice(start, end).endsWith(use.text);
    const at = { start: end, end };
    const fixes = written ? digestFix(use.target, (digest) => script.rewrite([{ span: at, text: `@${digest}` }])) : [];
    yield { ...placeIn(script, use.command), message: message(subject, use.target, "", ""), fixes };
  }
}

type Image = Extract<Target, { kind: "image" }>;

function message(subject: string, { name, tag }: Image, transport: string, theft: string): string {
  const written = shortened(tag === undefined ? name : `${name}:${tag}`, 100);
  const moves =
    tag === undefined
      ? `${written} without a tag, which is whatever was pushed last`
      : `${written}, and whoever can push to ${shortened(name)} can move ${tag} to something else`;
  const pinned = `${transport}${tag === undefined ? `${written}:<tag>` : written}@sha256:…`;
  return `${subject} ${moves}.${theft} Write ${pinned}; "docker buildx imagetools inspect ${written}" prints the digest.`;
}
