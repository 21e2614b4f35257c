import {
  type CreateFile,
  type Diagnostic,
  type DiagnosticRelatedInformation,
  DiagnosticSeverity,
  type Range,
  type TextDocumentEdit,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
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

const SEVERITIES: { readonly [S in Severity]: DiagnosticSeverity } = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

/** A finding in the source's own file, as an editor shows it. */
export function toDiagnostic(finding: Finding, source: Source): Diagnostic {
  return {
    range: toRange(finding.span, source.document),
    severity: SEVERITIES[finding.severity],
    source: "pipewarden",
    code: finding.rule.id,
    codeDescription: { href: pageOf(finding.rule) },
    message: finding.message,
    relatedInformation: relatedTo(finding).flatMap((related) => toRelated(related, source)),
    data: { rule: finding.rule.id },
  };
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
  const changes = [...groupByPath(edits)].flatMap(([path, group]) => toChange(path, group, source));
  if (documentChanges) return { documentChanges: [...creations, ...changes] };
  return {
    changes: Object.fromEntries(changes.map(({ textDocument, edits }) => [textDocument.uri, edits as TextEdit[]])),
  };
}

/** What a finding points to: the places that the rule names, and each secret in reach with the line that grants it. */
function relatedTo({ related, reach = [], span }: Finding): readonly Related[] {
  const secrets = reach.map((secret) => ({ span: secret.span ?? span, message: reachMessage(secret) }));
  const isSaid = ({ path, span: { start } }: Related) =>
    path === undefined && reach.some((secret) => secret.span?.start === start);
  return [...related.filter((place) => !isSaid(place)), ...secrets];
}

function toRelated({ message, span, path }: Related, source: Source): DiagnosticRelatedInformation[] {
  const document = documentOf(path, source);
  return document === undefined ? [] : [{ location: { uri: document.uri, range: toRange(span, document) }, message }];
}

/** The document of a path of the repository, the analysed one where no path is given. */
function documentOf(path: string | undefined, source: Source): TextDocument | undefined {
  if (path === undefined || path === source.file.path) return source.document;
  const text = source.context.read(path);
  return text === undefined ? undefined : TextDocument.create(source.uriOf(path), "plaintext", 0, text);
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

function groupByPath(edits: readonly Edit[]): ReadonlyMap<string | undefined, readonly Replacement[]> {
  const groups = new Map<string | undefined, Replacement[]>();
  for (const edit of edits) {
    if ("span" in edit) groups.set(edit.path, [...(groups.get(edit.path) ?? []), edit]);
  }
  return groups;
}

function toChange(path: string | undefined, edits: readonly Replacement[], source: Source): TextDocumentEdit[] {
  const document = documentOf(path, source);
  if (document === undefined) return [];
  const version = document === source.document ? source.version : source.versionOf(document.uri);
  return [
    {
      textDocument: { uri: document.uri, version },
      edits: edits.map(({ span, text }) => ({ range: toRange(span, document), newText: text })),
    },
  ];
}
