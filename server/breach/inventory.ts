import { type Context, mergedSteps, type Place, type SourceFile, type StepCode, stepCodeOf } from "../core/index.ts";
import { Refusal } from "../resolvers/resolver.ts";

/** A file that may be a CI file. */
export interface CodeFile {
  readonly file: SourceFile;
  readonly context: Context;
  /** Names the repository: what it keeps secret has one name in it. */
  readonly repository: string;
  /** Names a file of the repository by its path from the root: the same name for the same file, from wherever it is asked. */
  identify(path: string): string;
}

/** A place as a report shows it. */
export interface Spot {
  /** What {@link CodeFile.identify} calls the file. */
  readonly id: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

/** A step that can say where its places are. */
export interface LocatedStep extends StepCode {
  readonly repository: string;
  identify(path: string): string;
  spotOf(place: Place): Spot;
}

/** The steps of a workspace with the code that they run. */
export interface Inventory {
  readonly steps: readonly LocatedStep[];
  /** How many files a CI system claimed. */
  readonly ciFiles: number;
}

/** How an inventory is made: when to stop, and who hears of its progress. */
export interface InventoryOptions<F> {
  /** Aborted when the person cancels; the promise then rejects with the refusal "cancelled". */
  readonly signal?: AbortSignal | undefined;
  onProgress?(done: number): void;
  /** Told of each file that no CI system claims. */
  onOther?(file: F): void;
}

/** Collects the code of files one by one, so that whoever asked stays answerable. Asks no network. Rejects where the person cancels. */
export async function takeInventory<F extends CodeFile>(
  files: Iterable<F> | AsyncIterable<F>,
  { signal, onProgress, onOther }: InventoryOptions<F> = {},
): Promise<Inventory> {
  const steps: LocatedStep[] = [];
  // A step that several files bring has the secrets of all within reach, each in its own file.
  const homes = new Map<Place, CodeFile>();
  let [done, ciFiles] = [0, 0];
  for await (const each of files) {
    await new Promise((resolve) => setTimeout(resolve));
    if (signal?.aborted) throw new Refusal("cancelled", "Cancelled.");
    const own = stepCodeOf(each.file, each.context);
    if (own === undefined) onOther?.(each);
    else {
      ciFiles++;
      for (const place of own.flatMap(({ now, later }) => [...now, ...later].flatMap(({ place }) => place ?? [])))
        homes.set(place, each);
      steps.push(...own.map((step) => locate(step, each, homes)));
    }
    onProgress?.(++done);
  }
  return { steps: mergedSteps(steps, (step, path) => step.identify(path)), ciFiles };
}

function locate(step: StepCode, own: CodeFile, homes: ReadonlyMap<Place, CodeFile>): LocatedStep {
  const { repository, identify } = own;
  return {
    ...step,
    repository,
    identify,
    spotOf: (place) => {
      const { path, span } = place;
      const home = homes.get(place) ?? own;
      const text = path === home.file.path ? home.file.text : (home.context.read(path) ?? "");
      const before = text.slice(0, span.start);
      const start = Math.max(before.lastIndexOf("\n"), before.lastIndexOf("\r")) + 1;
      const mark = start === 0 && text.startsWith("\uFEFF") && span.start > 0 ? 1 : 0;
      return {
        id: home.identify(path),
        line: before.split(/\r\n|\r|\n/).length,
        column: span.start - start - mark + 1,
      };
    },
  };
}
