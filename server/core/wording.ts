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
 * finding graver, other names are left out; what one login holds stands together, and what no line of the file names stands last.
 */
export function theft(reach: Reach): string {
  const outside = reach.filter(({ kind, name }) => kind === "settings" && name.startsWith("every "));
  const grave = raising(reach);
  const shown = grave.length > 0 ? grave : reach.filter((each) => !outside.includes(each));
  const logins = new Map<string, string[]>();
  for (const { kind, name, scope } of shown)
    if (kind === "login") logins.set(scope, [...(logins.get(scope) ?? []), name]);
  const named = listed([
    ...shown.flatMap(({ kind, name }) => (kind === "login" ? [] : [name])),
    ...[...logins].map(([scope, names]) => `${scope} (${listed(names)})`),
  ]);
  const unnamed = listed(outside.map(({ name }) => name));
  return named === "" || unnamed === "" ? `${named}${unnamed}` : `${named}, and ${unnamed}`;
}
