// `node scripts/claims.ts [folder]` reads every YAML file below a folder, ignored and vendored ones too, and prints which of them a
// system takes for its own: in a folder full of other people's files, whatever is no pipeline and stands in the list is a mistake.
import path from "node:path";
import { analyze, DEFAULT_SETTINGS, EMPTY_CONTEXT, RULES } from "../server/core/index.ts";
import { discover } from "../server/workspace/discover.ts";
import { readText } from "../server/workspace/read-file.ts";

const [folder = "node_modules", ...others] = process.argv.slice(2);
if (others.length > 0 || folder.startsWith("-")) {
  console.error("Usage: node scripts/claims.ts [folder]");
  process.exit(2);
}

// Only who claims a file is asked.
const settings = { ...DEFAULT_SETTINGS, rules: Object.fromEntries(RULES.map(({ id }) => [id, "off" as const])) };
const root = path.resolve(folder);
const claimed = new Map<string, string[]>();
let read = 0;
for await (const file of discover(root, { respectIgnore: false, onUnreadable })) {
  const shown = path.relative(root, file).replaceAll(path.sep, "/");
  const content = readText(file);
  if ("unreadable" in content) {
    onUnreadable(file, content.unreadable);
    continue;
  }
  read++;
  const { system } = analyze({ path: shown, text: content.text }, EMPTY_CONTEXT, settings);
  if (system !== undefined) claimed.set(system, [...(claimed.get(system) ?? []), shown]);
}

for (const [system, files] of [...claimed].sort())
  for (const file of files) console.log(`${system.padEnd(20)} ${file}`);
const counts = [...claimed].sort().map(([system, files]) => `${system} ${files.length}`);
console.log(`${read} files read, ${counts.length === 0 ? "none claimed" : `claimed: ${counts.join(", ")}`}.`);

function onUnreadable(file: string, reason: string): void {
  console.error(`${file} ${reason}`);
}
