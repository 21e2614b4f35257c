import { type Accepted, fingerprintsOf, writeBaseline } from "../baseline/baseline.ts";
import { analyze } from "../core/index.ts";
import { baselinePath, textAt } from "./analysis.ts";
import type { Session } from "./server.ts";
import { everywhere } from "./targets.ts";

/** Request of the client for the baselines as they would be today. It has no parameters and returns {@link BaselineFile}s. */
export const BASELINES = "pipewarden/baselines";

/** The file that accepts everything that is found in a repository now. The client writes it. */
export interface BaselineFile {
  readonly uri: string;
  readonly text: string;
  /** How many findings it accepts. */
  readonly count: number;
}

/** The baselines of all repositories in the workspace, as they would be if everything were accepted now. */
export async function todaysBaselines(session: Session): Promise<readonly BaselineFile[]> {
  const files = new Map<string, Map<string, Accepted>>();
  for await (const uri of everywhere(session)) {
    const source = await session.sources.find(uri);
    const path = source && baselinePath(source);
    if (source === undefined || path === undefined) continue;
    const analysis = analyze(source.file, source.context, source.settings);
    if (analysis.system === undefined) continue;
    const file = source.uriOf(path);
    const accepted = files.get(file) ?? new Map<string, Accepted>();
    files.set(file, accepted);
    const shown = new Set(analysis.findings);
    for (const [finding, fingerprint] of fingerprintsOf(analysis, textAt(source))) {
      if (!shown.has(finding) || source.isExcluded(finding.path)) continue;
      accepted.set(fingerprint, { path: finding.path, rule: finding.rule.id, fingerprint });
    }
  }
  return [...files].map(([uri, accepted]) => {
    return { uri, text: writeBaseline([...accepted.values()]), count: accepted.size };
  });
}
