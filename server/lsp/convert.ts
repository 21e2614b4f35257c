import type {
  CreateFile,
  Diagnostic,
  DiagnosticRelatedInformation,
  DiagnosticSeverity,
  Position,
  Range,
  TextDocumentEdit,
  TextEdit,
  WorkspaceEdit,
} from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import {
  type Edit,
  type Finding,
  pageOf,
  type ReachedSecret,
  type Related,
  type Severity,
  type Span,
} from "../core/index.ts";
import type { Source } from "./source.ts";

// The only file of the server with lines and columns.

/** The protocol's own numbers, so that the threads that look at files need not load the protocol for four names. */
export const SEVERITIES: { readonly [S in Severity]: DiagnosticSeverity } = {
  error: 1,
  warning: 2,
  information: 3,
  hint: 4,
};

/** A finding as an editor shows it in the document that it lies in. */
export function toDiagnostic(finding: Finding, document: TextDocument, source: Source): Diagnostic {
  return {
    range: toRange(finding.span, document),
    severity: SEVERITIES[finding.severity],
    source: "pipewarden",
    code: finding.rule.id,
    codeDescription: { href: pageOf(finding.rule) },
    message: finding.message,
    relatedInformation: relatedTo(finding).flatMap((related) => toRelated(related, source)),
    data: { rule: finding.rule.id },
  };
}

/**
 * The diagnostics of one file from several analyses, by place. What two of them say about one place is one diagnostic: the gravest, with
 * the related places of all.
 */
export function mergeDiagnostics(groups: readonly (readonly Diagnostic[])[]): Diagnostic[] {
  const [first = [], ...others] = groups.filter((group) => group.length > 0);
  if (others.length === 0) return [...first];
  const merged = new Map<string, Diagnostic>();
  for (const diagnostic of [first, ...others].flat()) {
    const key = JSON.stringify([diagnostic.code, diagnostic.range]);
    const known = merged.get(key);
    merged.set(key, known === undefined ? diagnostic : joined(known, diagnostic));
  }
  return [...merged.values()].sort(byPlace);
}

/** Lines and UTF-16 columns of a span. */
export function toRange(span: Span, document: TextDocument): Range {
  return { start: document.positionAt(span.start), end: document.positionAt(span.end) };
}

/** The span of a range; places outside of the text are moved to its border. */
export function toSpan(range: Range, document: TextDocument): Span {
  return { start: document.offsetAt(range.start), end: document.offsetAt(range.end) };
}

/**
 * Edits as one change of the workspace, tied to the versions that the source was taken from. Clients that know no
 * `documentChanges` get the bare edits.
 */
export function toWorkspaceEdit(edits: readonly Edit[], source: Source, documentChanges: boolean): WorkspaceEdit {
  const creations = edits.flatMap((edit) => ("create" in edit ? toCreation(edit.path, edit.create, source) : []));
  const changes = [...groupByPath(edits, source.file.path)].flatMap(([path, group]) => toChange(path, group, source));
  if (documentChanges) return { documentChanges: [...creations, ...changes] };
  return {
    changes: Object.fromEntries(changes.map(({ textDocument, edits }) => [textDocument.uri, edits as TextEdit[]])),
  };
}

function joined(a: Diagnostic, b: Diagnostic): Diagnostic {
  const [grave, mild] = severityOf(a) <= severityOf(b) ? [a, b] : [b, a];
  const related = [...(grave.relatedInformation ?? []), ...(mild.relatedInformation ?? [])];
  const distinct = new Map(related.map((place) => [JSON.stringify(place), place]));
  return { ...grave, relatedInformation: [...distinct.values()] };
}

function severityOf({ severity = SEVERITIES.error }: Diagnostic): number {
  return severity;
}

function byPlace({ range: a }: Diagnostic, { range: b }: Diagnostic): number {
  return comparePositions(a.start, b.start) || comparePositions(a.end, b.end);
}

function comparePositions(a: Position, b: Position): number {
  return a.line - b.line || a.character - b.character;
}

/** What a finding points to: the places that the rule names, and each secret in reach with the line that grants it. */
function relatedTo({ related, reach = [], span, path }: Finding): readonly Related[] {
  const secrets = reach.map(({ path: granting, ...secret }) => {
    const message = reachMessage(secret);
    if (secret.span === undefined) return { path, span, message };
    return { span: secret.span, message, ...(granting === undefined ? {} : { path: granting }) };
  });
  const isSaid = (place: Related) =>
    reach.some((secret) => secret.path === place.path && secret.span?.start === place.span.start);
  return [...related.filter((place) => !isSaid(place)), ...secrets];
}

/** A place without a path lies in the analysed file. */
function toRelated({ message, span, path }: Related, source: Source): DiagnosticRelatedInformation[] {
  const document = source.documentAt(path ?? source.file.path);
  return document === undefined ? [] : [{ location: { uri: document.uri, range: toRange(span, document) }, message }];
}

function reachMessage({ name, scope, span }: ReachedSecret): string {
  const grant = span === undefined ? `which the CI system hands to ${scope}` : `granted by ${scope}`;
  return `The code that runs here can read ${name}, ${grant}.`;
}

function toCreation(path: string, text: string, source: Source): (CreateFile | TextDocumentEdit)[] {
  const uri = source.uriOf(path);
  const start = { line: 0, character: 0 };
  return [
    { kind: "create", uri },
    { textDocument: { uri, version: null }, edits: [{ range: { start, end: start }, newText: text }] },
  ];
}

type Replacement = Extract<Edit, { span: Span }>;

/** Edits without a path are those of the analysed file. */
function groupByPath(edits: readonly Edit[], own: string): ReadonlyMap<string, readonly Replacement[]> {
  const groups = new Map<string, Replacement[]>();
  for (const edit of edits) {
    const path = edit.path ?? own;
    if ("span" in edit) groups.set(path, [...(groups.get(path) ?? []), edit]);
  }
  return groups;
}

function toChange(path: string, edits: readonly Replacement[], source: Source): TextDocumentEdit[] {
  const document = source.documentAt(path);
  if (document === undefined) return [];
  return [
    {
      textDocument: { uri: document.uri, version: source.versionOf(document.uri) },
      edits: edits.map(({ span, text }) => ({ range: toRange(span, document), newText: text })),
    },
  ];
}
