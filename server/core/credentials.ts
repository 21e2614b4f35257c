import type { Span } from "./text.ts";

// Credentials that stand in a text as they are, told by the formats that their makers gave them.

/** A credential in a text. Its value is in no field. */
export interface Credential {
  readonly span: Span;
  /** What it is, to a person: "a token of GitHub". */
  readonly what: string;
  /**
   * proven: the checksum or the structure in it is right, so that its maker made it. shaped: it looks like nothing else does.
   * guessed: other text could look the same, or it opens little.
   */
  readonly certainty: "proven" | "shaped" | "guessed";
}

/**
 * Every credential in a text, in order, none overlapping. What is encrypted for a product, examples, placeholders and expressions are
 * none. Linear in the length of the text for each format whose mark the text has.
 */
export function credentialsIn(text: string): readonly Credential[] {
  const found = FORMATS.flatMap((format) => (text.includes(format.mark) ? matchesOf(text, format) : []));
  found.push(...privateKeysIn(text));
  const sorted = found.filter(({ span }) => !isSealed(text, span)).sort(byWorth);
  const kept: Credential[] = [];
  for (const each of sorted) {
    if (kept.length >= MOST) break;
    if (kept.every(({ span }) => span.end <= each.span.start || each.span.end <= span.start)) kept.push(each);
  }
  return kept.sort((a, b) => a.span.start - b.span.start);
}

const KNOWN = new WeakMap<object, readonly Credential[]>();

/** The credentials in a file's text, looked for once for each file object. */
export function credentialsOf(file: { readonly text: string }): readonly Credential[] {
  const found = KNOWN.get(file) ?? credentialsIn(file.text);
  KNOWN.set(file, found);
  return found;
}

/** Who has as many in one file has seen enough. */
const MOST = 200;

const WORTH = { proven: 0, shaped: 1, guessed: 2 } as const;

function byWorth(a: Credential, b: Credential): number {
  return WORTH[a.certainty] - WORTH[b.certainty] || a.span.start - b.span.start;
}

/**
 * A message without the values of these credentials, also without beginnings of them that were cut off.
 *
 * @param text the text that the credentials were found in
 */
export function withoutValues(message: string, text: string, credentials: readonly Credential[]): string {
  return credentials.reduce((rest, { span }) => withoutValue(rest, text.slice(span.start, span.end)), message);
}

const SHORTEST = 8;

function withoutValue(message: string, value: string): string {
  const whole = message.replaceAll(value, "…");
  const start = value.slice(0, SHORTEST);
  if (value.length <= SHORTEST || !whole.includes(start)) return whole;
  let end = SHORTEST;
  while (end < value.length && whole.includes(value.slice(0, end + 1))) end++;
  return whole.replaceAll(value.slice(0, end), "…");
}

/** How the credentials of one kind look. */
interface Format {
  readonly what: string;
  /** Text that each of them has, so that most files need no search. */
  readonly mark: string;
  /** Global. A group `value` is the credential where that is not all of the match. */
  readonly pattern: RegExp;
  readonly certainty: Credential["certainty"];
  /** Says how certain one is; `undefined` for what is none after all. */
  readonly check?: (value: string) => Credential["certainty"] | undefined;
}

function matchesOf(text: string, { what, pattern, certainty, check }: Format): readonly Credential[] {
  return [...text.matchAll(pattern)].flatMap((match) => {
    const value = match.groups?.value ?? match[0];
    const start = match.index + match[0].lastIndexOf(value);
    const sure = check === undefined ? (isRandom(value) ? certainty : undefined) : check(value);
    return sure === undefined ? [] : [{ span: { start, end: start + value.length }, what, certainty: sure }];
  });
}

/** A value that only a product can read: `secure: …` of Travis and AppVeyor, `ENCRYPTED[…]` of Cirrus. */
function isSealed(text: string, { start }: Span): boolean {
  const line = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  return /\bsecure["']?:\s|\bENCRYPTED\[/.test(line);
}

const EXAMPLE =
  /example|sample|dummy|placeholder|redacted|changeme|your[-_]?|x{4}|\*{3}|\.{3}|1234567|abcdefg|0{6}|deadbeef|notarealtoken/i;

/** False for examples and for text that repeats itself: what is made by chance has many different characters. */
function isRandom(value: string): boolean {
  const body = value.replace(/^[A-Za-z]{1,12}[-_.]/, "");
  const characters = new Set(body).size;
  const hex = /^[\da-f]+$/i.test(body);
  return !EXAMPLE.test(value) && characters >= Math.min(hex ? 8 : 12, body.length / 2);
}

/** `ghp_`, thirty characters, and their checksum. Source: github.blog, "Behind GitHub's new authentication token formats". */
function hasChecksum(value: string): boolean {
  const at = value.indexOf("_") + 1;
  return base62(crc32(value.slice(at, -6))).padStart(6, "0") === value.slice(-6);
}

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function base62(number: number): string {
  let rest = number;
  let digits = "";
  for (; rest > 0; rest = Math.floor(rest / 62)) digits = `${DIGITS[rest % 62]}${digits}`;
  return digits;
}

/** The checksum of zip and Ethernet, of text in ASCII. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const character of text) {
    crc ^= character.charCodeAt(0);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The bytes of base64 in either alphabet; `undefined` where it is none. */
function bytesOf(base64: string): readonly number[] | undefined {
  const body = base64.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  for (const character of body) {
    const digit = BASE64.indexOf(character);
    if (digit < 0) return undefined;
    bits = ((bits << 6) | digit) & 0xffffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push((bits >> count) & 0xff);
  }
  return bytes;
}

/** A macaroon of version 2 ends in its signature of 32 bytes. Source: github.com/rescrv/libmacaroons, "doc/format.txt". */
function isMacaroon(value: string): boolean {
  const bytes = bytesOf(value.replace(/^pypi-/, ""));
  return bytes !== undefined && bytes[0] === 2 && bytes.at(-34) === 6 && bytes.at(-33) === 32;
}

/** Base64 that is neither a checksum in hexadecimal digits nor a word. */
function isKeyText(value: string): boolean {
  return /[a-z]/.test(value) && /[A-Z]/.test(value) && /\d/.test(value) && isRandom(value);
}

/** The keys of the emulators of Azure's storage and database are the same for everybody. Source: learn.microsoft.com, "Azurite". */
const EMULATORS = /^(?:Eby8vdM02xNOcqFl|C2y6yDjf5\/R\+ob0N)/;

/** Words that stand where a password would. */
const WORD =
  /^(?:password|passwd|pass|pwd|pw|secret|token|user(?:name)?|admin|root|guest|test(?:ing)?|anonymous|git|oauth2?|x-oauth-basic|x-token-auth|x-access-token|basic|none|null|empty|foo|bar|baz|hunter2|letmein|postgres|mysql|redis|rabbitmq)\d*$/i;

/** A password that is written in an address. Those of machines that only the build sees are none of anybody's business. */
function passwordIn(value: string): Credential["certainty"] | undefined {
  const trivial = WORD.test(value) || EXAMPLE.test(value) || new Set(value).size < 4;
  return trivial ? undefined : "shaped";
}

const proven = (holds: (value: string) => boolean) => (value: string) =>
  holds(value) && !/^(\w+_)?(.)\2+$/.test(value) ? ("proven" as const) : undefined;

/** What may not stand beside a credential, because it would be a part of something longer. */
const BEFORE = "(?<![\\w+$-])";
const AFTER = "(?![\\w+=-])";

const format = (
  what: string,
  mark: string,
  pattern: string,
  certainty: Credential["certainty"] = "shaped",
  check?: Format["check"],
): Format => ({
  what,
  mark,
  pattern: new RegExp(`${BEFORE}${pattern}${AFTER}`, "g"),
  certainty,
  ...(check && { check }),
});

/**
 * Sources: the makers' own pages on the formats of their tokens, which most of them publish so that scanners can find them; for the rest,
 * docs.github.com, "Supported secret scanning patterns".
 */
const FORMATS: readonly Format[] = [
  format("a token of GitHub", "gh", "gh[pousr]_[A-Za-z0-9]{36}", "proven", proven(hasChecksum)),
  format("a token of GitHub", "github_pat_", "github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
  format("a token of npm", "npm_", "npm_[A-Za-z0-9]{36}", "proven", proven(hasChecksum)),
  format(
    "a token of PyPI",
    "pypi-AgE",
    "pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[\\w-]{50,2000}",
    "proven",
    proven(isMacaroon),
  ),
  format(
    "a token of GitLab",
    "gl",
    "gl(?:pat|dt|rt|ptt|cbt|agent|soat|ft|imt|oas)-[\\w-]{20,300}(?:\\.[0-9a-z.]{2,20})?",
  ),
  {
    what: "a secret access key of AWS",
    mark: "AKIA",
    // The key's public half is no secret: what counts is the other one near it.
    pattern: /(?<![\w+/])AKIA[A-Z2-7]{16}(?![\w+/=])[^\0]{1,300}?(?<![\w+/.-])(?<value>[A-Za-z0-9/+]{40})(?![\w+/=-])/g,
    certainty: "shaped",
    check: (value) => (isKeyText(value) ? "shaped" : undefined),
  },
  {
    what: "a secret access key of AWS",
    mark: "AKIA",
    pattern: /(?<![\w+/.-])(?<value>[A-Za-z0-9/+]{40})(?![\w+/=-])[^\0]{1,300}?(?<![\w+/])AKIA[A-Z2-7]{16}(?![\w+/=])/g,
    certainty: "shaped",
    check: (value) => (isKeyText(value) ? "shaped" : undefined),
  },
  format("a token of Slack", "xox", "xox[abeoprs]-\\d{8,14}-[\\w-]{20,200}"),
  format("a token of Slack", "xapp-", "xapp-\\d-[A-Z0-9]{8,14}-\\d{8,14}-[a-f0-9]{40,80}"),
  format(
    "a webhook of Slack",
    "hooks.slack.com/",
    "https://hooks\\.slack\\.com/(?:services|workflows|triggers)/(?<value>[A-Z0-9]{6,14}/[A-Z0-9]{6,16}/[A-Za-z0-9]{20,48})",
  ),
  format(
    "a webhook of Discord",
    "/api/webhooks/",
    "https://(?:\\w+\\.)?discord(?:app)?\\.com/api/webhooks/(?<value>\\d{17,20}/[\\w-]{60,72})",
  ),
  format("a key of Stripe", "k_live_", "[rs]k_live_[A-Za-z0-9]{24,120}"),
  format("a key of Google", "AIza", "AIza[\\w-]{35}", "guessed"),
  format("a key of SendGrid", "SG.", "SG\\.[\\w-]{22}\\.[\\w-]{43}"),
  format("a token of DigitalOcean", "_v1_", "do[opr]_v1_[a-f0-9]{64}"),
  format("a token of Docker Hub", "dckr_", "dckr_[po]at_[\\w-]{27,40}"),
  format("a token of Hugging Face", "hf_", "hf_[A-Za-z0-9]{34}"),
  // The middle is the base64 of the maker's name.
  format("a key of OpenAI", "T3BlbkFJ", "sk-(?:[a-z]{2,10}-)?[\\w-]{20,100}T3BlbkFJ[\\w-]{20,100}"),
  format("a key of Anthropic", "sk-ant-", "sk-ant-[a-z]{2,8}\\d{2}-[\\w-]{80,120}"),
  {
    what: "the key of an Azure storage account",
    mark: "AccountKey=",
    pattern: /AccountKey=(?<value>[A-Za-z0-9+/]{86}==)/g,
    certainty: "shaped",
    check: (value) => (isKeyText(value) && !EMULATORS.test(value) ? "shaped" : undefined),
  },
  format("a token of Azure DevOps", "AZDO", "[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"),
  format("a token of a Telegram bot", ":AA", "(?:bot)?(?<value>\\d{8,10}:AA[\\w-]{33})"),
  format("a token of Vault", "hvs.", "hvs\\.[\\w-]{90,150}"),
  format("a token of Shopify", "shp", "shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
  format("a token of RubyGems", "rubygems_", "rubygems_[a-f0-9]{48}"),
  format("a token of Grafana", "glsa_", "glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}"),
  format("a token of Databricks", "dapi", "dapi[a-f0-9]{32}(?:-\\d)?"),
  format("a token of Pulumi", "pul-", "pul-[a-f0-9]{40}"),
  format("a token of Linear", "lin_api_", "lin_api_[A-Za-z0-9]{40}"),
  format("a token of Netlify", "nfp_", "nfp_[A-Za-z0-9]{36}"),
  format("a token of Buildkite", "bk", "bk(?:ua|ct|pt)_[a-f0-9]{40}"),
  format("a token of SonarQube", "sq", "sq[pua]_[a-f0-9]{40}"),
  format("a token of Atlassian", "ATATT3", "ATATT3[\\w-]{100,250}=[A-F0-9]{8}"),
  format("a key of NuGet", "oy2", "oy2[a-z0-9]{43}"),
  format("a key of Postman", "PMAK-", "PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
  {
    what: "a token of Codecov",
    mark: "odecov",
    pattern:
      /codecov[^\n]{0,200}?\s(?:-t|--token)[ =]["']?(?<value>[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12})(?![\w-])/gi,
    certainty: "guessed",
  },
  {
    what: "a token of Codecov",
    mark: "CODECOV_TOKEN",
    pattern:
      /\bCODECOV_TOKEN["']?\s{0,9}[:=]\s{0,9}["']?(?<value>[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12})(?![\w-])/g,
    certainty: "guessed",
  },
  {
    what: "a password in an address",
    mark: "://",
    pattern:
      /\b(?:https?|ftps?|git|git\+https|ssh|sftp):\/\/[\w.%+~-]{1,100}:(?<value>[^\s:/?#@$<>{}[\]()|"'`\\%*]{6,200})@(?!(?:localhost|example|host|[\w-]+\.(?:example|test|local|invalid|localhost))\b)(?:[\w-]{1,63}\.)+[a-z]{2,24}(?![\w.-]*example)/gi,
    certainty: "shaped",
    check: passwordIn,
  },
];

const KEY_START = /-----BEGIN (?:(?:RSA|EC|DSA|OPENSSH) )?PRIVATE KEY-----/g;

/** The longest key that anybody uses, RSA of 16384 bits, has 12,600 characters. */
const LONGEST_KEY = 16_000;

/** Private keys whose structure is whole and that no password protects, over lines or with `\n` in a string. */
function privateKeysIn(text: string): readonly Credential[] {
  if (!text.includes("PRIVATE KEY-----")) return [];
  return [...text.matchAll(KEY_START)].flatMap(({ index, 0: head }): readonly Credential[] => {
    const from = index + head.length;
    const close = text.slice(from, from + LONGEST_KEY).indexOf("-----");
    const bytes = close < 0 ? undefined : bytesOf(text.slice(from, from + close).replace(/\\[nr]|\s/g, ""));
    if (bytes === undefined || !(head.includes("OPENSSH") ? isOpenSsh(bytes) : isSequence(bytes))) return [];
    return [{ span: { start: index, end: from + close }, what: "a private key", certainty: "shaped" }];
  });
}

/** A sequence of ASN.1 that is as long as it says. Source: RFC 5958, RFC 8017, ITU-T X.690. */
function isSequence(bytes: readonly number[]): boolean {
  const [tag, length = 0] = bytes;
  const width = length < 0x80 ? 0 : length & 0x7f;
  const size = width === 0 ? length : bytes.slice(2, 2 + width).reduce((sum, byte) => sum * 256 + byte, 0);
  return tag === 0x30 && width <= 3 && size >= 40 && 2 + width + size === bytes.length;
}

/** Source: github.com/openssh, "PROTOCOL.key": the name of the cipher follows the magic words. */
function isOpenSsh(bytes: readonly number[]): boolean {
  const start = String.fromCharCode(...bytes.slice(0, 23));
  return start === "openssh-key-v1\0\0\0\0\x04none" && bytes.length > 100;
}
