import path from "node:path";
import { type Block, type PlaceNames, toMarkdown, toText } from "../breach/document.ts";
import { drillReport } from "../breach/drill-report.ts";
import { type Inventory, takeInventory } from "../breach/inventory.ts";
import { drillToJson, secretsToJson } from "../breach/report-json.ts";
import { secretsReport } from "../breach/secrets-report.ts";
import { breachDrill, lossesOf } from "../core/index.ts";
import type { BreachCommand, ReportFormat, SecretsCommand } from "./arguments.ts";
import { type FileRequest, NO_CI_FILE, walk } from "./files.ts";
import { put } from "./output.ts";
import { type Notice, shownPath } from "./report.ts";
import { noticesToText } from "./report-text.ts";
import type { ExitCode, Terminal } from "./terminal.ts";

/** Says which steps would have run code of a party, and what that could have taken. */
export async function runBreach(command: BreachCommand, terminal: Terminal): Promise<ExitCode> {
  const { steps, ciFiles, base, notices } = await inventoryOf(command, terminal);
  const drill = breachDrill(command.party, steps, ({ repository }) => repository);
  const names = placeNames(base);
  const report = written(command.format, names, drillReport(drill), {
    version: terminal.version,
    base,
    ciFiles,
    ...drillToJson(drill, names),
    notices: notices.map(({ file, ...notice }) => ({ path: shownPath({ base }, file), ...notice })),
  });
  if (!put(report, command.output, terminal) || notices.some(({ failure }) => failure)) return 2;
  return drill.exposed.length > 0 ? 1 : 0;
}

/** Says which code reaches which secret. */
export async function runSecrets(command: SecretsCommand, terminal: Terminal): Promise<ExitCode> {
  const { steps, ciFiles, base, notices } = await inventoryOf(command, terminal);
  const secrets = lossesOf(steps, ({ repository }) => repository);
  const names = placeNames(base);
  const report = written(command.format, names, secretsReport(secrets, steps, command.by), {
    version: terminal.version,
    base,
    ciFiles,
    ...secretsToJson(secrets, steps, names),
    notices: notices.map(({ file, ...notice }) => ({ path: shownPath({ base }, file), ...notice })),
  });
  const isDone = put(report, command.output, terminal) && notices.every(({ failure }) => !failure);
  return isDone ? 0 : 2;
}

interface Taken extends Inventory {
  readonly base: string;
  readonly notices: readonly Notice[];
}

/** The code of the files that a person named, with what there is to say about reading them, which is said. */
async function inventoryOf(request: Omit<FileRequest, "cwd">, terminal: Terminal): Promise<Taken> {
  const notices: Notice[] = [];
  const { base, files } = walk({ ...request, cwd: terminal.cwd }, notices);
  async function* codeFiles() {
    for await (const { root, path: own, text, file, isNamed, context } of files)
      yield {
        file: { path: own, text },
        context,
        repository: root,
        identify: (other: string) => path.join(root, other),
        absolute: file,
        isNamed,
      };
  }
  const inventory = await takeInventory(codeFiles(), {
    onOther: ({ absolute, isNamed }) => {
      if (isNamed) notices.push({ file: absolute, message: NO_CI_FILE, failure: false });
    },
  });
  terminal.err(noticesToText({ base, notices }));
  return { ...inventory, base, notices };
}

/** Links of a Markdown report lead to lines as the web pages of git hosts have them, from a file that lies at the base. */
function placeNames(base: string): PlaceNames {
  const shown = ({ id }: { readonly id: string }) => shownPath({ base }, id);
  return {
    shown,
    link: (spot) => `${shown(spot).split("/").map(encodeURIComponent).join("/")}#L${spot.line}`,
  };
}

function written(format: ReportFormat, names: PlaceNames, blocks: readonly Block[], document: object): string {
  switch (format) {
    case "json":
      return `${JSON.stringify(document, undefined, 2)}\n`;
    case "markdown":
      return toMarkdown(blocks, names);
    case "text":
      return toText(blocks, names);
  }
}
