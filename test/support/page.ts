import { readFileSync } from "node:fs";
import path from "node:path";

/** A block of code of a page of the documentation. */
export interface Block {
  /** The heading above it, without the signs before it. */
  readonly heading: string;
  /** What stands in backticks at the end of the line above it, which is the name of the file that it shows; else `undefined`. */
  readonly file: string | undefined;
  readonly language: string;
  readonly code: string;
}

/** The blocks of a page, in order; `page` is its path from the project's folder. */
export function blocksOf(page: string): readonly Block[] {
  const text = readFileSync(path.join(import.meta.dirname, "../..", page), "utf8");
  const sections = text.split(/^#+ /m).slice(1);
  return sections.flatMap((section) => {
    const heading = section.split("\n", 1)[0] ?? "";
    return [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(({ index, 1: language = "", 2: code = "" }) => {
      const above = section.slice(0, index).replace(/<!--.*?-->/g, "");
      return { heading, file: /`([^`\n]+)`:?\s*$/.exec(above)?.[1], language, code };
    });
  });
}
