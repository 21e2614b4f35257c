import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Metafile } from "esbuild";

/**
 * The licences of the packages whose code is part of bundles, as one text: most of them ask to be handed on with every copy.
 *
 * @param root the folder that paths in the metafiles start from
 * @throws where a package has no text of its licence, as it must not be bundled then
 */
export function licensesOf(metafiles: readonly Metafile[], root: string): string {
  const folders = new Set(
    metafiles.flatMap(({ inputs }) =>
      Object.keys(inputs).flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? []),
    ),
  );
  const texts = [...folders].map((folder) => licenseOf(path.join(root, folder)));
  return ["Pipewarden contains code of these packages.", ...[...new Set(texts)].sort()].join(
    `\n\n${"-".repeat(80)}\n\n`,
  );
}

function licenseOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e(?:-MIT)?(?:\.(?:md|txt))?$/i.test(each));
  if (file === undefined) throw new Error(`${name} has no text of its licence.`);
  return `${name} ${version} (${license})\n\n${readFileSync(path.join(folder, file), "utf8").replaceAll("\r\n", "\n").trim()}`;
}
