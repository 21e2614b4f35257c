import type { SourceFile } from "../analyze.ts";
import type { Context } from "../context.ts";
import type { Pipeline } from "../model.ts";
import type { YamlFile } from "../yaml.ts";
import type { Call } from "./reading-pulled.ts";

/** One CI product: how its files are recognised and read. Adding one means one file like this and one line in index.ts. */
export interface System {
  readonly id: string;
  /** The product's name as people write it. */
  readonly name: string;
  /** Globs, each matching at any depth, of the paths where its files usually lie. They tell a workspace where to look. */
  readonly globs: readonly string[];
  /** The group of the Kubernetes API whose objects are its own, such as "tekton.dev"; absent where its files are no such objects. */
  readonly apiGroup?: string;
  /**
   * How sure the system is that the file is its own: 2 by the path, 1 by at least two distinctive keys of the content, 0 not.
   */
  claims(path: string, yaml: YamlFile): 0 | 1 | 2;
  /**
   * Reads the file, with the files of the repository that it pulls in. Total: what has the wrong shape is left out.
   *
   * @param call what the file gets where another one pulls it in; absent for the analysed file
   */
  read(file: SourceFile, yaml: YamlFile, context: Context, call?: Call): Pipeline;
}
