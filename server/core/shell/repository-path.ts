/**
 * The path from the repository's root that a path of a script means, "." for the root itself; `undefined` where it may lie outside of the
 * repository or where a part of it is not known.
 *
 * @param text the path, with the names of unknown values as they are written: `$GITHUB_WORKSPACE/ci/x.sh`
 * @param folder the working directory, in the same notation
 */
export function repositoryPath(text: string, folder: string): string | undefined {
  const { start, rest } = startOf(text, folder);
  if (UNKNOWN.test(rest)) return undefined;
  const base = start === "." || start === "" ? "." : repositoryPath(start, ".");
  if (base === undefined) return undefined;
  const pieces = base === "." ? [] : base.split("/");
  for (const piece of rest.split(/[/\\]/)) {
    if (piece === "" || piece === ".") continue;
    if (piece !== "..") pieces.push(piece);
    else if (pieces.pop() === undefined) return undefined;
  }
  return pieces.join("/") || ".";
}

/** Absolute paths, other variables, globs, addresses: nobody knows which file of the repository that is. */
const UNKNOWN = /^[/\\~]|[$`‹%:*?<>|"\n[]|\{\{/;

/** What a path starts from. A folder's name in a variable must end where the path goes on. */
function startOf(text: string, folder: string): { readonly start: string; readonly rest: string } {
  const [written = "", ...names] = REFERENCE.exec(text) ?? [];
  const name = names
    .find((each) => each !== undefined)
    ?.replace(/^env[.:]/i, "")
    .replaceAll(".", "_")
    .toUpperCase();
  if (name === undefined || !(WORK_TREES.has(name) || WORKING_FOLDERS.has(name))) return { start: folder, rest: text };
  const rest = text.slice(written.length).replace(/^[/\\]+/, "");
  return { start: WORK_TREES.has(name) ? "." : folder, rest };
}

/** `${{ github.workspace }}`, `$(Build.SourcesDirectory)`, `${NAME}`, `$NAME`, `$env:NAME`, `%NAME%`. */
const REFERENCE = /^(?:\$\{\{\s*([\w.]+)\s*\}\}|\$\(([\w.]+)\)|\$\{([\w:.]+)\}|\$((?:env:)?\w+)|%(\w+)%)(?=[/\\]|$)/i;

/** Variables that the CI systems set to the folder of the checked-out repository, from their lists of predefined variables. */
const WORK_TREES = new Set([
  "GITHUB_WORKSPACE",
  "GITEA_WORKSPACE",
  "FORGEJO_WORKSPACE",
  "CI_PROJECT_DIR",
  "BUILD_SOURCESDIRECTORY",
  "BUILD_REPOSITORY_LOCALPATH",
  "SYSTEM_DEFAULTWORKINGDIRECTORY",
  "CIRCLE_WORKING_DIRECTORY",
  "BITBUCKET_CLONE_DIR",
  "TRAVIS_BUILD_DIR",
  "BUILDKITE_BUILD_CHECKOUT_PATH",
  "CI_WORKSPACE",
  "DRONE_WORKSPACE",
  "APPVEYOR_BUILD_FOLDER",
  "CODEBUILD_SRC_DIR",
  "CIRRUS_WORKING_DIR",
]);

/** The working directory, as the shells and make call it. */
const WORKING_FOLDERS = new Set(["PWD", "CD", "CURDIR"]);
