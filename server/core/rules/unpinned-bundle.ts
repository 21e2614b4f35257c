import type { Reference } from "../model.ts";
import type { Rule } from "../rule.ts";
import { unpinnedReferences } from "../unpinned.ts";
import { shortened } from "../wording.ts";

/** Bundles of tasks that are named by a tag, and resources like them. */
export const unpinnedBundle: Rule = {
  id: "unpinned-bundle",
  severity: "warning",
  summary: "A bundle of tasks is named by a tag that can be moved.",
  why:
    "What is in the bundle runs as steps of this pipeline with its workspaces and secrets. A tag is a name that whoever can push to the registry puts on something else; " +
    "the digest is the content itself.",
  examples: [
    {
      title: "A tag becomes a digest",
      path: ".tekton/pipeline.yaml",
      bad: `apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: lint}
spec:
  taskRef:
    resolver: bundles
    params:
      - {name: bundle, value: "registry.example.com/tasks/lint:v1"}
#                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - {name: name, value: lint}
      - {name: kind, value: task}
`,
      good: `apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: lint}
spec:
  taskRef:
    resolver: bundles
    params:
      - {name: bundle, value: "registry.example.com/tasks/lint:v1@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d"}
      - {name: name, value: lint}
      - {name: kind, value: task}
`,
      answers: [
        {
          kind: "imageDigest",
          digest: "sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d",
          platforms: 1,
        },
      ],
    },
    {
      title: "A digest is fine",
      path: ".tekton/pipeline.yaml",
      bad: `apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: lint}
spec:
  taskRef:
    resolver: bundles
    params:
      - {name: bundle, value: "registry.example.com/tasks/lint@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d"}
      - {name: name, value: lint}
      - {name: kind, value: task}
`,
    },
  ],
  check: (pipeline, policy) => unpinnedReferences(pipeline, policy, "bundle", { severity: () => "warning", message }),
};

function message({ text, target }: Reference, theft: string): string {
  const what = target.kind === "image" ? "is a tag that can be moved" : "can change without a change here";
  return `${shortened(text)} ${what}, and its tasks run in this pipeline.${theft} Name it by its digest: @sha256:….`;
}
