import { createHash } from "node:crypto";
import path from "node:path";
import {
  analyze,
  type Edit,
  type Finding,
  type Fix,
  type ReachedSecret,
  type SuppressedFinding,
} from "../core/index.ts";
import { type FileRequest, NO_CI_FILE, type ReadFile, walk } from "./files.ts";
import { type Region, regionsOf } from "./lines.ts";
import {
  type Change,
  distinct,
  grouped,
  type Notice,
  type ReachedAt,
  type Report,
  type Result,
  SEVERITIES,
} from "./report.ts";

/** Reads and analyses the files of a request. Never rejects for what it meets in the file system. */
export async function scan(request: FileRequest): Promise<Report> {
  const notices: Notice[] = [];
  const { base, files } = walk(request, notices);
  const desk = createDesk(notices);
  for await (const file of files) desk.analyze(file);
  const results = withFingerprints(inOrder(desk.drafts()));
  return {
    base,
    ciFiles: desk.ciFiles(),
    results: results.flatMap(({ silenced, ...result }) => (silenced === undefined ? [result] : [])),
    suppressed: results.flatMap(({ silenced, ...result }) =>
      silenced === undefined ? [] : [{ ...result, ...silenced }],
    ),
    notices,
  };
}

/** A result before equal ones are numbered. */
type Draft = Omit<Result, "fingerprint"> & {
  readonly identity: string;
  /** By whom and why it is not to be shown; absent where it is. */
  readonly silenced?: Omit<SuppressedFinding, "finding">;
};

interface Desk {
  analyze(read: ReadFile): void;
  ciFiles(): number;
  drafts(): readonly Draft[];
}

/** Analyses files one by one and collects what is found. */
function createDesk(notices: Notice[]): Desk {
  const drafts = new Map<string, Draft>();
  const claimed = new Set<string>();
  return {
    ciFiles: () => claimed.size,
    drafts: () => [...drafts.values()],
    analyze: ({ file, isNamed, root, path: own, text, context, configuration, isLeftOut }) => {
      try {
        const { system, findings, suppressed } = analyze({ path: own, text }, context, configuration.settings);
        if (system !== undefined) claimed.add(file);
        else if (isNamed) notices.push({ file, message: NO_CI_FILE, failure: false });
        const textAt = (other: string) => (other === own ? text : context.read(other));
        const isWanted = ({ path: at }: Finding) =>
          at === own || !(configuration.excludes(at) || isLeftOut(path.join(root, at)));
        const silenced = new Map(suppressed.map(({ finding, ...how }) => [finding, how]));
        for (const draft of draftsOf([...findings, ...silenced.keys()].filter(isWanted), silenced, root, own, textAt)) {
          const key = JSON.stringify([draft.rule.id, draft.file, draft.region.charOffset, draft.region.charLength]);
          const known = drafts.get(key);
          drafts.set(key, known === undefined ? draft : together(known, draft));
        }
      } catch (error) {
        const cause = error instanceof Error ? error.message : String(error);
        notices.push({
          file,
          message: `Could not be analysed, which is a mistake in Pipewarden: ${cause}`,
          failure: true,
        });
      }
    },
  };
}

/** Findings with their places in lines and columns; `own` is the analysed file's path in the repository. */
function draftsOf(
  findings: readonly Finding[],
  silenced: ReadonlyMap<Finding, Omit<SuppressedFinding, "finding">>,
  root: string,
  own: string,
  textAt: (file: string) => string | undefined,
): readonly Draft[] {
  const tables = new Map<string, ReturnType<typeof regionsOf>>();
  const regions = (file: string) => {
    const table = tables.get(file) ?? regionsOf(textAt(file) ?? "");
    tables.set(file, table);
    return table;
  };
  const absolute = (file: string) => path.join(root, file);
  const placed = ({ path: granting = own, ...secret }: ReachedSecret): ReachedAt => ({
    ...secret,
    file: absolute(granting),
    region: secret.span && regions(granting)(secret.span),
  });
  return findings.map((finding) => ({
    rule: finding.rule,
    severity: finding.severity,
    message: finding.message,
    file: absolute(finding.path),
    region: regions(finding.path)(finding.span),
    related: finding.related.map(({ path: file = own, span, message }) => ({
      file: absolute(file),
      region: regions(file)(span),
      message,
    })),
    reach: finding.reach?.map(placed),
    reachLater: finding.reachLater?.map(placed),
    fixes: finding.fixes.flatMap((fix) => offlineFix(fix, (edit) => changeOf(edit, own, absolute, regions))),
    identity: JSON.stringify([
      finding.rule.id,
      finding.path,
      (textAt(finding.path) ?? "").slice(finding.span.start, finding.span.end).replace(/\s+/g, " "),
    ]),
    ...silencedBy(silenced.get(finding)),
  }));
}

function silencedBy(how: Draft["silenced"]): Pick<Draft, "silenced"> {
  return how === undefined ? {} : { silenced: how };
}

/** What two CI files bring to one place of a script that both run: the gravest of it, with the related places and the secrets of both. */
function together(a: Draft, b: Draft): Draft {
  const [grave, mild] = gravity(a) <= gravity(b) ? [a, b] : [b, a];
  const reach = both(grave.reach, mild.reach);
  const names = new Set(reach?.map(({ name }) => name));
  return {
    ...grave,
    related: distinct([...grave.related, ...mild.related]),
    reach,
    reachLater: both(grave.reachLater, mild.reachLater)?.filter(({ name }) => !names.has(name)),
  };
}

function both(a: Draft["reach"], b: Draft["reach"]): Draft["reach"] {
  return a && b ? distinct([...a, ...b]) : (a ?? b);
}

function gravity({ severity }: Draft): number {
  return SEVERITIES.indexOf(severity);
}

/** Results of one file stand together, although several CI files may have brought them. */
function inOrder(drafts: readonly Draft[]): readonly Draft[] {
  return [...grouped(drafts, ({ file }) => file).values()].flatMap((group) =>
    group.toSorted(({ region: a }, { region: b }) => a.charOffset - b.charOffset || a.charLength - b.charLength),
  );
}

function offlineFix(fix: Fix, change: (edit: Edit) => Change): Result["fixes"] {
  return "edits" in fix ? [{ title: fix.title, changes: fix.edits.map(change) }] : [];
}

function changeOf(
  edit: Edit,
  own: string,
  absolute: (file: string) => string,
  regions: (file: string) => (span: Finding["span"]) => Region,
): Change {
  if ("create" in edit) return { file: absolute(edit.path), region: undefined, text: edit.create };
  const file = edit.path ?? own;
  return { file: absolute(file), region: regions(file)(edit.span), text: edit.text };
}

/** Equal findings of a file are told apart by their order, so that a finding keeps its fingerprint when lines move. */
function withFingerprints(drafts: readonly Draft[]): readonly (Result & Pick<Draft, "silenced">)[] {
  const counts = new Map<string, number>();
  return drafts.map(({ identity, ...result }) => {
    const count = counts.get(identity) ?? 0;
    counts.set(identity, count + 1);
    return { ...result, fingerprint: createHash("sha256").update(`${identity}#${count}`).digest("hex") };
  });
}
