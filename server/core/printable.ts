/**
 * Text from a file or a file's name, safe to print: characters that steer a terminal, turn the direction of writing or break the line
 * are shown as their code.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Surrogate}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]/gu,
    (character) => {
      return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
    },
  );
}
