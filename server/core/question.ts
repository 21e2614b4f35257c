import type { VersionList } from "./model.ts";

/**
 * Something that only the outside world knows. Plain data: the core asks, a resolver answers, and only after a person's click.
 */
export type Question =
  /** The commit that `ref` (a tag, a branch or a short commit id) of a git repository points to. `repo` is the path on the host, "owner/name". */
  | { readonly kind: "commit"; readonly host: string; readonly repo: string; readonly ref: string }
  /** The content behind an https address: its SHA-256, where redirects led, and the text. */
  | { readonly kind: "scriptHash"; readonly url: string }
  /**
   * What a registry has under an image's name, `[registry/]path[:tag]` as a reference writes it. With `@sha256:…` instead of a tag
   * it asks whether that content is still there.
   */
  | { readonly kind: "imageDigest"; readonly image: string }
  /** The newest exact version, of three numbers, of what has no hashes. `range` is "5" or "5.2" for those that begin so, "" for all. */
  | { readonly kind: "newestVersion"; readonly list: VersionList; readonly range: string };

/** Answer to a `commit` question. */
export interface CommitAnswer {
  readonly kind: "commit";
  /** Full commit id in lower-case hex; of an annotated tag the commit that it was peeled to. */
  readonly commit: string;
  /** What `ref` was. */
  readonly refKind: "tag" | "branch" | "commit";
  /** The most exact version tag of that commit ("v4.2.2" rather than "v4"), absent where the commit has none. */
  readonly versionTag?: string;
  /** Of a commit that was asked for by its full id: a tag or branch leads to exactly it. Absent where none does, which proves nothing. */
  readonly listed?: true;
}

/** Answer to a `scriptHash` question. The text is data: hashed and shown, never run. */
export interface ScriptHashAnswer {
  readonly kind: "scriptHash";
  /** 64 lower-case hex digits over the raw body. */
  readonly sha256: string;
  /** The same by SHA-384 and SHA-512, 96 and 128 digits, for pins that people wrote so. */
  readonly sha384?: string;
  readonly sha512?: string;
  readonly finalUrl: string;
  readonly text: string;
}

/** Answer to an `imageDigest` question. */
export interface ImageDigestAnswer {
  readonly kind: "imageDigest";
  /** "sha256:" and 64 lower-case hex digits: of the index where the image has several platforms, else of its one manifest. */
  readonly digest: string;
  /** How many platforms the digest stands for; 1 or more. */
  readonly platforms: number;
}

/** Answer to a `newestVersion` question. */
export interface NewestVersionAnswer {
  readonly kind: "newestVersion";
  /** As the list writes it: "5.2.0", or "v5.2.0" where tags begin so. */
  readonly version: string;
}

/** What a resolver found out, of the same kind as its {@link Question}. */
export type Answer = CommitAnswer | ScriptHashAnswer | ImageDigestAnswer | NewestVersionAnswer;
