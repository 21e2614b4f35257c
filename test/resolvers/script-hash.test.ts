import { deepEqual, equal, match } from "node:assert/strict";
import { createHash } from "node:crypto";
import { answerScriptHash } from "../../server/resolvers/script-hash.ts";
import { answers, startNetwork, type TestNetwork } from "../support/network.ts";
import { refused } from "../support/refused.ts";

describe("Script hashes", () => {
  const shared: { network?: TestNetwork } = {};
  const network = (): TestNetwork => shared.network ?? raise();
  const ask = () =>
    answerScriptHash({ kind: "scriptHash", url: "https://codecov.io/bash?v=1" }, { env: network().env });
  before(async () => {
    shared.network = await startNetwork();
  });
  beforeEach(() => network().forget());
  after(() => network().close());

  it("are taken over the raw bytes, with the text and the final address", async () => {
    const text = "\ufeff#!/bin/sh\r\necho grün\n";
    network().site("codecov.io", answers.redirect("https://cdn.example.com/bash"));
    network().site("cdn.example.com", answers.text(text));
    deepEqual(await ask(), {
      kind: "scriptHash",
      sha256: createHash("sha256").update(text).digest("hex"),
      sha384: createHash("sha384").update(text).digest("hex"),
      sha512: createHash("sha512").update(text).digest("hex"),
      finalUrl: "https://cdn.example.com/bash",
      text,
    });
  });
  it("come without text for bytes that are not UTF-8", async () => {
    network().site("codecov.io", answers.text(Buffer.from([0x1f, 0x8b, 0xff])));
    equal((await ask()).text, "");
  });
  it("rest on two fetches", async () => {
    network().site("codecov.io", answers.text("echo\n"));
    await ask();
    equal(network().requests.length, 2);
  });
  it("take a script for a script although its host calls it a web page", async () => {
    network().site("codecov.io", answers.text("#!/bin/sh\n", 200, { "Content-Type": "text/html" }));
    equal((await ask()).text, "#!/bin/sh\n");
  });

  const refusals = [
    [
      "content that changes",
      answers.changing(),
      /^content: https:\/\/codecov\.io\/bash answers differently each time/u,
    ],
    ["an empty body", answers.text(""), /^content: https:\/\/codecov\.io\/bash is empty/u],
    ["a web page", answers.html(), /^content: https:\/\/codecov\.io\/bash is a web page, not a script\.$/u],
    ["a web page that is labelled as text", answers.text("\ufeff\n <!doctype HTML>\n"), /is a web page/u],
    [
      "a page that is labelled as one",
      answers.text("sign in", 200, { "Content-Type": "text/HTML; charset=x" }),
      /is a web page/u,
    ],
    ["401", answers.text("x", 401), /^authentication: https:\/\/codecov\.io\/bash answered 401 \(Unauthorized\)/u],
    ["403", answers.text("x", 403), /^authentication: https:\/\/codecov\.io\/bash answered 403 \(Forbidden\)/u],
    [
      "404",
      answers.text("x", 404),
      /^not-found: https:\/\/codecov\.io\/bash answered 404 \(Not Found\): nothing is there\.$/u,
    ],
    ["429", answers.text("x", 429), /^status: https:\/\/codecov\.io\/bash answered 429 .* try again later\.$/u],
    [
      "500",
      answers.text("x", 500),
      /^status: https:\/\/codecov\.io\/bash answered 500 \(Internal Server Error\): the server failed/u,
    ],
    [
      "204",
      answers.text("", 204),
      /^status: https:\/\/codecov\.io\/bash answered 204 \(No Content\), which is no content\.$/u,
    ],
  ] as const;
  for (const [name, handler, expected] of refusals) {
    it(`are refused for ${name}`, async () => {
      network().site("codecov.io", handler);
      match(await refused(ask()), expected);
    });
  }
});

function raise(): never {
  throw new Error("the network has not been started");
}
