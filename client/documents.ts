import { type DocumentSelector, type TextDocument, workspace } from "vscode";

/** Languages of the files that a pipeline may run. The server looks at such a document only where a pipeline does run it. */
const SCRIPTS = ["shellscript", "powershell", "bat", "makefile", "dockerfile"];

const YAML = ["yaml", "github-actions-workflow", "azure-pipelines"];

/** Kinds of documents, as an editor and the protocol name them. */
export type Filter = { readonly scheme: string } & ({ readonly language: string } | { readonly pattern: string });

/**
 * Documents by language, and by name for those that another extension has given a language of its own. Documents of other schemes,
 * such as the old side of a comparison, are copies of these.
 *
 * @param schemes virtual file systems beside the usual ones
 */
export function documentsOf(schemes: ReadonlySet<string>): (Filter & { language?: string; pattern?: string })[] {
  return [
    ...["file", "untitled", "vscode-vfs", ...schemes].flatMap((scheme) => [
      ...YAML.map((language) => ({ scheme, language })),
      { scheme, pattern: "**/*.{yml,yaml}" },
    ]),
    ...SCRIPTS.map((language) => ({ scheme: "file", language })),
    { scheme: "file", language: "json", pattern: "**/package.json" },
    { scheme: "file", language: "jsonc", pattern: "**/package.json" },
  ];
}

/** The same for VS Code's own calls. */
export function selectorOf(schemes: ReadonlySet<string>): DocumentSelector {
  return documentsOf(schemes);
}

/**
 * The scheme of a document that lies in a virtual file system which nobody knew of before, and that may be a pipeline; `undefined` for
 * all others. Read-only systems hold copies, such as an older version of a file, and VS Code's own ones its settings.
 */
export function newScheme(
  { uri: { scheme }, languageId }: TextDocument,
  known: ReadonlySet<string>,
): string | undefined {
  const isUsual = ["file", "untitled", "vscode-vfs"].includes(scheme) || scheme.startsWith("vscode-");
  const isFile = workspace.fs.isWritableFileSystem(scheme) === true;
  return !isUsual && isFile && !known.has(scheme) && YAML.includes(languageId) ? scheme : undefined;
}

/** True where a folder of the workspace lies on no disk that the server could read. */
export function isVirtualWorkspace(): boolean {
  return workspace.workspaceFolders?.some(({ uri }) => uri.scheme !== "file") === true;
}
