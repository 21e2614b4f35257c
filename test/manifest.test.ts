import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
const { commands, menus, walkthroughs } = manifest.contributes;
const contributed: readonly string[] = commands.map(({ command }: { command: string }) => command);

/** Commands that code actions, hovers and lists run with arguments of their own: nobody could type these into the palette. */
const INTERNAL = ["pipewarden.applyFix", "pipewarden.updatePin"];

/** Source texts of a folder, at any depth. */
function sources(folder: string): readonly string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(path.join(root, folder, name), "utf8"));
}

describe("the extension's manifest", () => {
  it("lists in the palette exactly the commands that the client and the server register", () => {
    const client = sources("client").flatMap((text) =>
      [...text.matchAll(/registerCommand\(\s*"(pipewarden\.\w+)"/g)].map(([, id = ""]) => id),
    );
    const server = sources("server/lsp").flatMap((text) =>
      [...text.matchAll(/export const [A-Z_]+ = "(pipewarden\.\w+)"/g)].map(([, id = ""]) => id),
    );
    const registered = [...client, ...server].filter((id) => !INTERNAL.includes(id)).sort();
    assert.deepEqual([...contributed].sort(), registered);
  });

  it("names every command in title case, under one category", () => {
    for (const { title, category } of commands) {
      assert.equal(category, "Pipewarden", title);
      assert.match(title, /^[A-Z]/);
      for (const word of title.split(" ")) assert.match(word, /^(?:[A-Z].*|a|the|in|into|of)$/, title);
    }
  });

  it("shows a command in the palette where it can do something, and mentions none that is not there", () => {
    for (const { command } of menus.commandPalette) assert.ok(contributed.includes(command), command);
    const always = contributed.filter(
      (id) => !menus.commandPalette.some(({ command }: { command: string }) => command === id),
    );
    assert.deepEqual(always.sort(), [
      "pipewarden.openSample",
      "pipewarden.openSettings",
      "pipewarden.restart",
      "pipewarden.showOutput",
    ]);
  });

  it("has a walkthrough of four steps, each with a picture for light and dark, a text for it, and a way to be done", () => {
    assert.equal(walkthroughs.length, 1);
    const [{ steps }] = walkthroughs;
    assert.equal(steps.length, 4);
    for (const { id, description, media, completionEvents } of steps) {
      for (const file of Object.values(media.image))
        assert.ok(existsSync(path.join(root, String(file))), `${id}: ${file}`);
      assert.ok(media.altText.length > 20, id);
      const links = [...description.matchAll(/\]\(command:([\w.]+)\)/g)].map(([, command = ""]) => command);
      assert.ok(links.length > 0, id);
      for (const command of links) {
        assert.ok(command.startsWith("workbench.") || contributed.includes(command), command);
        assert.ok(completionEvents.includes(`onCommand:${command}`), `${id} is done by ${command}`);
      }
    }
  });

  it("says what works without trust and in virtual workspaces", () => {
    const { untrustedWorkspaces, virtualWorkspaces } = manifest.capabilities;
    assert.deepEqual([untrustedWorkspaces.supported, virtualWorkspaces.supported], ["limited", "limited"]);
    assert.match(untrustedWorkspaces.description, /nothing of the workspace is ever run/);
    assert.match(virtualWorkspaces.description, /not open/);
  });

  it("explains itself without colours and pictures", () => {
    const texts = JSON.stringify(manifest.contributes);
    assert.doesNotMatch(texts, /\p{Extended_Pictographic}/u);
  });
});
