import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { type Hover, HoverRequest, type MarkupContent } from "vscode-languageserver-protocol/node";
import { useFolders } from "../support/folder.ts";
import { createGitHost, type GitHost } from "../support/git-host.ts";
import { startNetwork, type TestNetwork } from "../support/network.ts";
import { type Session, uriOf, useSessions } from "./session.ts";
import { codecov, rangeOf, workflow } from "./workflows.ts";

const ci = ".github/workflows/ci.yml";
const COMMAND_LINKS = { hover: { commandLinks: true, showsMessages: true } };

/** The hover on the first occurrence of a text in an open document. */
async function hoverOn(session: Session, uri: string, part: string): Promise<Hover | null> {
  const position = rangeOf(session.text(uri), part).start;
  return session.connection.sendRequest(HoverRequest.type, { textDocument: { uri }, position });
}

function markdownIn(hover: Hover | null): string {
  return (hover?.contents as MarkupContent | undefined)?.value ?? "";
}

describe("hovers through the protocol", () => {
  const start = useSessions();
  const folder = useFolders();
  let network: TestNetwork;
  let github: GitHost;

  beforeEach(async () => {
    network = await startNetwork();
    github = createGitHost();
    network.site("github.com", github.handler);
  });

  afterEach(async () => {
    github.close();
    await network.close();
  });

  it("explain what is found, with the message for a client that does not show it beside", async () => {
    const session = await start({ env: network.env });
    const uri = uriOf(folder(), ci);
    session.open(uri, workflow());
    const hover = await hoverOn(session, uri, codecov);
    assert.deepEqual(hover?.range, rangeOf(workflow(), codecov));
    assert.match(markdownIn(hover), /^This step runs/);
    assert.match(markdownIn(hover), /\*\*What to do:\*\* the quick fix “Pin/);
    assert.doesNotMatch(markdownIn(hover), /command:/);
    assert.equal(await hoverOn(session, uri, "runs-on"), null);
    assert.deepEqual(network.connections, []);
  });

  it("on a pin tell what the last verification said, in this session and in the next, and ask nobody", async () => {
    const repository = github.repository("acme/build");
    const commit = repository.commit("first");
    repository.branch("main", commit);
    repository.tag("v1.2.3", commit);
    const root = folder({ [ci]: workflow().replace(`run: ${codecov}`, `uses: acme/build@${commit} # v1.2.3`) });
    const storage = uriOf(folder());
    const options = { folders: [root], env: network.env, initializationOptions: { storage, ...COMMAND_LINKS } };
    const uri = uriOf(root, ci);

    const session = await start(options);
    session.open(uri, readFileSync(path.join(root, ci), "utf8"));
    const link = `[Check now](command:pipewarden.verifyPins?${encodeURIComponent(JSON.stringify([uri]))})`;
    const before = markdownIn(await hoverOn(session, uri, "acme/build"));
    assert.ok(before.includes("Not verified yet whether that still holds.") && before.includes(link), before);
    assert.deepEqual(network.connections, [], "the hover asks nobody");

    const command = { command: "pipewarden.verifyPins", title: "", arguments: [uri] };
    await session.execute({ title: "", command });
    const asked = network.connections.length;
    assert.ok(asked > 0);
    const day = new Date().toISOString().slice(0, 10);
    // The day may end while the test runs.
    const after = markdownIn(await hoverOn(session, uri, "acme/build"));
    assert.match(
      after,
      new RegExp(`Verified on (?:${day}|\\d{4}-\\d\\d-\\d\\d): v1\\.2\\.3 of acme/build is this commit\\.`),
    );
    assert.equal(network.connections.length, asked);
    await session.stop();

    const next = await start(options);
    next.open(uri, readFileSync(path.join(root, ci), "utf8"));
    assert.match(markdownIn(await hoverOn(next, uri, "acme/build")), /Verified on \d{4}-\d\d-\d\d: v1\.2\.3/);
    assert.equal(network.connections.length, asked);
  });

  it("in a script that a pipeline runs and in which nothing is found explain what is pinned there", async () => {
    const sha256 = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";
    const script = `curl -fsSL https://example.com/i.sh -o i.sh\necho "${sha256}  i.sh" | sha256sum -c - || exit 1\nbash i.sh\n`;
    const root = folder({ [ci]: workflow("bash ci/upload.sh"), "ci/upload.sh": script });
    const session = await start({ folders: [root], env: network.env });
    session.pullWorkspace();
    const uri = uriOf(root, "ci/upload.sh");
    session.open(uri, script, "shellscript");
    assert.deepEqual(await session.pull(uri), []);
    const hover = await eventually(() => hoverOn(session, uri, "https://example.com"));
    assert.match(markdownIn(hover), /Compared with a known content before it runs/);
    assert.equal(hover?.range?.start.line, 0);
    assert.deepEqual(network.connections, []);
  });

  it("are the settings' own in a settings file", async () => {
    const session = await start();
    const uri = uriOf(folder(), ".pipewarden.yml");
    session.open(uri, "rules:\n  unpinned-action: off\n");
    assert.match(markdownIn(await hoverOn(session, uri, "rules")), /severity/i);
  });
});

/** The workspace is walked through in the server's own time, which it tells nobody about where nothing is found. */
async function eventually(ask: () => Promise<Hover | null>): Promise<Hover | null> {
  for (let attempts = 0; attempts < 200; attempts++) {
    const hover = await ask();
    if (hover !== null) return hover;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return null;
}
