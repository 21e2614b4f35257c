import path from "node:path";

/** A path of this machine with forward slashes. */
export function slashed(file: string): string {
  return path.sep === "/" ? file : file.replaceAll(path.sep, "/");
}

/** True where a file or folder is `folder` or lies in it. Both paths are absolute; links are the caller's matter. */
export function isWithin(folder: string, file: string): boolean {
  const way = path.relative(folder, file);
  return way !== ".." && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}
