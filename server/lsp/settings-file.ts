import { CompletionItemKind, type Hover, type HoverParams, MarkupKind } from "vscode-languageserver";
import { completeSettings, explainSetting } from "../core/index.ts";
import { toRange } from "./convert.ts";
import type { Session } from "./server.ts";
import { uriKey } from "./uri.ts";

/** Completes what a person writes in a repository's settings file. Other documents are left to others. */
export function serveSettingsFile({ connection, documents, runtime, guard }: Session): void {
  const documentOf = (uri: string) =>
    isSettingsFile(uri, runtime.files.settingsFile) ? documents.get(uri) : undefined;
  connection.onCompletion(({ textDocument: { uri }, position }) =>
    guard("complete settings", [], async () => {
      const document = documentOf(uri);
      if (document === undefined) return [];
      return completeSettings(document.getText(), document.offsetAt(position)).map(({ word, meaning, span, text }) => ({
        label: word,
        kind: CompletionItemKind.Property,
        documentation: meaning,
        textEdit: { range: toRange(span, document), newText: text },
      }));
    }),
  );
}

/** Explains a key of a repository's settings file; `undefined` for other documents. */
export function hoverOnSetting({ textDocument, position }: HoverParams, session: Session): Hover | null | undefined {
  const { documents, runtime } = session;
  const document = documents.get(textDocument.uri);
  if (document === undefined || !isSettingsFile(textDocument.uri, runtime.files.settingsFile)) return undefined;
  const found = explainSetting(document.getText(), document.offsetAt(position));
  if (found === undefined) return null;
  return { contents: { kind: MarkupKind.Markdown, value: found.markdown }, range: toRange(found.span, document) };
}

function isSettingsFile(uri: string, name: string): boolean {
  return uriKey(uri).endsWith(`/${name}`);
}
