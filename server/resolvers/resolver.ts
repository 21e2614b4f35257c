import type { Answer, Question } from "../core/index.ts";

/** What a resolver may use, and when it has to stop. */
export interface ResolveOptions {
  /** Aborted when the person cancels. A resolver then rejects with a {@link Refusal} whose code is "cancelled". */
  readonly signal?: AbortSignal;
}

/** The one door to the network. Everything that a question needs from outside is asked here, and only after a person's act. */
export interface Resolver {
  /** Answers, or rejects with a {@link Refusal} that names the real cause. */
  resolve(question: Question, options?: ResolveOptions): Promise<Answer>;
}

/** Why a question has no answer, in one plain sentence that is shown to the person as it is and never holds a secret. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Refusal";
    this.code = code;
  }
}

/** The kinds of refusal, for callers that treat some of them differently. */
export type RefusalCode =
  /** The person cancelled. */
  | "cancelled"
  /** The question itself cannot be asked: not an https address, a ref that git would not accept. Nothing was sent. */
  | "invalid"
  /** The name could not be resolved or no network leads to the host. */
  | "offline"
  /** The host refused the connection or broke it off. */
  | "connection"
  /** The proxy refused, wants credentials, or cannot be reached. */
  | "proxy"
  | "timeout"
  /** The certificate is not trusted or the TLS handshake failed. */
  | "tls"
  /** An HTTP status other than success that no other code names. */
  | "status"
  /** A redirect loop, too many redirects, or a redirect to another scheme. */
  | "redirect"
  | "private-address"
  | "too-large"
  /** The answer came but cannot be used: cut short, empty, a web page, different each time, not what was asked for. */
  | "content"
  | "not-found"
  | "authentication"
  /** git failed for a reason that no other code names. */
  | "git";
