import { staticText, type Word } from "./command.ts";

/** An option as a command line writes it. */
export interface Option {
  /** `-o`, `--output`. */
  readonly name: string;
  /** The word that holds it, alone or with other short options. */
  readonly word: Word;
  /** Where its letter or name begins in the word's text. */
  readonly at: number;
  readonly value: OptionValue | undefined;
}

/** The value of an option: the rest of its own word from `from` on, or the next word. */
export interface OptionValue {
  readonly word: Word;
  /** Offset into the word's text; 0 where the word is the value. */
  readonly from: number;
}

export interface CommandLine {
  readonly options: readonly Option[];
  readonly operands: readonly Word[];
}

export interface Grammar {
  /** Letters of short options that take a value. */
  readonly short: string;
  /** Names of long options that take a value. */
  readonly long: ReadonlySet<string>;
}

/** From `curl --help all` of curl 7.88 and 8. */
export const CURL: Grammar = {
  short: "AbcCdDeEFhHKmoPQrtTuUwxXyYz",
  long: names(
    "abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout connect-to continue-at cookie " +
      "cookie-jar create-file-mode crlfile curves data data-ascii data-binary data-raw data-urlencode delegation dns-interface dns-ipv4-addr " +
      "dns-ipv6-addr dns-servers doh-url dump-header egd-file engine etag-compare etag-save expect100-timeout form form-string ftp-account " +
      "ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms header help hostpubmd5 hostpubsha256 hsts " +
      "interface ip-tos ipfs-gateway json keepalive-cnt keepalive-time key key-type krb libcurl limit-rate local-port login-options mail-auth " +
      "mail-from mail-rcpt max-filesize max-redirs max-time netrc-file noproxy oauth2-bearer output output-dir parallel-max pass pinnedpubkey " +
      "preproxy proto proto-default proto-redir proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile " +
      "proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype " +
      "proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 pubkey quote random-file range rate referer request request-target resolve retry " +
      "retry-delay retry-max-time sasl-authzid service-name socks4 socks4a socks5 socks5-gssapi-service socks5-hostname speed-limit " +
      "speed-time stderr telnet-option tftp-blksize time-cond tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii " +
      "trace-config unix-socket upload-file url url-query user user-agent variable vlan-priority write-out",
  ),
};

/** From `wget --help` of GNU Wget 1.21 and 1.25. */
export const WGET: Grammar = {
  short: "aABDeiIlnoOPQRtTUwX",
  long: names(
    "accept accept-regex append-output base bind-address body-data body-file ca-certificate ca-directory certificate certificate-type " +
      "ciphers compression config connect-timeout crl-file cut-dirs default-page directory-prefix dns-timeout domains exclude-directories " +
      "exclude-domains execute follow-tags header http-password http-user ignore-tags include-directories input-file level limit-rate " +
      "load-cookies local-encoding max-redirect method output-document output-file password pinnedpubkey post-data post-file prefer-family " +
      "private-key private-key-type progress proxy-password proxy-user quota read-timeout referer regex-type reject reject-regex " +
      "rejected-log remote-encoding report-speed restrict-file-names retry-on-http-error save-cookies secure-protocol start-pos timeout " +
      "tries user user-agent wait waitretry",
  ),
};

/** Reads `-abc value`, `-ovalue`, `--name value`, `--name=value` and `--`, each with its place. */
export function readOptions(words: readonly Word[], grammar: Grammar): CommandLine {
  const options: Option[] = [];
  const operands: Word[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    if (word === undefined) break;
    const text = leadingText(word);
    if (staticText(word) === "--") return { options, operands: [...operands, ...words.slice(index + 1)] };
    const next = (): OptionValue | undefined => {
      const value = words[++index];
      return value && { word: value, from: 0 };
    };
    if (text.startsWith("--")) options.push(longOption(word, text, grammar, next));
    else if (text.startsWith("-") && text !== "-") options.push(...shortOptions(word, text, grammar, next));
    else operands.push(word);
  }
  return { options, operands };
}

function longOption(word: Word, text: string, grammar: Grammar, next: () => OptionValue | undefined): Option {
  const equals = text.indexOf("=");
  if (equals >= 0) return { name: text.slice(0, equals), word, at: 0, value: { word, from: equals + 1 } };
  return { name: text, word, at: 0, value: grammar.long.has(text) ? next() : undefined };
}

function shortOptions(
  word: Word,
  text: string,
  grammar: Grammar,
  next: () => OptionValue | undefined,
): readonly Option[] {
  const options: Option[] = [];
  for (let at = 1; at < text.length; at++) {
    const letter = text[at] ?? "";
    const valued = grammar.short.includes(letter);
    const attached = at + 1 < text.length || text !== staticText(word);
    options.push({
      name: `-${letter}`,
      word,
      at,
      value: !valued ? undefined : attached ? { word, from: at + 1 } : next(),
    });
    if (valued) break;
  }
  return options;
}

/** The text that a word begins with, up to the first piece that only the run knows. */
export function leadingText(word: Word): string {
  let text = "";
  for (const part of word.parts) {
    if (part.kind !== "text") break;
    text += part.value;
  }
  return text;
}

/** The value's text where it is known. */
export function valueText(value: OptionValue | undefined): string | undefined {
  return value && staticText(value.word)?.slice(value.from);
}

function names(list: string): ReadonlySet<string> {
  return new Set(list.split(" ").map((name) => `--${name}`));
}
