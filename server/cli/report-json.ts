import type { Region } from "./lines.ts";
import { type Report, type Result, shownPath } from "./report.ts";

/**
 * The report for a script: one JSON object. Lines and columns count from 1 in UTF-16 units, ends are exclusive; paths are from `base`
 * with forward slashes.
 */
export function toJson(report: Report, version: string): string {
  const place = (file: string, region: Region) => ({ path: shownPath(report, file), region });
  const findingOf = ({ rule, severity, message, file, region, related, reach, fixes, fingerprint }: Result) => ({
    rule: rule.id,
    severity,
    message,
    ...place(file, region),
    related: related.map((each) => ({ message: each.message, ...place(each.file, each.region) })),
    reach: reach?.map((secret) => ({
      name: secret.name,
      kind: secret.kind,
      scope: secret.scope,
      level: secret.level,
      path: shownPath(report, secret.file),
      region: secret.region,
    })),
    fixes: fixes.map(({ title, changes }) => ({
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
    suppressed: report.suppressed.map(({ reason, ...result }) => ({ ...findingOf(result), reason })),
    notices: report.notices.map(({ file, ...notice }) => ({ path: shownPath(report, file), ...notice })),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
