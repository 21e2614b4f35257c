import { type CodeAction, CodeActionKind, type CodeActionParams } from "vscode-languageserver";
import { analyze, type Finding, type Fix } from "../core/index.ts";
import { APPLY_FIX, type FixCommand, fingerprint } from "./apply-fix.ts";
import { toDiagnostic, toSpan, toWorkspaceEdit } from "./convert.ts";
import type { Source } from "./source.ts";

/**
 * The fixes of every finding that the asked range touches. A fix that knows its edits carries them, tied to the version; a fix
 * that has to ask carries a command. Nothing is asked here: editors list fixes when the mouse merely rests on a line.
 */
export function listFixes(params: CodeActionParams, source: Source, documentChanges: boolean): CodeAction[] {
  const { only } = params.context;
  if (only !== undefined && !only.some((kind) => isPartOf(CodeActionKind.QuickFix, kind))) return [];
  const asked = toSpan(params.range, source.document);
  const { findings } = analyze(source.file, source.context, source.settings);
  return findings
    .filter(({ path, span }) => path === source.file.path && span.start <= asked.end && asked.start <= span.end)
    .flatMap((finding) => finding.fixes.map((fix, index) => toAction(finding, fix, index, source, documentChanges)));
}

function toAction(finding: Finding, fix: Fix, index: number, source: Source, documentChanges: boolean): CodeAction {
  const action = {
    title: fix.title,
    kind: CodeActionKind.QuickFix,
    diagnostics: [toDiagnostic(finding, source)],
    isPreferred: index === 0,
  };
  if ("edits" in fix) return { ...action, edit: toWorkspaceEdit(fix.edits, source, documentChanges) };
  const command: FixCommand = {
    uri: source.uri,
    version: source.version,
    fingerprint: fingerprint(source.file.text),
    rule: finding.rule.id,
    span: finding.span,
    fix: index,
  };
  return { ...action, command: { title: fix.title, command: APPLY_FIX, arguments: [command] } };
}

/** Kinds form a tree: "quickfix.pin" is part of "quickfix", and everything is part of "". */
function isPartOf(kind: string, whole: string): boolean {
  return whole === "" || kind === whole || kind.startsWith(`${whole}.`);
}
