import { deepEqual, equal, match } from "node:assert/strict";
import { createHash } from "node:crypto";
import { verifyLines, verifySummary } from "../../server/pins/report.ts";
import { NO_SCRIPTS, type ScriptStore } from "../../server/pins/scripts.ts";
import type { VerifiedPin } from "../../server/pins/verify.ts";
import { verifyPins } from "../../server/pins/verify.ts";
import type { Resolver } from "../../server/resolvers/resolver.ts";
import { answers } from "../support/network.ts";
import { refused } from "../support/refused.ts";
import { registrySite } from "../support/registry.ts";
import { index, otherIndex, sha256, targetOf, useWorld, workflow } from "./world.ts";

describe("Verifying pins", () => {
  const world = useWorld();
  const verify = (step: string, scripts: ScriptStore = NO_SCRIPTS, resolver = world().resolver()) =>
    verifyPins([targetOf(workflow(step), resolver)], { scripts });
  /** The one pin of a step. */
  const judged = async (step: string, scripts?: ScriptStore, resolver?: Resolver): Promise<VerifiedPin> => {
    const [pin, ...others] = await verify(step, scripts, resolver);
    if (pin === undefined || others.length > 0) throw new Error(`${others.length + 1} pins instead of one`);
    return pin;
  };

  describe("of commits", () => {
    it("finds a tag that still stands for its commit, annotated or not, exact or not", async () => {
      const { commits } = world();
      for (const [commit, name] of [
        [commits[0], "v1.0.0"],
        [commits[1], "v4.2.2"],
        [commits[1], "v4"],
        [commits[1], "4.2.2"],
      ]) {
        const { verdict, update } = await judged(`uses: acme/tool@${commit} # ${name}`);
        deepEqual([verdict, update], ["held", undefined], name);
      }
    });

    it("finds a tag that was moved away, and offers what it stands for now", async () => {
      const { commits, tool } = world();
      for (const tag of ["v4", "v4.2", "v4.2.2"]) tool.tag(tag, commits[2]);
      const { verdict, message, update } = await judged(`uses: acme/tool@${commits[1]} # v4.2.2`);
      equal(verdict, "moved");
      match(
        message,
        /^v4\.2\.2 of acme\/tool no longer stands for the pinned commit but for [0-9a-f]{12}\. Somebody moved the tag/u,
      );
      deepEqual(update, { title: "Update acme/tool to today's commit of v4.2.2", to: commits[2], label: "v4.2.2" });
    });

    it("finds a floating tag that has gone on, and names both versions", async () => {
      const repository = world().host.repository("acme/floating");
      const [old, now] = [repository.commit("one"), repository.commit("two")];
      repository.tag("v4.2.2", old);
      for (const tag of ["v4", "v4.3.0"]) repository.tag(tag, now);
      const { verdict, message, update } = await judged(`uses: acme/floating@${old} # v4`);
      equal(verdict, "moved");
      match(message, /The pinned commit is v4\.2\.2\.$/u);
      deepEqual([update?.to, update?.label], [now, "v4.3.0"]);
    });

    it("finds a comment that names the wrong version, whether that exists or not", async () => {
      const { commits } = world();
      for (const wrong of ["v1.0.0", "v9.9.9"]) {
        const { verdict, message, update } = await judged(`uses: acme/tool@${commits[1]} # ${wrong}`);
        equal(verdict, "mislabelled");
        match(message, new RegExp(`^The comment says ${wrong.replaceAll(".", "\\.")}, .* v4\\.2\\.2`, "u"));
        deepEqual([update?.to, update?.label], [commits[1], "v4.2.2"]);
      }
    });

    it("finds a tag that was taken away", async () => {
      const { verdict, message, update } = await judged(`uses: acme/tool@${"a".repeat(40)} # v9.9.9`);
      deepEqual([verdict, update], ["gone", undefined]);
      match(message, /^acme\/tool has no v9\.9\.9, which the comment names/u);
    });

    it("takes a branch that has gone on for what branches do, and offers its commit", async () => {
      const { commits } = world();
      const { verdict, update } = await judged(`uses: acme/tool@${commits[1]} # main`);
      equal(verdict, "behind");
      deepEqual([update?.to, update?.label], [commits[2], "main"]);
      equal((await judged(`uses: acme/tool@${commits[2]} # main`)).verdict, "held");
    });

    it("needs no comment where a tag or branch leads to the commit, and cannot tell where none does", async () => {
      const { commits } = world();
      const steps = [commits[1], `${commits[1]} # renovate`, commits[2], "b".repeat(40)];
      const pins = await Promise.all(steps.map((each) => judged(`uses: acme/tool@${each}`)));
      deepEqual(
        pins.map(({ verdict }) => verdict),
        ["held", "held", "held", "unknown"],
      );
      match(pins[0]?.message ?? "", /^This is v4\.2\.2 of acme\/tool\.$/u);
      match(pins[3]?.message ?? "", /so it cannot be judged/u);
    });

    it("accepts the id of an annotated tag in the place of its commit", async () => {
      const { commits, tool } = world();
      const tag = tool.annotatedTag("v4.2.2", commits[1]);
      equal((await judged(`uses: acme/tool@${tag} # v4.2.2`)).verdict, "held");
    });

    it("has no answer where the host has none, and says why", async () => {
      world().network.site("github.com", answers.text("", 503));
      const { verdict, message } = await judged(`uses: acme/tool@${"a".repeat(40)} # v4`);
      equal(verdict, "unanswered");
      match(message, /503/u);
    });

    it("lists each repository once", async () => {
      const { commits, network, resolver } = world();
      const text = workflow(
        `uses: acme/tool@${commits[1]} # v4`,
        `uses: acme/tool@${commits[0]} # v1.0.0`,
        `uses: acme/tool@${commits[2]} # main`,
      );
      await verifyPins([targetOf(text, resolver())], { scripts: NO_SCRIPTS });
      equal(network.requests.filter(({ url }) => url.includes("/info/refs")).length, 1);
    });
  });

  describe("of images", () => {
    const serve = (manifests: Parameters<typeof registrySite>[0]) =>
      world().network.site("ghcr.io", registrySite(manifests));
    const step = `uses: docker://ghcr.io/acme/lint:v2@${index.digest}`;

    it("finds a tag that still stands for its digest", async () => {
      deepEqual((await judged(step)).verdict, "held");
    });

    it("finds a tag that was moved while the digest is still there", async () => {
      serve({ "acme/lint:v2": otherIndex, "acme/lint:v1": index });
      const { verdict, message, update } = await judged(step);
      equal(verdict, "moved");
      match(message, /the registry still has the pinned one/u);
      deepEqual(update?.to, otherIndex.digest);
    });

    it("finds a digest that is gone", async () => {
      serve({ "acme/lint:v2": otherIndex });
      const { verdict, message, update } = await judged(step);
      equal(verdict, "gone");
      match(message, /no longer has the pinned digest .* so the pipeline cannot pull it/u);
      deepEqual(update?.to, otherIndex.digest);
    });

    it("finds a tag that was taken away while the digest is still there", async () => {
      serve({ "acme/lint:v1": index });
      const { verdict, message, update } = await judged(step);
      deepEqual([verdict, update], ["gone", undefined]);
      match(message, /the tag was taken away/u);
    });

    it("asks for the digest itself where there is no tag", async () => {
      const bare = `uses: docker://ghcr.io/acme/lint@${index.digest}`;
      equal((await judged(bare)).verdict, "held");
      serve({ "acme/lint:v2": otherIndex });
      equal((await judged(bare)).verdict, "gone");
    });

    it("has no answer where the registry has none", async () => {
      world().network.site("ghcr.io", answers.text("", 429));
      const { verdict, message } = await judged(step);
      equal(verdict, "unanswered");
      match(message, /rate/u);
    });
  });

  describe("of scripts", () => {
    const NEW = "#!/bin/sh\necho something else\n";
    const step = () =>
      `run: |\n          curl -fsSLO https://get.example.com/i.sh\n          echo "${sha256(world().script)}  i.sh" | sha256sum -c - || exit 1\n          sh i.sh`;

    it("finds content that is as pinned", async () => {
      deepEqual((await judged(step())).verdict, "held");
    });

    it("finds content that changed, with both texts where the old one was kept", async () => {
      world().network.site("get.example.com", answers.text(NEW));
      const { script } = world();
      const kept: ScriptStore = { ...NO_SCRIPTS, read: async (hash) => (hash === sha256(script) ? script : undefined) };
      const known = await judged(step(), kept);
      deepEqual([known.verdict, known.texts], ["changed", { before: script, after: NEW }]);
      match(known.message, /Look at the difference before you update the pin\.$/u);
      deepEqual([known.now, known.update?.to], [sha256(NEW), sha256(NEW)]);
      const unknown = await judged(step());
      deepEqual(unknown.texts, { before: undefined, after: NEW });
      match(unknown.message, /The old text is not known on this machine/u);
    });

    it("judges by the algorithm of the pin, and updates by it", async () => {
      const sha512 = (text: string) => createHash("sha512").update(text).digest("hex");
      const long = `run: |\n          curl -fsSLO https://get.example.com/i.sh\n          echo "${sha512(world().script)}  i.sh" | sha512sum -c - || exit 1`;
      equal((await judged(long)).verdict, "held");
      world().network.site("get.example.com", answers.text(NEW));
      const { verdict, now, update } = await judged(long);
      deepEqual([verdict, now, update?.to], ["changed", sha512(NEW), sha512(NEW)]);
    });

    it("fetches the old text of a commit again, where the address names one and no text was kept", async () => {
      const { commits, network, script } = world();
      const file = `acme/tool@${commits[0]}/i.sh`;
      const fetched = `run: |\n          curl -fsSLO https://cdn.jsdelivr.net/gh/${file}\n          echo "${sha256(script)}  i.sh" | sha256sum -c - || exit 1`;
      network.site("cdn.jsdelivr.net", answers.text(NEW));
      const { verdict, texts } = await judged(fetched);
      deepEqual([verdict, texts], ["changed", { before: script, after: NEW }]);
      const asked = network.requests.filter(({ host }) => host === "raw.githubusercontent.com");
      equal(asked[0]?.url, `/acme/tool/${commits[0]}/i.sh`);
      network.site("raw.githubusercontent.com", answers.text("echo neither of them\n"));
      const other = await judged(fetched);
      deepEqual(other.texts, { before: undefined, after: NEW });
      match(other.message, /The old text is not known on this machine/u);
    });

    it("asks no other address where the text was kept, or no commit is named", async () => {
      const { network, script } = world();
      network.site("get.example.com", answers.text(NEW));
      await judged(step(), { ...NO_SCRIPTS, read: async () => script });
      await judged(step());
      deepEqual([...new Set(network.connections)], ["get.example.com:443"]);
    });

    it("shows no texts of what is no text", async () => {
      world().network.site("get.example.com", answers.text(Uint8Array.of(0x1f, 0x8b, 0xff, 0xfe)));
      const { verdict, texts, message } = await judged(step());
      deepEqual([verdict, texts], ["changed", undefined]);
      match(message, /It is no text/u);
    });

    it("finds content that is gone, and has no answer where a host fails or differs each time", async () => {
      const verdicts: string[] = [];
      for (const site of [answers.text("", 404), answers.text("", 500), answers.changing()]) {
        world().network.site("get.example.com", site);
        verdicts.push((await judged(step())).verdict);
      }
      world().network.site("get.example.com", answers.hang());
      verdicts.push((await judged(step(), NO_SCRIPTS, world().impatientResolver())).verdict);
      deepEqual(verdicts, ["gone", "unanswered", "unanswered", "unanswered"]);
    });

    it("asks nobody for an address that only the run knows", async () => {
      const own = `run: |\n          curl -sLo i.sh "https://get.example.com/$GITHUB_SHA"\n          echo "${sha256("")}  i.sh" | sha256sum -c -`;
      equal((await judged(own)).verdict, "unknown");
      deepEqual(world().network.connections, []);
    });
  });

  it("reports by file and place, each with its line, and sums up", async () => {
    const { commits, resolver } = world();
    const text = workflow(
      `uses: acme/tool@${commits[1]} # v4`,
      `uses: acme/tool@${commits[1]} # v1.0.0`,
      `uses: acme/x@${commits[0]}`,
    );
    const steps: string[] = [];
    const pins = await verifyPins([targetOf(text, resolver())], {
      scripts: NO_SCRIPTS,
      onProgress: (done, total) => steps.push(`${done}/${total}`),
    });
    deepEqual(
      verifyLines(pins, ({ id }) => id).map((line) => line.slice(0, 30).trimEnd()),
      [
        ".github/workflows/ci.yml",
        "     6  as pinned    v4 of acm",
        "     7  mislabelled  The comme",
        "     8  no answer    https://g",
      ],
    );
    equal(verifySummary(pins), "1 of 3 pins is not as pinned: 1 mislabelled. 1 pin could not be asked about.");
    deepEqual(steps, ["1/3", "2/3", "3/3"]);
  });

  it("looks at a script that two pipelines run once, and leaves out what the settings leave out", async () => {
    const sh = `curl -fsSLO https://get.example.com/i.sh\necho "${sha256(world().script)}  i.sh" | sha256sum -c -\n`;
    const resolver = world().resolver();
    const target = (name: string, isExcluded = false) => ({
      ...targetOf(workflow("run: sh ci/setup.sh"), resolver, `.github/workflows/${name}.yml`),
      context: { read: (path: string) => (path === "ci/setup.sh" ? sh : undefined), list: () => [] },
      isExcluded: () => isExcluded,
    });
    equal((await verifyPins([target("a"), target("b")], { scripts: NO_SCRIPTS })).length, 1);
    equal((await verifyPins([target("a", true)], { scripts: NO_SCRIPTS })).length, 0);
  });

  it("can be cancelled", async () => {
    const signal = AbortSignal.abort();
    const target = targetOf(workflow(`uses: acme/tool@${world().commits[1]}`), world().resolver());
    equal(
      await refused(verifyPins([target], { scripts: NO_SCRIPTS, signal })),
      "cancelled: Cancelled; nothing was changed.",
    );
    deepEqual(world().network.connections, []);
  });
});
