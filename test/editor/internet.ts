import { createGitHost, type GitHost } from "../support/git-host.ts";
import { answers, startNetwork, type TestNetwork } from "../support/network.ts";
import { codecovScript } from "./codecov-script.ts";

/** The part of the internet that the sample workspace names, served on loopback. */
export interface SampleInternet {
  readonly network: TestNetwork;
  /** The commit of actions/checkout that v4 and v4.2.2 lead to. */
  readonly checkoutCommit: string;
  /** What is behind github.com, for tests that need more of it. */
  readonly github: GitHost;
  close(): Promise<void>;
}

/** Starts it. https://codecov.io/bash is a script, every other page of that site is missing; github.com holds the two actions of the sample. */
export async function startSampleInternet(): Promise<SampleInternet> {
  const network = await startNetwork();
  network.site("codecov.io", (request, response) =>
    (request.url === "/bash" ? answers.text(codecovScript) : answers.text("no such page\n", 404))(request, response),
  );
  const github = createGitHost();
  network.site("github.com", github.handler);
  const [checkoutCommit] = ["actions/checkout", "actions/setup-node"].map((name) => {
    const repository = github.repository(name);
    const commit = repository.commit(name);
    repository.branch("main", commit);
    repository.tag("v4", commit);
    repository.annotatedTag("v4.2.2", commit);
    return commit;
  });
  return {
    network,
    checkoutCommit: checkoutCommit ?? "",
    github,
    close: async () => {
      github.close();
      await network.close();
    },
  };
}
