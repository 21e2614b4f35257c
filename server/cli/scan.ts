import path from "node:path";
import { identityOf, withFingerprints } from "../baseline/baseline.ts";
import {
  analyze,
  credentialsIn,
  DEFAULT_SETTINGS,
  type Edit,
  type Finding,
  type Fix,
  type ReachedSecret,
  type SuppressedFinding,
} from "../core/index.ts";
import { isWithin } from "../workspace/paths.ts";
import { type Baseline, type BaselineChoice, baselinesOf, type ReadRoot } from "./baseline.ts";
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

/** What to scan, and which findings were accepted before. */
export interface ScanRequest extends FileRequest {
  readonly baseline: BaselineChoice;
  /** True where the baselines are to be written, so that none has to be there. */
  readonly writesBaseline: boolean;
}

/** Reads and analyses the files of a request. Never rejects for what it meets in the file system. */
export async function scan(
  request: ScanRequest,
): Promise<{ readonly report: Report; readonly baselines: readonly Baseline[] }> {
  const notices: Notice[] = [];
  const { base, files } = walk(request, notices);
  const desk = createDesk(notices);
  for await (const file of files) desk.analyze(file);
  const results = [...grouped(inOrder(desk.drafts()), ({ root }) => root).values()].flatMap(withFingerprints);
  const rooted = results.map(({ silenced, ...result }) => ({ ...result, isSilent: silenced !== undefined }));
  const roots = rootsOf(desk.claimed(), request);
  const { baseline, writesBaseline, cwd } = request;
  const baselines = baselinesOf(baseline, cwd, roots, rooted, writesBaseline, notices);
  const known = new Set(baselines.flatMap((each) => [...each.known]));
  const all = results.map(({ identity: _, root: __, silenced, ...result }) => ({
    result,
    silenced: silenced ?? (known.has(result.fingerprint) ? BY_BASELINE : undefined),
  }));
  const report = {
    base,
    ciFiles: desk.claimed().length,
    results: all.flatMap(({ result, silenced }) => (silenced === undefined ? [result] : [])),
    suppressed: all.flatMap(({ result, silenced }) => (silenced === undefined ? [] : [{ ...result, ...silenced }])),
    gone: baselines.flatMap(({ gone }) => gone),
    notices,
  };
  return { report, baselines };
}

const BY_BASELINE = { by: "baseline", reason: "" } as const;

/** The repositories of the CI files. One that lies in a folder that was walked through is read whole. */
function rootsOf(claimed: readonly ReadFile[], { paths, cwd }: FileRequest): ReadonlyMap<string, ReadRoot> {
  const named = (paths.length === 0 ? ["."] : paths).map((each) => path.resolve(cwd, each));
  return new Map(
    [...grouped(claimed, ({ root }) => root)].map(([root, files]) => {
      const isWhole = named.some((each) => isWithin(each, root));
      const { settings } = files[0]?.configuration ?? { settings: DEFAULT_SETTINGS };
      return [root, { settings, paths: new Set(files.map((each) => each.path)), isWhole }];
    }),
  );
}

/** A result before equal ones are numbered. */
type Draft = Omit<Result, "fingerprint"> & {
  readonly identity: string;
  /** Absolute path of the repository's root. */
  readonly root: string;
  /** By whom and why it is not to be shown; absent where it is. */
  readonly silenced?: Omit<SuppressedFinding, "finding">;
};

interface Desk {
  analyze(read: ReadFile): void;
  /** The files that a CI system claimed. */
  claimed(): readonly ReadFile[];
  drafts(): readonly Draft[];
}

/** Analyses files one by one and collects what is found. */
function createDesk(notices: Notice[]): Desk {
  const drafts = new Map<string, Draft>();
  const claimed = new Map<string, ReadFile>();
  return {
    claimed: () => [...claimed.values()],
    drafts: () => [...drafts.values()],
    analyze: (read) => {
      const { file, isNamed, root, path: own, text, context, configuration, isLeftOut } = read;
      try {
        const { system, findings, suppressed } = analyze({ path: own, text }, context, configuration.settings);
        if (system !== undefined) claimed.set(file, read);
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
    identity: identityOf(finding, textAt(finding.path) ?? ""),
    root,
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
  if (!("edits" in fix)) return [];
  const changes = fix.edits.map(change);
  // A report goes to places that the file itself does not: it holds no fix that would carry a credential there.
  return changes.some(({ text }) => credentialsIn(text).length > 0) ? [] : [{ title: fix.title, changes }];
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
