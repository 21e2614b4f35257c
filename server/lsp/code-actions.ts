import { type CodeAction, CodeActionKind, type CodeActionParams, type Diagnostic } from "vscode-languageserver";
import { type EditFix, type Finding, type Fix, type Span, silencingFixes } from "../core/index.ts";
import { isPinnable } from "../pins/pin-all.ts";
import { analyzeSource } from "./analysis.ts";
import { APPLY_FIX, type FixCommand, stampOf } from "./apply-fix.ts";
import { mergeDiagnostics, toDiagnostic, toSpan, toWorkspaceEdit } from "./convert.ts";
import { PIN_FILE } from "./pin-everything.ts";
import type { Source } from "./source.ts";

/**
 * The fixes of every finding that the asked range touches. A fix that knows its edits carries them, tied to the version; a fix
 * that has to ask carries a command. Nothing is asked here: editors list fixes when the mouse merely rests on a line.
 *
 * @param sources the CI files that may have findings in the document: itself, and those that run it
 */
export function listFixes(
  params: CodeActionParams,
  sources: readonly Source[],
  documentChanges: boolean,
): CodeAction[] {
  const { only } = params.context;
  if (only !== undefined && !only.some((kind) => isPartOf(CodeActionKind.QuickFix, kind))) return [];
  const found = sources.flatMap((source) => findingsIn(params, source));
  const here = found.filter(({ isAsked }) => isAsked);
  const groups = [...groupedByPlace(here).values()];
  return [
    ...groups.flatMap((group) => actionsOf(group, documentChanges)),
    ...pinAllAction(params.textDocument.uri, found, here),
    ...groups.flatMap((group) => silencingActions(group, documentChanges)),
  ];
}

/** A finding in the document with the CI file whose analysis found it. */
interface Found {
  readonly source: Source;
  readonly finding: Finding;
  readonly diagnostic: Diagnostic;
  /** True where the asked range touches it. */
  readonly isAsked: boolean;
}

function findingsIn({ textDocument, range }: CodeActionParams, source: Source): readonly Found[] {
  const path = source.pathOf(textDocument.uri);
  const document = path === undefined ? undefined : source.documentAt(path);
  if (path === undefined || document === undefined || source.isExcluded(path)) return [];
  const asked = toSpan(range, document);
  return analyzeSource(source)
    .findings.filter((finding) => finding.path === path)
    .map((finding) => {
      const isAsked = touches(finding.span, asked);
      return { source, finding, diagnostic: toDiagnostic(finding, document, source), isAsked };
    });
}

/** Beside something that can be pinned, where it is not the only one of the document: everything at once. */
function pinAllAction(uri: string, found: readonly Found[], here: readonly Found[]): readonly CodeAction[] {
  const all = groupedByPlace(found.filter(canBePinned)).size;
  const own = here.filter(canBePinned);
  if (all < 2 || own.length === 0) return [];
  const title = `Pin all ${all} references in this file`;
  const diagnostics = mergeDiagnostics(own.map(({ diagnostic }) => [diagnostic]));
  const command = { title, command: PIN_FILE, arguments: [uri] };
  return [{ title, kind: CodeActionKind.QuickFix, diagnostics, command }];
}

function canBePinned({ finding }: Found): boolean {
  return finding.fixes.length > 0 && isPinnable(finding);
}

function touches(a: Span, b: Span): boolean {
  return a.start <= b.end && b.start <= a.end;
}

function groupedByPlace(found: readonly Found[]): ReadonlyMap<string, readonly Found[]> {
  const groups = new Map<string, Found[]>();
  for (const each of found) {
    const { rule, span } = each.finding;
    const key = `${rule.id}:${span.start}:${span.end}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return groups;
}

/** The fixes of one finding. Where several CI files have it, each title is offered once. */
function actionsOf(group: readonly Found[], documentChanges: boolean): readonly CodeAction[] {
  const diagnostics = mergeDiagnostics(group.map(({ diagnostic }) => [diagnostic]));
  const actions = group.flatMap(({ source, finding }) =>
    finding.fixes.map((fix, index) => ({
      title: fix.title,
      kind: CodeActionKind.QuickFix,
      diagnostics,
      ...effectOf(fix, index, finding, source, documentChanges),
    })),
  );
  const distinct = [...new Map(actions.toReversed().map((action) => [action.title, action])).values()].reverse();
  return distinct.map((action, index) => ({ ...action, isPreferred: index === 0 }));
}

/** Comments that silence a finding. They come last and are never preferred: they heal nothing. */
function silencingActions(group: readonly Found[], documentChanges: boolean): readonly CodeAction[] {
  const [first] = group;
  if (first === undefined) return [];
  const { source, finding } = first;
  const diagnostics = mergeDiagnostics(group.map(({ diagnostic }) => [diagnostic]));
  const toAction = ({ title, edits }: EditFix): CodeAction => ({
    title,
    kind: CodeActionKind.QuickFix,
    diagnostics,
    edit: toWorkspaceEdit(edits, source, documentChanges),
  });
  return silencingFixes(source.file, finding, source.context, source.settings).map(toAction);
}

function effectOf(
  fix: Fix,
  index: number,
  { rule, path, span }: Finding,
  source: Source,
  documentChanges: boolean,
): Pick<CodeAction, "edit" | "command"> {
  if ("edits" in fix) return { edit: toWorkspaceEdit(fix.edits, source, documentChanges) };
  const [pipeline, file] = [stampOf(source, source.file.path), stampOf(source, path)];
  if (pipeline === undefined || file === undefined) return {};
  const command: FixCommand = { pipeline, file, rule: rule.id, span, fix: index };
  return { command: { title: fix.title, command: APPLY_FIX, arguments: [command] } };
}

/** Kinds form a tree: "quickfix.pin" is part of "quickfix", and everything is part of "". */
export function isPartOf(kind: string, whole: string): boolean {
  return whole === "" || kind === whole || kind.startsWith(`${whole}.`);
}
