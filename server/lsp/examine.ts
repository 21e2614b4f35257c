import type { Diagnostic } from "vscode-languageserver";
import { type Finding, parseSettings } from "../core/index.ts";
import { analyzeSource } from "./analysis.ts";
import { SEVERITIES, toDiagnostic, toRange } from "./convert.ts";
import { pack } from "./packed.ts";
import type { Part, Report } from "./reports.ts";
import type { Source, Sources } from "./source.ts";
import { uriKey } from "./uri.ts";

/** Analyses a CI file, open or not; `undefined` where it is none, is not wanted, is left out or cannot be read. */
export async function examineFile(
  uri: string,
  sources: Sources,
  isWanted: (isOpen: boolean) => boolean,
): Promise<Report | undefined> {
  if (!(await sources.mayBePipeline(uri))) return undefined;
  const source = await sources.find(uri);
  return source === undefined || !isWanted(source.version !== null) ? undefined : examine(source);
}

function examine(source: Source): Report {
  const settings = settingsDiagnostics(source);
  if (settings.length > 0) {
    const parts = [{ uri: source.uri, version: source.version, items: pack(settings, source.uri) }];
    return { uri: source.uri, parts, asked: [] };
  }
  const { findings, asked, listed } = analyzeSource(source);
  const paths = new Set([source.file.path, ...findings.map(({ path }) => path)]);
  return {
    uri: source.uri,
    parts: [...paths].flatMap((path) => partOf(source, path, findings)),
    asked: [...new Set(asked.map((path) => uriKey(source.uriOf(path))))],
    ...(listed.length > 0 && { lists: { root: source.root, globs: listed } }),
  };
}

function partOf(source: Source, path: string, findings: readonly Finding[]): Part[] {
  const document = source.documentAt(path);
  if (document === undefined || source.isExcluded(path)) return [];
  const own = findings.filter((finding) => finding.path === path);
  const items = pack(
    own.map((finding) => toDiagnostic(finding, document, source)),
    document.uri,
  );
  return [{ uri: document.uri, version: source.versionOf(document.uri), items }];
}

/** What is wrong in a repository's settings file, as an editor shows it; nothing for every other file. */
function settingsDiagnostics({ document, file, isSettings }: Source): readonly Diagnostic[] {
  if (!isSettings) return [];
  return parseSettings(file.text).problems.map(({ span, message }) => ({
    range: toRange(span, document),
    severity: SEVERITIES.warning,
    source: "pipewarden",
    code: "settings",
    message: `${message} The default holds here.`,
  }));
}
