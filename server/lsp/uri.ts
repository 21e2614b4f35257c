/** A form in which two spellings of one URI are equal: editors differ in what they escape and in the case of a drive letter. */
export function uriKey(uri: string): string {
  return decode(uri).replace(/^file:\/\/\/[A-Za-z]:/u, (start) => start.toLowerCase());
}

/** True where one key is the other one's folder, at any depth. */
export function isInside(key: string, folderKey: string): boolean {
  return key.startsWith(folderKey.endsWith("/") ? folderKey : `${folderKey}/`);
}

/** The URI of a path below a root, whose own URI ends with a slash. */
export function uriBelow(root: string, path: string): string {
  return root + path.split("/").map(encodeURIComponent).join("/");
}

/** The path of a URI below a root, whose own URI ends with a slash, with forward slashes; `undefined` where it lies elsewhere. */
export function pathBelow(root: string, uri: string): string | undefined {
  const [rootKey, key] = [uriKey(root), uriKey(uri)];
  return isInside(key, rootKey) ? key.slice(rootKey.length) : undefined;
}

/** The parts of a URI's path, unescaped, without the slash in front: "owner/name/.github/workflows/ci.yml". */
export function pathOf(uri: string): string {
  const path = /^[a-z][a-z0-9+.-]*:(?:\/\/[^/?#]*)?\/?([^?#]*)/iu.exec(uri)?.[1] ?? uri;
  return decode(path);
}

/** Everything in front of what {@link pathOf} returns. */
export function rootOf(uri: string): string {
  return /^[a-z][a-z0-9+.-]*:(?:\/\/[^/?#]*)?\/?/iu.exec(uri)?.[0] ?? "";
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
