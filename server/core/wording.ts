import { namedSecrets, type Reach } from "./reach.ts";

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

/** What code with this reach could have taken, as the end of a sentence; "" where nothing is within reach. */
export function theft(reach: Reach): string {
  const named = namedSecrets(reach);
  const shown = named.length > 0 ? named : reach;
  return shown.length === 0 ? "" : listed(shown.map((secret) => secret.name));
}
