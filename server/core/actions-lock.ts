import { Memo } from "./memo.ts";
import { get, items, parseYaml, text, type YamlNode } from "./yaml.ts";

/** Where GitHub's lock file lies, from the repository's root. */
export const LOCK_FILE = ".github/workflows/actions.lock";

/** What the lock file says of an action. */
export interface LockedAction {
  /** The commit that the runner takes, 40 lower-case hex digits. */
  readonly commit: string;
  /** The actions that it runs itself, as `owner/name@ref`, with the commits that they are held to where the file has them. */
  readonly uses: readonly { readonly text: string; readonly commit: string | undefined }[];
}

/**
 * The entry of a lock file for an action of a workflow; `undefined` where the workflow is not listed or the action has no commit. Format:
 * github.com/github/gh-actions-lock, version v0.0.2, which its authors call a preview: what is shaped otherwise is not there.
 *
 * @param lock text of the file
 * @param workflow path of the workflow from the repository's root
 * @param action as the workflow names it, `owner/name@ref`
 */
export function lockedAction(lock: string, workflow: string, action: string): LockedAction | undefined {
  const root = readLock(lock);
  const listed = items(get(get(root, "workflows"), workflow)).map((item) => text(item));
  const dependencies = get(root, "dependencies");
  const entry = get(dependencies, action);
  const commit = commitOf(entry);
  if (commit === undefined || !listed.includes(action)) return undefined;
  const uses = items(get(entry, "uses")).flatMap((item) => text(item) ?? []);
  return { commit, uses: uses.map((each) => ({ text: each, commit: commitOf(get(dependencies, each)) })) };
}

/** What the file says, by its text: each action of each workflow asks. The unit of the weight is one of the text. */
const LOCKS = new Memo<{ readonly root: YamlNode | undefined }>(200_000);

function readLock(text: string): YamlNode | undefined {
  const known = LOCKS.get(text) ?? { root: parseYaml(text).documents[0] };
  LOCKS.set(text, known, text.length);
  return known.root;
}

function commitOf(entry: YamlNode | undefined): string | undefined {
  return /^sha1-([0-9a-f]{40})$/i.exec(text(get(entry, "commit")) ?? "")?.[1]?.toLowerCase();
}
