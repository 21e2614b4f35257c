import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv, type ErrorObject } from "ajv";
import addFormats from "ajv-formats";

/**
 * A check of a document against the JSON schema of SARIF 2.1.0, as Microsoft's matchers for jest carry it. Returns what is wrong.
 */
export function sarifChecker(): (document: unknown) => readonly ErrorObject[] {
  const file = createRequire(import.meta.url).resolve("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
  // The schema is written in draft 4, which differs from what ajv reads in the name of one key alone, as far as this schema goes.
  const { $schema: _, id: $id, ...schema } = JSON.parse(readFileSync(file, "utf8"));
  // One of its patterns is none that the u flag takes.
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats(ajv);
  const validate = ajv.compile({ $id, ...schema });
  return (document) => (validate(document) ? [] : (validate.errors ?? []));
}
