import type { CodeAction } from "vscode-languageserver";
import type { Finding } from "../core/index.ts";
import { pinAll } from "../pins/pin-all.ts";
import { Refusal, type Resolver } from "../resolvers/resolver.ts";
import { analyzeSource } from "./analysis.ts";
import { toWorkspaceEdit } from "./convert.ts";
import type { Source } from "./source.ts";

/** The kind of the action that heals what can be healed offline. Editors can run it whenever a file is saved. */
export const FIX_ALL = "source.fixAll.pipewarden";

/**
 * One edit that applies the first fix of every finding of a CI file that needs nothing from outside and changes no other file, one after the
 * other until none is left; `undefined` where there is nothing to do. What a baseline accepts stays as it is. Asks no network.
 */
export async function fixAllAction(source: Source, documentChanges: boolean): Promise<CodeAction | undefined> {
  const { file, context, settings, uri, isExcluded } = source;
  const shown = new Set(analyzeSource(source).findings.map(nameOf));
  const accept = (finding: Finding) => shown.has(nameOf(finding)) && isOfflineFix(finding, file.path);
  const target = { file, context, settings, resolver: NOBODY, identify: (path: string) => path, isExcluded };
  const { files } = await pinAll([target], { accept });
  const changes = files.filter(({ path }) => path === file.path).flatMap((each) => each.changes);
  if (changes.length === 0) return undefined;
  const edit = toWorkspaceEdit(changes, source, documentChanges);
  return { title: "Fix what needs no network", kind: FIX_ALL, edit, data: { uri } };
}

function isOfflineFix({ path, fixes: [first] }: Finding, own: string): boolean {
  if (path !== own || first === undefined || !("edits" in first)) return false;
  return first.edits.every((edit) => "span" in edit && (edit.path ?? own) === own);
}

/** A finding whatever place other fixes move it to. */
function nameOf({ rule, message }: Finding): string {
  return `${rule.id} ${message.replace(/\d+/g, "0")}`;
}

const NOBODY: Resolver = {
  resolve: () => Promise.reject(new Refusal("invalid", "Nobody is asked by fixes that need no network.")),
};
