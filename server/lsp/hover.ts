import { type Hover, type HoverParams, MarkupKind } from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { type Finding, type HoverSubject, hoverMarkdown, type Span, subjectsAt } from "../core/index.ts";
import { analyzeSource } from "./analysis.ts";
import { toRange } from "./convert.ts";
import type { Session } from "./server.ts";
import { hoverOnSetting } from "./settings-file.ts";
import { uriKey } from "./uri.ts";
import { VERIFY_PINS } from "./verify-pins.ts";

/** Explains what is under the cursor, in CI files and in the files that they run. Nobody is asked: what is said of pins was heard before. */
export function serveHover(session: Session): void {
  const { connection, guard } = session;
  connection.onHover((params) =>
    guard("explain what is under the cursor", null, async () => {
      const setting = hoverOnSetting(params, session);
      return setting === undefined ? hoverOnCode(params, session) : setting;
    }),
  );
}

/** So many pipelines are asked about a file that they run. */
const MOST_PIPELINES = 20;

async function hoverOnCode({ textDocument: { uri }, position }: HoverParams, session: Session): Promise<Hover | null> {
  const { sources, scan, client, pinMemory } = session;
  const own = (await sources.mayBePipeline(uri)) ? [uri] : [];
  const others = [...new Set([...scan.reporters(uri), ...scan.readers(uri)])];
  const pipelines = [...own, ...others.filter((each) => uriKey(each) !== uriKey(uri)).slice(0, MOST_PIPELINES)];
  const subjects: HoverSubject[] = [];
  const findings: Finding[] = [];
  const place: { document: TextDocument | undefined } = { document: undefined };
  for (const pipeline of pipelines) {
    const source = await sources.find(pipeline);
    const path = source?.pathOf(uri);
    const document = path === undefined ? undefined : source?.documentAt(path);
    if (source === undefined || path === undefined || document === undefined || source.isExcluded(path)) continue;
    place.document ??= document;
    if (document.getText() !== place.document.getText()) continue;
    const offset = document.offsetAt(position);
    subjects.push(...subjectsAt(source.file, source.context, { path, offset }));
    findings.push(...findingsAt(analyzeSource(source).findings, path, offset));
  }
  if (place.document === undefined) return null;
  await pinMemory.loaded();
  const value = hoverMarkdown(subjects, findings, {
    recall: pinMemory.recall,
    showsMessages: client.hover.showsMessages,
    ...(client.hover.commandLinks && { checkNow: verifyLink(uri) }),
  });
  const span = (subjects[0] ?? findings[0])?.span;
  if (value === undefined || span === undefined) return null;
  return { contents: { kind: MarkupKind.Markdown, value }, range: toRange(span, place.document) };
}

/** The findings at an offset, the narrowest first. */
function findingsAt(findings: readonly Finding[], path: string, offset: number): readonly Finding[] {
  const length = ({ start, end }: Span) => end - start;
  return findings
    .filter((finding) => finding.path === path && finding.span.start <= offset && offset <= finding.span.end)
    .toSorted((a, b) => length(a.span) - length(b.span));
}

/** The command as an address. No bracket is left in it that could end a link. */
function verifyLink(uri: string): string {
  const argument = encodeURIComponent(JSON.stringify([uri])).replace(/[()]/g, (bracket) =>
    bracket === "(" ? "%28" : "%29",
  );
  return `command:${VERIFY_PINS}?${argument}`;
}
