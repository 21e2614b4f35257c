import { createHash } from "node:crypto";
import type { Question, ScriptHashAnswer } from "../core/index.ts";
import { type HttpOptions, type HttpResponse, httpRequest, shownUrl, statusRefusal } from "./http.ts";
import { Refusal, type ResolveOptions } from "./resolver.ts";

/**
 * Fetches a script twice and hashes its raw bytes. Rejects with a {@link Refusal} where the status is not 200, the body is
 * empty, a web page, or not the same both times. The text is "" where the bytes are not UTF-8, such as an archive's.
 */
export async function answerScriptHash(
  question: Extract<Question, { kind: "scriptHash" }>,
  options: HttpOptions & ResolveOptions = {},
): Promise<ScriptHashAnswer> {
  const first = await fetchScript(question.url, options);
  const second = await fetchScript(question.url, options);
  const [sha256, sha384, sha512] = [hash(first.body), hash(first.body, "sha384"), hash(first.body, "sha512")];
  if (hash(second.body) !== sha256) {
    throw contentRefusal(first, "answers differently each time, so a hash of it would not hold.");
  }
  return { kind: "scriptHash", sha256, sha384, sha512, finalUrl: first.finalUrl, text: textOf(first.body) };
}

async function fetchScript(url: string, options: HttpOptions & ResolveOptions): Promise<HttpResponse> {
  const response = await httpRequest(url, options);
  if (response.status !== 200) throw statusRefusal(response.finalUrl, response);
  if (response.body.length === 0) throw contentRefusal(response, "is empty: there is nothing to pin.");
  if (isWebPage(response)) throw contentRefusal(response, "is a web page, not a script.");
  return response;
}

function contentRefusal(response: HttpResponse, what: string): Refusal {
  return new Refusal("content", `${shownUrl(new URL(response.finalUrl))} ${what}`);
}

/** A body that begins with `#!` is a script whatever its type: some hosts label everything as HTML. */
function isWebPage(response: HttpResponse): boolean {
  const start = Buffer.from(response.body.subarray(0, 1024))
    .toString("latin1")
    .replace(/^\u00ef\u00bb\u00bf/u, "")
    .trimStart();
  if (start.startsWith("#!")) return false;
  return /^text\/html\b/iu.test(response.headers["content-type"] ?? "") || /^<(!doctype\s+html|html)\b/iu.test(start);
}

function hash(body: Uint8Array, algorithm: "sha256" | "sha384" | "sha512" = "sha256"): string {
  return createHash(algorithm).update(body).digest("hex");
}

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return "";
  }
}
