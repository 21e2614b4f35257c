import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { projectRoot } from "./vscode-host/install.ts";

/** A copy of the sample workspace that a test, or a person, may change. */
export interface SampleCopy {
  /** Absolute path. The folder's name is that of the sample, and no folder above it is a git repository. */
  readonly folder: string;
  remove(): void;
}

/** Copies `samples/breach` into a temporary folder. */
export function copySample(): SampleCopy {
  const temporary = mkdtempSync(path.join(tmpdir(), "pipewarden-"));
  const folder = path.join(temporary, "breach");
  cpSync(path.join(projectRoot, "samples/breach"), folder, { recursive: true });
  return { folder, remove: () => rmSync(temporary, { recursive: true, force: true }) };
}
