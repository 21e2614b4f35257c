import { writeFileSync } from "node:fs";
import path from "node:path";
import { reasonOf } from "../workspace/read-file.ts";
import { printable } from "./printable.ts";
import type { Terminal } from "./terminal.ts";

/** Writes a report to a file, or without one to standard output. False where the file could not be written, which is then said. */
export function put(report: string, file: string | undefined, terminal: Terminal): boolean {
  if (file === undefined) {
    terminal.out(report);
    return true;
  }
  try {
    writeFileSync(path.resolve(terminal.cwd, file), report);
    return true;
  } catch (error) {
    terminal.err(`pipewarden: ${printable(file)} could not be written: it ${reasonOf(error)}.\n`);
    return false;
  }
}
