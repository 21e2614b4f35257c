import { deepEqual, equal, match } from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { keepingScripts } from "../../server/pins/scripts.ts";
import type { Resolver } from "../../server/resolvers/resolver.ts";
import { createScriptStore, scriptCache, scriptFile } from "../../server/workspace/script-store.ts";
import { useFolders } from "../support/folder.ts";
import { sha256 } from "./world.ts";

const TEXT = "\uFEFF#!/bin/sh\r\necho ü\n";

describe("The store of scripts", () => {
  const folder = useFolders();

  it("gives back what was kept, byte for byte, and nothing else", async () => {
    const root = path.join(folder(), "not/there/yet");
    const store = createScriptStore(root);
    equal(await store.read(sha256(TEXT)), undefined);
    await store.write(sha256(TEXT), TEXT);
    equal(await store.read(sha256(TEXT)), TEXT);
    deepEqual(readdirSync(root), [`${sha256(TEXT)}.txt`]);
  });

  it("keeps no text under another hash, and gives none that was changed", async () => {
    const root = folder();
    const store = createScriptStore(root);
    await store.write(sha256("other"), TEXT);
    deepEqual(readdirSync(root), []);
    await store.write(sha256(TEXT), TEXT);
    writeFileSync(scriptFile(root, sha256(TEXT)), "tampered");
    equal(await store.read(sha256(TEXT)), undefined);
  });

  it("finds a text by the longer digests that a pin may have", async () => {
    const store = createScriptStore(folder());
    await store.write(sha256("other"), "other");
    await store.write(sha256(TEXT), TEXT);
    for (const algorithm of ["sha384", "sha512"]) {
      const digest = (text: string) => createHash(algorithm).update(text).digest("hex");
      equal(await store.read(digest(TEXT)), TEXT);
      equal(await store.read(digest("never kept")), undefined);
    }
    equal(await createScriptStore(path.join(folder(), "none")).read("0".repeat(128)), undefined);
  });

  it("keeps texts that nobody can run and nobody else can read", async () => {
    const root = folder();
    await createScriptStore(root).write(sha256(TEXT), TEXT);
    equal(statSync(scriptFile(root, sha256(TEXT))).mode & 0o777, 0o600);
  });

  it("does without, where nothing can be written", async () => {
    const store = createScriptStore(path.join(folder({ file: "" }), "file"));
    await store.write(sha256(TEXT), TEXT);
    equal(await store.read(sha256(TEXT)), undefined);
  });

  it("takes no more room than it may, and parts with what was not looked at for the longest time", async () => {
    const root = folder({ "notes.md": "not ours" });
    const store = createScriptStore(root, 3000);
    const texts = ["a", "b", "c", "d"].map((letter) => letter.repeat(1000));
    const [a = "", b = "", c = "", d = ""] = texts;
    for (const [age, text] of [a, b, c].entries()) {
      await store.write(sha256(text), text);
      const day = new Date(2024, 0, 1 + age);
      utimesSync(scriptFile(root, sha256(text)), day, day);
    }
    equal(await store.read(sha256(a)), a);
    await store.write(sha256(d), d);
    deepEqual(await Promise.all(texts.map((text) => store.read(sha256(text)))), [a, undefined, c, d]);
    await store.write(sha256("e".repeat(3001)), "e".repeat(3001));
    equal(await store.read(sha256("e".repeat(3001))), undefined);
    deepEqual(readdirSync(root).length, 4);
  });

  it("lies where the system keeps caches", () => {
    equal(scriptCache({ XDG_CACHE_HOME: "/x/cache" }), path.join("/x/cache", "pipewarden", "scripts"));
    match(scriptCache({ XDG_CACHE_HOME: "relative" }), /pipewarden.scripts$/u);
    equal(scriptCache({ XDG_CACHE_HOME: "relative" }), scriptCache({}));
  });

  it("gets every script that is answered, archives left out", async () => {
    const kept: string[] = [];
    const resolver: Resolver = {
      resolve: async (question) => {
        const text = question.kind === "scriptHash" && question.url.endsWith(".sh") ? TEXT : "";
        return { kind: "scriptHash", sha256: sha256(TEXT), finalUrl: "", text };
      },
    };
    const store = { read: async () => undefined, write: async (hash: string) => void kept.push(hash) };
    for (const url of ["https://example.com/a.sh", "https://example.com/a.tar.gz"])
      await keepingScripts(resolver, store).resolve({ kind: "scriptHash", url });
    deepEqual(kept, [sha256(TEXT)]);
  });
});
