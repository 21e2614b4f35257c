import { type Reach, raising } from "./reach.ts";

/** "a", "a and b", "a, b and c", "a, b and 3 more". */
export function listed(names: readonly string[], most = 3): string {
  const shown = names.length > most ? [...names.slice(0, most - 1), `${names.length - most + 1} more`] : names;
  const [last, ...rest] = [...shown].reverse();
  if (last === undefined) return "";
  return rest.length === 0 ? last : `${rest.reverse().join(", ")} and ${last}`;
}

/** Text cut to a length that fits into a message. What only the run knows is an ellipsis in it. */
export function shortened(text: string, most = 80): string {
  const readable = text.replace(/‹[\d.]+›/g, "…");
  return readable.length <= most ? readable : `${readable.slice(0, most - 1)}…`;
}

/**
 * What code with this reach could have taken, as the end of a sentence; "" where nothing is within reach. Where some of it makes the
 * finding graver, the rest is left out; what one login holds stands together.
 */
export function theft(reach: Reach): string {
  const grave = raising(reach);
  const shown = grave.length > 0 ? grave : reach;
  const logins = new Map<string, string[]>();
  for (const { kind, name, scope } of shown)
    if (kind === "login") logins.set(scope, [...(logins.get(scope) ?? []), name]);
  return listed([
    ...shown.flatMap(({ kind, name }) => (kind === "login" ? [] : [name])),
    ...[...logins].map(([scope, names]) => `${scope} (${listed(names)})`),
  ]);
}
