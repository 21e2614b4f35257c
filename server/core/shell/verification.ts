import type { Span } from "../text.ts";
import { hostOf } from "./downloads.ts";
import {
  type Download,
  fileAt,
  isVerified,
  resolvePath,
  type State,
  union,
  unverified,
  type Value,
  withVerdict,
} from "./state.ts";
import {
  type Call,
  type Check,
  done,
  type Flaw,
  failed,
  type Io,
  type Outcome,
  outputs,
  type Run,
  SILENCE,
  type Stream,
} from "./trace.ts";
import { optionValue, programName } from "./wrappers.ts";

// What compares downloaded content with something fixed. A check that succeeds leaves the verdict "verified" in its success state and
// none in its failure state; whether that protects the run is decided by the ways that lead from the check to it.

/** A whole digest: MD5 and longer in hex, or SHA-256 and longer in base64. */
const DIGEST =
  /(?<![0-9a-f])(?:[0-9a-f]{128}|[0-9a-f]{96}|[0-9a-f]{64}|[0-9a-f]{56}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9a-f])|(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{43}=/i;

/** What a check is reported against. */
interface Place {
  readonly io: Io;
  readonly run: Run;
  readonly span: Span;
}

/** Reads a command line as a check of content; `undefined` where it is none. */
export function verifies(call: Call, state: State): Outcome | undefined {
  // Where nothing was fetched there is nothing to check.
  if (state.world.verdicts.size === 0 && call.io.stdin.origins.length === 0) return undefined;
  const name = programName(call.words[0]);
  if (SCRIPTING.test(name)) return scriptedCheck(call, state);
  return CHECKS.get(name)?.(call, state) ?? unknownCheck(call, state);
}

const CHECKS: ReadonlyMap<string, (call: Call, state: State) => Outcome | undefined> = new Map([
  ...[
    "md5sum",
    "sha1sum",
    "sha224sum",
    "sha256sum",
    "sha384sum",
    "sha512sum",
    "b2sum",
    "shasum",
    "rhash",
    "gsha256sum",
    "gsha512sum",
    "sha256",
    "sha512",
    "md5",
    "xxhsum",
    "b3sum",
  ].map((name) => [name, digestTool] as const),
  ["cksum", cksum],
  ["openssl", openssl],
  ["test", testCommand],
  ["[", testCommand],
  ["grep", grep],
  ["egrep", grep],
  ["fgrep", grep],
  ["rg", grep],
  ["awk", awk],
  ["gawk", awk],
  ["cmp", compareFiles],
  ["diff", compareFiles],
  ["gpg", gpg],
  ["gpg2", gpg],
  ["gpgv", signature],
  ["minisign", signature],
  ["signify", signature],
  ["signify-openbsd", signature],
  ["ssh-keygen", sshSignature],
  ["cosign", cosign],
  ["slsa-verifier", signature],
  ["gh", attestation],
  ["git", gitCheck],
]);

/** What holds after `left operator right` was true, and after it was false. */
export function comparison(
  state: State,
  operator: string,
  left: Value | undefined,
  right: Value | undefined,
  place: Place | undefined,
): Outcome {
  const status =
    left !== undefined && place !== undefined ? statusComparison(state, operator, left, right, place) : undefined;
  if (status !== undefined) return status;
  const [digest, expected] = left !== undefined && left.digests.length > 0 ? [left, right] : [right, left];
  if (digest === undefined || digest.digests.length === 0) return done(state);
  const equal = /^(?:=|==|-eq|=~)$/.test(operator);
  const unequal = /^(?:!=|-ne)$/.test(operator);
  if (!equal && !unequal) return done(state);
  const downloads = digest.digests;
  if (place !== undefined) {
    const flaw = flawOf(expected, downloads);
    note(place, downloads, flaw ?? "ignored");
    remember(place, expected?.text, undefined, downloads);
    if (flaw !== undefined) return done(state);
  }
  const verified = withVerdict(state, downloads, true);
  return equal
    ? { success: verified, failure: state, output: SILENCE }
    : { success: state, failure: verified, output: SILENCE };
}

/** True where a value holds a digest and the pattern a whole one to compare it with. */
export function subjectMatches(subject: Value, pattern: Value | undefined): boolean {
  return subject.digests.length > 0 && pattern !== undefined && DIGEST.test(pattern.text);
}

/** `[ $? -eq 0 ]`: how the command before ended. */
function statusComparison(
  _state: State,
  operator: string,
  left: Value,
  right: Value | undefined,
  { io }: Place,
): Outcome | undefined {
  const last = io.status?.last;
  if (left.text !== "$?" || right?.text !== "0" || last === undefined) return undefined;
  const { success } = last;
  const failure = failed(last);
  if (/^(?:-eq|=|==)$/.test(operator)) return { success, failure, output: SILENCE };
  if (/^(?:-ne|!=|-gt)$/.test(operator)) return { success: failure, failure: success, output: SILENCE };
  return undefined;
}

/** Why an expected value proves nothing; `undefined` where it does, or where nobody can tell. */
function flawOf(expected: Value | undefined, downloads: readonly Download[]): Flaw | undefined {
  if (expected === undefined) return undefined;
  if (expected.known && expected.text.replace(/\*/g, "").trim() === "") return "empty";
  if (
    expected.origins.some((origin) => downloads.includes(origin)) ||
    expected.digests.some((each) => downloads.includes(each))
  )
    return "self";
  if (expected.origins.length > 0) return sameHost(expected.origins, downloads) ? "same-host" : undefined;
  return expected.known && !DIGEST.test(expected.text) ? "weak" : undefined;
}

function sameHost(a: readonly Download[], b: readonly Download[]): boolean {
  return a.some((one) => b.some((other) => hostOf(one.url) === undefined || hostOf(one.url) === hostOf(other.url)));
}

/** Remembers that a command printed digests, which somebody may or may not compare. */
export function notePrinted(call: Call, downloads: readonly Download[]): void {
  note(placeOf(call), downloads, "printed");
}

/** Remembers a check for what runs after it, and tells what has run before it that the check came too late. */
function note({ run, span }: Place, downloads: readonly Download[], flaw: Flaw): void {
  if (downloads.length === 0) return;
  run.checks.push({ script: run.index, span, downloads, flaw });
  for (const [index, execution] of run.executions.entries()) {
    const late = execution.downloads.filter((download) => downloads.includes(download));
    if (late.length === 0 || flaw !== "ignored") continue;
    const check: Check = { script: run.index, span, downloads: late, flaw: "late" };
    run.executions[index] = { ...execution, checks: [...execution.checks, check] };
  }
}

/** Keeps what a content has to be where a whole digest of SHA-2 is written out, so that somebody can look whether it still is. */
function remember(
  { run, span }: Place,
  written: string | undefined,
  file: string | undefined,
  downloads: readonly Download[],
): void {
  const digest = written?.trim().toLowerCase() ?? "";
  if (downloads.length === 0 || !/^(?:[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/.test(digest)) return;
  run.digests.push({ script: run.index, span, digest, file, downloads });
}

function placeOf({ command, io, run }: Call): Place {
  return { io, run, span: command.span };
}

/** Success with a verdict, failure without. */
function gate(call: Call, state: State, downloads: readonly Download[], output: Partial<Stream> = {}): Outcome {
  note(placeOf(call), downloads, "ignored");
  for (const download of downloads) call.run.verified.add(download);
  return { success: withVerdict(state, downloads, true), failure: state, output: { ...SILENCE, ...output } };
}

function flawed(call: Call, state: State, downloads: readonly Download[], flaw: Flaw): Outcome {
  note(placeOf(call), downloads, flaw);
  return done(state);
}

/** `sha256sum FILE` prints a digest, `sha256sum -c LIST` compares. */
function digestTool(call: Call, state: State): Outcome {
  const args = call.words.slice(1);
  const checking = args.some(({ text }) => /^(?:-[a-z]*c[a-z]*|--check(?:=.*)?)$/.test(text));
  const operands = operandsOf(args, /^(?:-a|--algorithm|-s)$/, checking);
  if (checking) return checkList(call, state, operands);
  if (operands.length === 0)
    return outputs(state, { digests: union(call.io.stdin.origins, call.io.stdin.digests), text: undefined });
  const downloads = operands.flatMap((file) => originsUnder(state, file));
  note(placeOf(call), downloads, "printed");
  return outputs(state, { digests: downloads });
}

/** Operands of a command line whose short options may take a value. BusyBox's `-s` takes none when it checks. */
function operandsOf(args: readonly Value[], valued: RegExp, checking: boolean): readonly Value[] {
  const result: Value[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index];
    if (arg === undefined) break;
    if (valued.test(arg.text) && !(checking && arg.text === "-s")) index++;
    else if (!arg.text.startsWith("-") || arg.text === "-") result.push(arg);
  }
  return result;
}

/** The content of a list of digests, and where it comes from. */
interface List {
  readonly text: string | undefined;
  readonly known: boolean;
  readonly origins: readonly Download[];
  readonly digests: readonly Download[];
}

function checkList(call: Call, state: State, operands: readonly Value[]): Outcome {
  const lists = operands.length === 0 ? [{ text: "-" } as Value] : operands;
  let outcome: Outcome = { success: state, failure: undefined, output: { ...SILENCE, text: undefined } };
  for (const operand of lists) {
    const list = operand.text === "-" ? call.io.stdin : listUnder(call, state, operand);
    const next = checkOneList(call, outcome.success ?? state, list);
    outcome = { ...next, failure: next.failure ?? outcome.failure };
  }
  return outcome;
}

function listUnder(call: Call, state: State, operand: Value): List {
  const path = resolvePath(state.shell.folder, operand.text);
  const file = fileAt(state, path);
  const committed = file === undefined ? call.run.read(path) : undefined;
  const { text = committed } = file ?? {};
  return {
    text,
    known: text !== undefined,
    origins: union(operand.origins, file?.origins ?? []),
    digests: union(operand.digests, file?.digests ?? []),
  };
}

function checkOneList(call: Call, state: State, list: List): Outcome {
  const everything = stored(state);
  if (list.digests.length > 0) return flawed(call, state, list.digests, "self");
  if (list.origins.length > 0) {
    const covered = everything.filter((download) => !list.origins.includes(download));
    if (list.origins.every((origin) => isVerified(state, origin))) return gate(call, state, covered);
    const near = covered.filter((download) => sameHost(list.origins, [download]));
    const far = covered.filter((download) => !near.includes(download));
    note(placeOf(call), near, "same-host");
    return gate(call, state, far);
  }
  const { text } = list;
  if (text === undefined) return gate(call, state, everything);
  const named = linesOf(text).flatMap(({ digest, value, file }) => {
    const downloads = digest ? namedFile(call, state, file) : [];
    remember(placeOf(call), value, file, downloads);
    return downloads;
  });
  const missed = everything.filter((download) => !named.includes(download));
  if (named.length === 0 && linesOf(text).every(({ digest }) => !digest) && list.known)
    return flawed(call, state, everything, "empty");
  if (named.length === 0 && !list.known && linesOf(text).length === 0) return gate(call, state, everything);
  note(placeOf(call), missed, "other-file");
  return gate(call, state, named);
}

function namedFile(call: Call, state: State, file: string): readonly Download[] {
  if (file === "-") return call.io.stdin.origins;
  return fileAt(state, resolvePath(state.shell.folder, file))?.origins ?? [];
}

/** Lines of a list of digests: `HEX  file`, `HEX *file`, `SHA256 (file) = HEX`. An expression or variable may stand for the digest. */
function linesOf(text: string): readonly { readonly digest: boolean; readonly value: string; readonly file: string }[] {
  return text.split(/\n|\\n/).flatMap((line) => {
    const tagged = /^\s*[A-Z0-9-]+ ?\((.+)\) ?= ?(\S+)\s*$/i.exec(line);
    const plain = /^\s*\\?(\$\{\{.*?\}\}|\S+)(?:[ \t]+[* ]?|\*)(\S.*?)\s*$/.exec(line);
    const value = tagged?.[2] ?? plain?.[1];
    const file = tagged?.[1] ?? plain?.[2];
    if (value === undefined || file === undefined) return [];
    return [{ digest: DIGEST.test(value) || /[$‹]/.test(value), value, file }];
  });
}

/** Everything that was downloaded and not verified so far. */
function stored(state: State): readonly Download[] {
  return unverified(state);
}

function originsUnder(state: State, file: Value): readonly Download[] {
  return union(file.origins, fileAt(state, resolvePath(state.shell.folder, file.text))?.origins ?? []);
}

/** A CRC proves nothing; `cksum -a sha256` is a real digest. */
function cksum(call: Call, state: State): Outcome {
  const args = call.words.slice(1);
  const algorithm = args.findIndex(({ text }) => text === "-a" || text.startsWith("--algorithm"));
  if (algorithm >= 0)
    return digestTool(
      {
        ...call,
        words: [call.words[0] as Value, ...args.filter((_, index) => index !== algorithm && index !== algorithm + 1)],
      },
      state,
    );
  return flawed(
    call,
    state,
    args.flatMap((file) => originsUnder(state, file)),
    "weak",
  );
}

function openssl(call: Call, state: State): Outcome | undefined {
  const args = call.words.slice(1);
  if (!/^(?:dgst|sha256|sha512|sha1|md5)$/.test(args[0]?.text ?? "")) return undefined;
  const files = args
    .slice(1)
    .filter(
      ({ text }, index, all) =>
        !text.startsWith("-") &&
        !/^-(?:verify|prverify|signature|sign|out|keyform|sigopt)$/.test(all[index - 1]?.text ?? ""),
    );
  const downloads = files.length === 0 ? call.io.stdin.origins : files.flatMap((file) => originsUnder(state, file));
  const key = optionValue(args, /^-(?:pr)?verify$/);
  if (key === undefined || !args.some(({ text }) => text === "-verify")) return outputs(state, { digests: downloads });
  return signedBy(call, state, originsUnder(state, key), downloads);
}

/** A signature proves as much as its key: one that came with the file proves nothing. */
function signedBy(call: Call, state: State, key: readonly Download[], downloads: readonly Download[]): Outcome {
  if (key.length > 0 && !key.every((each) => isVerified(state, each))) {
    note(placeOf(call), downloads, "same-host");
    return outputs(state, { digests: downloads });
  }
  return gate(call, state, downloads, { digests: downloads });
}

function testCommand(call: Call, state: State): Outcome | undefined {
  const words = call.words.slice(1).filter(({ text }) => text !== "]");
  const negated = words[0]?.text === "!";
  const [left, operator, right] = negated ? words.slice(1) : words;
  // With an empty unquoted operand the command has too few words: it fails with an error that counts as false.
  const missing = words.length - (negated ? 1 : 0) < 3;
  if (left === undefined || operator === undefined || right === undefined || missing) {
    note(
      placeOf(call),
      words.flatMap(({ digests }) => digests),
      "empty",
    );
    return undefined;
  }
  const outcome = comparison(state, operator.text, left, right, placeOf(call));
  return negated ? { success: outcome.failure, failure: outcome.success, output: SILENCE } : outcome;
}

/** `grep HEX` on a printed digest. */
function grep(call: Call, state: State): Outcome | undefined {
  const { stdin } = call.io;
  const args = call.words.slice(1);
  const operands = args.filter(({ text }) => !text.startsWith("-"));
  const expected = optionValue(args, /^-e$|^--regexp$/) ?? operands[0];
  if (stdin.digests.length === 0 || args.some(({ text }) => /^-[a-zA-Z]*v/.test(text))) return undefined;
  const flaw = expected === undefined ? "empty" : flawOf(expected, stdin.digests);
  if (flaw !== undefined) {
    note(placeOf(call), stdin.digests, flaw);
    return outputs(state, { ...stdin, text: undefined });
  }
  remember(placeOf(call), expected?.text, undefined, stdin.digests);
  return gate(call, state, stdin.digests, { ...stdin, text: undefined });
}

/** `awk` that compares a printed digest and exits. */
function awk(call: Call, state: State): Outcome | undefined {
  const { stdin } = call.io;
  const args = call.words.slice(1);
  const compares = args.some(({ text }) => DIGEST.test(text)) && args.some(({ text }) => /\bexit\b/.test(text));
  return stdin.digests.length > 0 && compares ? gate(call, state, stdin.digests) : undefined;
}

/** `cmp` and `diff` of a download with a file of the repository, or of two lists of digests. */
function compareFiles(call: Call, state: State): Outcome | undefined {
  const files = call.words.slice(1).filter(({ text }) => !text.startsWith("-"));
  const [a, b] = files;
  if (a === undefined || b === undefined) return undefined;
  const [first, second] = [a, b].map((file) => {
    const known = fileAt(state, resolvePath(state.shell.folder, file.text));
    return {
      ...file,
      origins: union(file.origins, known?.origins ?? []),
      digests: union(file.digests, known?.digests ?? []),
      text: known?.text ?? file.text,
    };
  }) as [Value, Value];
  const digest = [first, second].find(({ digests }) => digests.length > 0);
  if (digest !== undefined) {
    const other = digest === first ? second : first;
    return DIGEST.test(other.text) ? gate(call, state, digest.digests) : undefined;
  }
  const remote = [first, second].filter(({ origins }) => origins.length > 0);
  return remote.length === 1
    ? gate(
        call,
        state,
        remote.flatMap(({ origins }) => origins),
      )
    : undefined;
}

function gpg(call: Call, state: State): Outcome | undefined {
  const args = call.words.slice(1);
  const has = (option: RegExp): boolean => args.some(({ text }) => option.test(text));
  const files = args.filter(
    ({ text }, index) =>
      !text.startsWith("-") &&
      !/^--(?:status-fd|keyring|homedir|keyserver|trust-model|output|passphrase.*|batch-fd)$/.test(
        args[index - 1]?.text ?? "",
      ),
  );
  if (has(/^--(?:import|fetch-keys?)$/)) {
    const sources = files.length === 0 ? call.io.stdin.origins : files.flatMap((file) => originsUnder(state, file));
    return done({ ...state, world: { ...state.world, keys: union(state.world.keys, sources) } });
  }
  if (!has(/^--verify$/)) return undefined;
  const downloads = files
    .slice(1)
    .flatMap((file) => (file.text === "-" ? call.io.stdin.origins : originsUnder(state, file)));
  if (files.length < 2) return flawed(call, state, stored(state), "other-file");
  return signedBy(call, state, state.world.keys, downloads);
}

const KEY_OPTIONS =
  /^(?:-p|-P|--keyring|--key|-k|-f|-I|-n|-s|-x|--signature|--bundle|--certificate|--source-uri|--provenance-path|--source-tag|--builder-id)$/;

/** Tools whose every operand and message is verified with a key that an option names. */
function signature(call: Call, state: State): Outcome | undefined {
  const args = call.words.slice(1);
  const verifying =
    programName(call.words[0]) === "gpgv" || args.some(({ text }) => /^-[a-zA-Z]*V[a-z]*$|^verify/.test(text));
  if (!verifying) return undefined;
  const keys = args
    .filter((_, index) => /^(?:-p|--keyring|--key|-k)$/.test(args[index - 1]?.text ?? ""))
    .flatMap((key) => originsUnder(state, key));
  const files = args.filter(
    ({ text }, index) => !text.startsWith("-") && !KEY_OPTIONS.test(args[index - 1]?.text ?? ""),
  );
  return signedBy(
    call,
    state,
    keys,
    files.flatMap((file) => originsUnder(state, file)),
  );
}

function sshSignature(call: Call, state: State): Outcome | undefined {
  const args = call.words.slice(1);
  if (args[0]?.text !== "-Y" || args[1]?.text !== "verify") return undefined;
  const signers = optionValue(args, /^-f$/);
  return signedBy(call, state, signers === undefined ? [] : originsUnder(state, signers), call.io.stdin.origins);
}

/** Cosign without a key or an identity accepts anybody's signature. */
function cosign(call: Call, state: State): Outcome | undefined {
  const args = call.words.slice(1);
  if (args[0]?.text !== "verify-blob" && args[0]?.text !== "verify-blob-attestation") return undefined;
  const files = args
    .slice(1)
    .filter(
      ({ text }, index, all) =>
        !text.startsWith("-") && !/^--/.test(all[index - 1]?.text.includes("=") ? "" : (all[index - 1]?.text ?? "")),
    );
  const downloads = files.flatMap((file) => originsUnder(state, file));
  const identity = args
    .map(({ text }) => text)
    .filter((text) => /^--(?:key|certificate-identity(?:-regexp)?)\b/.test(text));
  const anybody = args.some(({ text }) => /^(?:--certificate-identity-regexp=)?['"]?\^?\.[*+]\$?['"]?$/.test(text));
  if (identity.length === 0 || anybody) return flawed(call, state, downloads, "weak");
  const key = optionValue(args, /^--key$/);
  return signedBy(
    call,
    state,
    identity.includes("--key") && key !== undefined ? originsUnder(state, key) : [],
    downloads,
  );
}

function attestation(call: Call, state: State): Outcome | undefined {
  const args = call.words.slice(1);
  if (args[0]?.text !== "attestation" || args[1]?.text !== "verify") return undefined;
  return gate(
    call,
    state,
    args.slice(2).flatMap((file) => originsUnder(state, file)),
  );
}

/** A commit id fixes the content of a repository; so does a tag's signature by a known signer. */
function gitCheck(call: Call, state: State): Outcome | undefined {
  const args = call.words.slice(1);
  const folderAt = args.findIndex(({ text }) => text === "-C");
  const folder = resolvePath(state.shell.folder, folderAt < 0 ? "." : (args[folderAt + 1]?.text ?? "."));
  const rest = args.filter((arg, index) => {
    const before = args[index - 1]?.text;
    return (
      before !== "-C" &&
      before !== "-c" &&
      arg.text !== "-C" &&
      arg.text !== "-c" &&
      !/^--(?:git-dir|work-tree|no-pager)/.test(arg.text)
    );
  });
  const command = rest[0]?.text ?? "";
  const downloads = (fileAt(state, folder)?.origins ?? []).filter(({ tool }) => tool === "git");
  if (downloads.length === 0 && command !== "hash-object") return undefined;
  const pinned = rest
    .slice(1)
    .some(({ text, known }) => /^[0-9a-f]{40}$|^[0-9a-f]{64}$/i.test(text) || (!known && /sha|commit|rev/i.test(text)));
  if (/^(?:checkout|reset|switch)$/.test(command) && pinned) return gate(call, state, downloads);
  if (command === "rev-parse") return outputs(state, { digests: downloads });
  if (command === "hash-object")
    return outputs(state, { digests: rest.slice(1).flatMap((file) => originsUnder(state, file)) });
  if (/^verify-(?:tag|commit)$/.test(command)) return signedBy(call, state, state.world.keys, downloads);
  return undefined;
}

const SCRIPTING = /^(?:python|pypy)[\d.]*$|^(?:node|perl|ruby|php)[\d.]*$/;

/** A one-liner that hashes a file, knows the digest and exits by it. */
function scriptedCheck(call: Call, state: State): Outcome | undefined {
  const texts = call.words.slice(1).map(({ text }) => text);
  const code = texts.join(" ");
  if (!DIGEST.test(code) || !/hashlib|createHash|sha\d*_hex|Digest|hash_file/.test(code) || !/exit/.test(code))
    return undefined;
  const files = state.world.files
    .entries()
    .filter(([path, file]) => file.origins.length > 0 && code.includes(path.replace(/^.*\//, "")));
  return files.length === 0
    ? undefined
    : gate(
        call,
        state,
        files.flatMap(([, file]) => file.origins),
      );
}

/** A command that nobody knows, given a whole digest and a downloaded file: a function or script of the repository that compares them. */
function unknownCheck(call: Call, state: State): Outcome | undefined {
  const [program, ...args] = call.words;
  if (program === undefined || KNOWN.test(programName(program)) || !args.some(({ text }) => DIGEST.test(text)))
    return undefined;
  const downloads = args.flatMap((file) => originsUnder(state, file));
  return downloads.length === 0 ? undefined : gate(call, state, downloads);
}

/** Commands that take such arguments and compare nothing. */
const KNOWN =
  /^(?:curl|wget|aria2c|cp|mv|ln|install|chmod|chown|tar|unzip|bash|sh|zsh|dash|sed|tee|cat|echo|printf|docker|export|git)$/;
