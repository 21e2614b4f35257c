import type { Region } from "./lines.ts";
import { type Report, type Result, reachedOf, shownPath } from "./report.ts";

/**
 * The report for a script: one JSON object. Lines and columns count from 1 in UTF-16 units, ends are exclusive; paths are from `base`
 * with forward slashes.
 */
export function toJson(report: Report, version: string): string {
  const place = (file: string, region: Region) => ({ path: shownPath(report, file), region });
  const findingOf = ({ rule, severity, message, file, region, fingerprint, ...result }: Result) => ({
    rule: rule.id,
    severity,
    message,
    ...place(file, region),
    related: result.related.map((each) => ({ message: each.message, ...place(each.file, each.region) })),
    reach: result.reach?.map((secret) => reachedOf(report, secret)),
    reachLater: result.reachLater?.map((secret) => reachedOf(report, secret)),
    fixes: result.fixes.map(({ title, changes }) => ({
      title,
      changes: changes.map((change) => ({
        path: shownPath(report, change.file),
        region: change.region,
        text: change.text,
      })),
    })),
    fingerprint,
  });
  const document = {
    version,
    base: report.base,
    ciFiles: report.ciFiles,
    findings: report.results.map(findingOf),
    suppressed: report.suppressed.map(({ by, reason, ...result }) => ({ ...findingOf(result), by, reason })),
    gone: report.gone,
    notices: report.notices.map(({ file, ...notice }) => ({ path: shownPath(report, file), ...notice })),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
