import { Hover, MarkdownString } from "vscode";
import type { HoverMiddleware } from "vscode-languageclient";

/** The one command that a link of our hovers may run. Whatever else stood in a hover as a command would be dead text. */
const COMMANDS = ["pipewarden.verifyPins"];

/** Lets the links of our hovers verify pins. As the middleware of a language client. */
export const provideHover: NonNullable<HoverMiddleware["provideHover"]> = async (document, position, token, next) => {
  const hover = await next(document, position, token);
  if (!hover) return hover;
  const contents = hover.contents.map((content) => (content instanceof MarkdownString ? trusting(content) : content));
  return new Hover(contents, hover.range);
};

function trusting({ value }: MarkdownString): MarkdownString {
  const markdown = new MarkdownString(value);
  markdown.isTrusted = { enabledCommands: COMMANDS };
  return markdown;
}
