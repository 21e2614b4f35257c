import type { Reference } from "../model.ts";
import type { Rule } from "../rule.ts";
import { unpinnedReferences } from "../unpinned.ts";
import { shortened } from "../wording.ts";

/** Bitbucket pipes that are named by a version that can move. */
export const unpinnedPipe: Rule = {
  id: "unpinned-pipe",
  severity: "information",
  summary: "A pipe is named by a version that its owner can move.",
  why:
    "A pipe is a container that runs with the variables that it is handed. Its version is a tag, and whoever can push to it can put something else behind it; " +
    "a digest cannot be moved. The fix writes the newest exact version: there is no hash for a version, but nothing new is taken over by itself any more.",
  examples: [
    {
      title: "A version of a pipe",
      path: "bitbucket-pipelines.yml",
      bad: `pipelines:
  default:
    - step:
        script:
          - pipe: atlassian/aws-s3-deploy:1
#                 ^^^^^^^^^^^^^^^^^^^^^^^^^
            variables: {S3_BUCKET: site}
`,
    },
    {
      title: "A digest is fine",
      path: "bitbucket-pipelines.yml",
      bad: `pipelines:
  default:
    - step:
        script:
          - pipe: docker://acme/deploy@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d
`,
    },
  ],
  check: (pipeline, policy) => unpinnedReferences(pipeline, policy, "pipe", { severity: () => "information", message }),
};

function message({ text, target, versions }: Reference, theft: string): string {
  const written = shortened(text);
  if (versions !== undefined || target.kind === "other")
    return `${written} names no exact version, so whatever its owner releases next gets the variables of this step.${theft} Name an exact version or, better, its image by the digest: docker://<image>@sha256:….`;
  return `${written} is a tag that its owner can move to other code, and it gets the variables of this step.${theft} Name its image by the digest: docker://<image>@sha256:….`;
}
