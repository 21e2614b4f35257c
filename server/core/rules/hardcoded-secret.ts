import { type Credential, credentialsOf } from "../credentials.ts";
import type { Problem, Rule } from "../rule.ts";

/** Credentials that stand in the file as they are. */
export const hardcodedSecret: Rule = {
  id: "hardcoded-secret",
  severity: "warning",
  summary: "A password, a token or a key stands in the file in plain text.",
  why:
    "Whoever can read the repository can use it, today and from any old commit, and so can everybody who ever cloned it. Programs search " +
    "public repositories for such text within minutes of a push. Values that the system encrypted for the file are fine, and are not meant.",
  examples: [
    {
      title: "A password in an address",
      path: ".gitlab-ci.yml",
      bad: `release:
  stage: deploy
  script:
    - git push https://deploy:Tr4in-Kettle-92@git.acme.dev/site.git HEAD:main
#                             ^^^^^^^^^^^^^^^
`,
    },
    {
      title: "A variable that the system fills in is fine",
      path: ".gitlab-ci.yml",
      bad: `release:
  stage: deploy
  script:
    - git push "https://deploy:$DEPLOY_PASSWORD@git.acme.dev/site.git" HEAD:main
`,
    },
    {
      title: "The password of a database that only the job sees is fine",
      path: ".github/workflows/test.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    services:
      db:
        image: postgres:16@sha256:1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7
        env:
          POSTGRES_PASSWORD: test
    steps:
      - run: make test
        env:
          DATABASE_URL: postgres://postgres:test@db/app
`,
    },
  ],
  check: function* (pipeline) {
    for (const credential of credentialsOf(pipeline)) yield problem(credential, pipeline.systemName);
  },
};

const SEVERITY = { proven: "error", shaped: "warning", guessed: "information" } as const;

/** The message says nothing of the value. No fix can heal this: the value is known from the history, wherever it moves. */
function problem({ span, what, certainty }: Credential, system: string): Problem {
  const name = `${what.charAt(0).toUpperCase()}${what.slice(1)}`;
  const proof = certainty === "proven" ? ", and its checksum is right" : "";
  return {
    span,
    severity: SEVERITY[certainty],
    message:
      `${name} stands here in plain text${proof}: whoever can read this file, or an old commit of it, can use it. ` +
      `Revoke it where it was made, and keep the next one among the secrets of ${system}.`,
  };
}
