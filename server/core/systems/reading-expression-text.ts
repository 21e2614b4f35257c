// The expressions of GitHub Actions, as far as it takes to tell whose text can come out of one.

/** A value that an expression reads, such as `github.event.issue.title`: its names in lower case, `*` for every index. */
export interface ReadValue {
  readonly path: readonly string[];
  /** True where the value is written out with everything in it: `toJSON(github.event)`. */
  readonly whole: boolean;
}

/**
 * The values whose text the result of an expression can hold. A comparison is true or false whatever it compares, and of `a && b` only `b`
 * has text. What cannot be read gives none. Source: docs.github.com, "Evaluate expressions in workflows and actions".
 *
 * @param expression with or without `${{` and `}}`
 */
export function textSources(expression: string): readonly ReadValue[] {
  const tokens = tokensOf(expression.replace(/^\s*\$\{\{|\}\}\s*$/g, ""));
  if (tokens === undefined) return [];
  const reader: Reader = { tokens, at: 0, depth: 0 };
  const found = either(reader);
  return found === undefined || reader.at < tokens.length ? [] : found;
}

interface Reader {
  readonly tokens: readonly string[];
  at: number;
  depth: number;
}

type Found = readonly ReadValue[] | undefined;

const TOKEN =
  /\s+|'(?:[^']|'')*'|[A-Za-z_][\w-]*|-?(?:0x[\da-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|\|\||&&|[=!<>]=|[.,()[\]!<>*]/y;

const MAX_TOKENS = 2000;
const MAX_DEPTH = 50;

function tokensOf(text: string): readonly string[] | undefined {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined || tokens.length > MAX_TOKENS) return undefined;
    if (token.trim() !== "") tokens.push(token);
  }
  return tokens;
}

function take(reader: Reader, ...tokens: readonly string[]): string | undefined {
  const token = reader.tokens[reader.at];
  if (token === undefined || !tokens.includes(token)) return undefined;
  reader.at++;
  return token;
}

function either(reader: Reader): Found {
  if (++reader.depth > MAX_DEPTH) return undefined;
  let found = both(reader);
  while (found !== undefined && take(reader, "||")) {
    const next: Found = both(reader);
    found = next && [...found, ...next];
  }
  reader.depth--;
  return found;
}

function both(reader: Reader): Found {
  let found = compared(reader);
  while (found !== undefined && take(reader, "&&")) found = compared(reader);
  return found;
}

function compared(reader: Reader): Found {
  let found = negated(reader);
  while (found !== undefined && take(reader, "==", "!=", "<", "<=", ">", ">="))
    found = negated(reader) === undefined ? undefined : [];
  return found;
}

function negated(reader: Reader): Found {
  let count = 0;
  while (take(reader, "!")) count++;
  const found = value(reader);
  return found !== undefined && count > 0 ? [] : found;
}

function value(reader: Reader): Found {
  const token = reader.tokens[reader.at];
  if (token === undefined) return undefined;
  reader.at++;
  if (token === "(") {
    const inner = either(reader);
    return take(reader, ")") ? inner : undefined;
  }
  if (/^['\d-]/.test(token)) return [];
  if (!/^[A-Za-z_]/.test(token)) return undefined;
  return take(reader, "(") ? called(reader, token.toLowerCase()) : dereferenced(reader, token.toLowerCase());
}

/** Functions whose result is no text of their arguments. */
const TELLING = /^(?:contains|startswith|endswith|hashfiles|success|failure|always|cancelled)$/;

function called(reader: Reader, name: string): Found {
  const args: ReadValue[] = [];
  if (!take(reader, ")")) {
    do {
      const argument = either(reader);
      if (argument === undefined) return undefined;
      args.push(...argument);
    } while (take(reader, ","));
    if (!take(reader, ")")) return undefined;
  }
  // What is taken out of a parsed value is a part of its text.
  if (path(reader) === undefined) return undefined;
  if (TELLING.test(name)) return [];
  return name === "tojson" ? args.map((each) => ({ ...each, whole: true })) : args;
}

function dereferenced(reader: Reader, name: string): Found {
  if (/^(?:true|false|null|nan|infinity)$/.test(name)) return [];
  const rest = path(reader);
  return rest && [{ path: [name, ...rest], whole: false }];
}

/** `.name`, `.*`, `['name']`, `[0]`, and an index that only the run knows. */
function path(reader: Reader): readonly string[] | undefined {
  const names: string[] = [];
  for (;;) {
    if (take(reader, ".")) {
      const name = reader.tokens[reader.at++];
      if (name === undefined || !/^(?:\*|[A-Za-z_][\w-]*)$/.test(name)) return undefined;
      names.push(name.toLowerCase());
    } else if (take(reader, "[")) {
      const token = reader.tokens[reader.at] ?? "";
      if (either(reader) === undefined && token !== "*") return undefined;
      take(reader, "*");
      if (!take(reader, "]")) return undefined;
      names.push(token.startsWith("'") ? token.slice(1, -1).toLowerCase() : "*");
    } else return names;
  }
}
