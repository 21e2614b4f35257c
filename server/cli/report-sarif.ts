import { pathToFileURL } from "node:url";
import { explain, pageOf, RULES, type Rule, type Severity } from "../core/index.ts";
import type { Region } from "./lines.ts";
import {
  distinct,
  grouped,
  type Notice,
  type Place,
  type Report,
  type Result,
  reachedOf,
  type SuppressedResult,
  uriOf,
} from "./report.ts";

/**
 * The report as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/). `properties.reach` of a result is the list of the names
 * of the secrets that the code could have read, `properties.reachDetails` says where each was granted. `properties.reachLater` and
 * `properties.reachLaterDetails` say the same of what it could take by tampering with what later steps of its job run.
 *
 * @param showsSuppressed true where the results hold what comments silence, with `suppressions` (SARIF 2.1.0, 3.27.23: then every result has
 *   that list). GitHub's code scanning does not know that list and would open an alert for each, so it is no default.
 */
export function toSarif(report: Report, version: string, exitCode: number, showsSuppressed = false): string {
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "Pipewarden", version, semanticVersion: version, rules: RULES.map(ruleOf) } },
        invocations: [
          {
            executionSuccessful: !report.notices.some(({ failure }) => failure),
            exitCode,
            toolExecutionNotifications: report.notices.map((notice) => notificationOf(report, notice)),
          },
        ],
        originalUriBaseIds: { [BASE]: { uri: `${pathToFileURL(report.base).href.replace(/\/$/, "")}/` } },
        columnKind: "utf16CodeUnits",
        newlineSequences: ["\r\n", "\n", "\r"],
        results: showsSuppressed
          ? [
              ...report.results.map((result) => ({ ...resultOf(report, result), suppressions: [] })),
              ...report.suppressed.map((result) => ({
                ...resultOf(report, result),
                suppressions: [suppressionOf(result)],
              })),
            ]
          : report.results.map((result) => resultOf(report, result)),
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

const BASE = "%SRCROOT%";

const LEVELS: { readonly [S in Severity]: "error" | "warning" | "note" } = {
  error: "error",
  warning: "warning",
  information: "note",
  hint: "note",
};

function ruleOf(rule: Rule) {
  return {
    id: rule.id,
    name: rule.id.replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: rule.summary },
    fullDescription: { text: rule.why },
    help: explain(rule),
    helpUri: pageOf(rule),
    defaultConfiguration: { level: LEVELS[rule.severity] },
    properties: { tags: ["security", "supply-chain"] },
  };
}

function resultOf(report: Report, result: Result) {
  return {
    ruleId: result.rule.id,
    ruleIndex: RULES.indexOf(result.rule),
    level: LEVELS[result.severity],
    message: { text: result.message },
    locations: [locationOf(report, result)],
    // The schema forbids equal items in these lists.
    ...(result.related.length > 0 && {
      relatedLocations: distinct(
        result.related.map((related) => ({ ...locationOf(report, related), message: { text: related.message } })),
      ),
    }),
    partialFingerprints: { "pipewarden/v1": result.fingerprint },
    ...(result.fixes.length > 0 && { fixes: distinct(result.fixes.map((fix) => fixOf(report, fix))) }),
    properties: {
      severity: result.severity,
      ...(result.reach && {
        reach: [...new Set(result.reach.map(({ name }) => name))],
        reachDetails: result.reach.map((secret) => reachedOf(report, secret)),
      }),
      ...(result.reachLater && {
        reachLater: [...new Set(result.reachLater.map(({ name }) => name))],
        reachLaterDetails: result.reachLater.map((secret) => reachedOf(report, secret)),
      }),
    },
  };
}

function suppressionOf({ by, reason }: SuppressedResult) {
  return { kind: by === "comment" ? "inSource" : "external", ...(reason !== "" && { justification: reason }) };
}

function locationOf(report: Report, { file, region }: Place) {
  return { physicalLocation: { artifactLocation: artifactOf(report, file), region } };
}

function artifactOf(report: Report, file: string) {
  const { uri, isRelative } = uriOf(report, file);
  return isRelative ? { uri, uriBaseId: BASE } : { uri };
}

/** SARIF has no word for a new file: text put at the start of nothing makes it. */
const START: Region = { startLine: 1, startColumn: 1, endLine: 1, endColumn: 1, charOffset: 0, charLength: 0 };

function fixOf(report: Report, { title, changes }: Result["fixes"][number]) {
  return {
    description: { text: title },
    artifactChanges: [...grouped(changes, ({ file }) => file)].map(([file, group]) => ({
      artifactLocation: artifactOf(report, file),
      replacements: group.map(({ region = START, text }) => ({ deletedRegion: region, insertedContent: { text } })),
    })),
  };
}

function notificationOf(report: Report, { file, line, message, failure }: Notice) {
  const region = line === undefined ? {} : { region: { startLine: line } };
  return {
    level: failure ? "error" : "warning",
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation: artifactOf(report, file), ...region } }],
  };
}
