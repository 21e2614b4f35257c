import type { ScriptChange } from "../model.ts";
import type { NoFix } from "../rule.ts";
import type { Span } from "../text.ts";
import { type Block, type Chain, staticText } from "./command.ts";
import { anchorAt, isHarmless, runsApart } from "./pin-anchor.ts";
import { mentions, type PinFile } from "./pin-file.ts";
import { checkLine, layoutOf, quotingOf, staysOneLine } from "./pin-guard.ts";
import { commandsOf, type Found, type OperandStep, type StatementStep, type Step } from "./pin-path.ts";
import { indentAt, insert, isRefusal, lineBefore, type PinSite, refuse } from "./pin-site.ts";

/** Where the check of a file goes that a download of the author's already writes. */
export type CheckPlace =
  /** In front of a statement. */
  | { readonly kind: "before"; readonly path: readonly Step[]; readonly step: StatementStep }
  /** Behind the last statement of a list. */
  | { readonly kind: "after"; readonly path: readonly Step[]; readonly step: StatementStep }
  /** In the place of the `&&` behind the download. */
  | { readonly kind: "between"; readonly path: readonly Step[]; readonly step: OperandStep; readonly operator: number }
  /** Into braces around the download, which runs only under a condition, and the other downloads that stand in for it. */
  | { readonly kind: "around"; readonly path: readonly Step[]; readonly step: OperandStep; readonly last: number };

/**
 * Where the check goes: behind the download, in front of the first statement that touches the file.
 *
 * @param path the way down to the download
 */
export function checkPlace(site: PinSite, path: readonly Step[], file: PinFile): CheckPlace | NoFix {
  const last = path.at(-1);
  if (last?.kind === "operand") {
    const place = placeInChain(path, last);
    if (place !== undefined) return isRefusal(place) ? place : secured(site, place, file);
  }
  const at = path.findLastIndex((step) => step.kind === "statement");
  const place = placeBehind(site, path, at, file, false);
  return isRefusal(place) ? place : secured(site, place, file);
}

/** The changes that put the check there. */
export function checkChanges(
  site: PinSite,
  place: CheckPlace,
  file: PinFile,
  sha256: string,
): readonly ScriptChange[] | NoFix {
  const { path, step } = place;
  const quoting = quotingOf(site, path);
  if (isRefusal(quoting)) return quoting;
  const check = checkLine(site, sha256, file, quoting.level);
  if (place.kind === "before" || place.kind === "around") return checkInLayout(site, place, check);
  const oneLine = staysOneLine(
    site,
    quoting.level,
    step.kind === "operand" ? step.node.span.start : step.statement.span.end,
  );
  if (place.kind === "after") return [insertBehind(site, place.step, check, oneLine)];
  const span = gapBehind(place.step.node, place.operator);
  const separator = oneLine ? "; " : `\n${indentAt(site.text, place.step.node.span.start)}`;
  return [{ span, text: `${separator}${check}${separator}` }];
}

function checkInLayout(
  site: PinSite,
  place: Extract<CheckPlace, { kind: "before" | "around" }>,
  check: string,
): readonly ScriptChange[] | NoFix {
  const layout = layoutOf(site, anchorAt(place.path, place.step, place.kind === "around" ? place.last : undefined));
  if (isRefusal(layout)) return layout;
  if (place.kind === "before") return [layout.before, insert(layout.before.span.end, check + layout.separator)];
  const end = layout.after?.span.end ?? 0;
  return [layout.before, insert(end, layout.separator + check), ...(layout.after ? [layout.after] : [])];
}

/** True where a later command already compares the file with a checksum list. */
export function isChecked(site: PinSite, fetch: Span, file: PinFile): boolean {
  return comparisonsOf(site).some(({ path, command }) => {
    if (command.span.start < fetch.end) return false;
    const stage = path.findLast((step) => step.kind === "stage");
    const { start, end } = stage?.node.span ?? command.span;
    return mentions(site.text.slice(start, end), file);
  });
}

const COMPARISONS = new WeakMap<Block, readonly Found[]>();

/** Commands that compare files with a list of checksums, looked for once in each script. */
function comparisonsOf(site: PinSite): readonly Found[] {
  const known = COMPARISONS.get(site.program);
  if (known !== undefined) return known;
  const found = commandsOf(site).filter(({ command: { words } }) => {
    const tool = words.some((word) => /(?:^|\/)(?:g?(?:sha\d*|md5|b2)sum|shasum)$/.test(staticText(word) ?? ""));
    return tool && words.some((word) => /^(?:-[a-z]*c|--check)$/.test(staticText(word) ?? ""));
  });
  COMPARISONS.set(site.program, found);
  return found;
}

function placeInChain(path: readonly Step[], step: OperandStep): CheckPlace | NoFix | undefined {
  const { node, index } = step;
  const alternative = node.operators.slice(0, index).every((operator) => operator === "||");
  if (!alternative || !node.operands.slice(0, index).every(isFetch)) {
    const other = node.operands.findIndex(
      (operand, at) => at > index && (node.operators[at - 1] !== "||" || !isFetch(operand)),
    );
    return { kind: "around", path, step, last: (other < 0 ? node.operands.length : other) - 1 };
  }
  const operator = node.operators.indexOf("&&", index);
  if (operator < 0) return undefined;
  const above = path[path.length - 2];
  const asked = path[path.length - 3];
  if (above?.kind !== "statement") return refuse(TANGLED);
  return asked?.kind === "condition" && asked.node.kind === "loop"
    ? refuse(TANGLED)
    : { kind: "between", path, step, operator };
}

const TANGLED =
  "No check fits between this download and its use; download and verify the file with commands of their own before it, then run it.";

function isFetch(node: Chain["operands"][number]): boolean {
  return node.kind === "command" && node.words.some((word) => /(?:^|\/)(?:curl|wget)$/.test(staticText(word) ?? ""));
}

/**
 * Looks through what follows the statement at an index of the path.
 *
 * @param named true where only a statement that names the file will do
 */
function placeBehind(
  site: PinSite,
  path: readonly Step[],
  at: number,
  file: PinFile,
  named: boolean,
): CheckPlace | NoFix {
  const step = path[at];
  if (step?.kind !== "statement") return refuse(TANGLED);
  if (step.statement.background)
    return refuse(
      "The download runs in the background, so the file may not be there yet; take the & away, then pin it.",
    );
  const above = path[at - 1];
  const here = path.slice(0, at);
  const { block, index } = step;
  for (let next = index + 1; next < block.statements.length; next++) {
    const statement = block.statements[next];
    if (statement === undefined) break;
    const before = (position: number): CheckPlace | NoFix => {
      const target = block.statements[position];
      if (target === undefined) return refuse(TANGLED);
      const found: StatementStep = { kind: "statement", block, index: position, statement: target };
      return { kind: "before", path: [...here, found], step: found };
    };
    if (mentions(site.text.slice(statement.span.start, statement.span.end), file)) return before(next);
    if (!isHarmless(statement)) return named ? refuse(TANGLED) : before(index + 1);
  }
  if (above?.kind === "condition") return placeBehindCondition(site, path, at - 1, file);
  if (named) return refuse(TANGLED);
  if (above?.kind === "word" || above?.kind === "string" || above?.kind === "body")
    return { kind: "after", path: path.slice(0, at + 1), step };
  const next = block.statements[index + 1];
  if (next === undefined) return { kind: "after", path: path.slice(0, at + 1), step };
  const found: StatementStep = { kind: "statement", block, index: index + 1, statement: next };
  return { kind: "before", path: [...here, found], step: found };
}

/** `if curl -o f U; then bash f; fi`: into the branch that uses the file; else in front of a later statement that does. */
function placeBehindCondition(site: PinSite, path: readonly Step[], at: number, file: PinFile): CheckPlace | NoFix {
  const step = path[at];
  if (step?.kind !== "condition") return refuse(TANGLED);
  const below = path[at + 1];
  const negated = below?.kind === "statement" && below.statement.node.kind === "pipe" && below.statement.node.negated;
  if (step.node.kind === "if" && !negated) {
    const block = step.node.branches[step.branch]?.body;
    const first = block?.statements[0];
    if (
      block !== undefined &&
      first !== undefined &&
      block.statements.some(({ span }) => mentions(site.text.slice(span.start, span.end), file))
    ) {
      const found: StatementStep = { kind: "statement", block, index: 0, statement: first };
      return {
        kind: "before",
        path: [...path.slice(0, at), { kind: "body", node: step.node, branch: step.branch }, found],
        step: found,
      };
    }
  }
  if (step.node.kind === "if" && step.branch > 0) return refuse(TANGLED);
  return placeBehind(
    site,
    path,
    path.slice(0, at).findLastIndex((each) => each.kind === "statement"),
    file,
    true,
  );
}

/**
 * Where the check runs in a shell of its own, its `exit` ends only that shell: the use of the file has to be there too.
 */
function secured(site: PinSite, place: CheckPlace, file: PinFile): CheckPlace | NoFix {
  const { path } = place;
  if (!runsApart(site, path)) return place;
  const list = path.findLast((step) => step.kind === "statement");
  const end = list?.block.span.end ?? 0;
  const from =
    place.kind === "before"
      ? (list?.statement.span.start ?? end)
      : place.kind === "after"
        ? end
        : gapBehind(place.step.node, place.kind === "between" ? place.operator : place.last).start;
  if (mentions(site.text.slice(from, end), file)) return place;
  return refuse(
    "The file is downloaded in a shell of its own and run outside of it, where a failing check would be lost; put download and run into the same list of commands.",
  );
}

function gapBehind(node: Chain, index: number): Span {
  const start = node.operands[index]?.span.end ?? node.span.end;
  return { start, end: node.operands[index + 1]?.span.start ?? start };
}

/** Behind the statement, and behind a comment at the end of its line. */
function insertBehind(
  site: PinSite,
  { statement, block }: StatementStep,
  check: string,
  oneLine: boolean,
): ScriptChange {
  const { text } = site;
  const { start, end } = statement.span;
  if (oneLine) return insert(end, `; ${check}`);
  const rest = /^[ \t]*(?:#[^\n]*)?(?=\n|$)/.exec(text.slice(end))?.[0];
  const first = block.statements[0]?.span.start ?? start;
  const indent = indentAt(text, start) + (lineBefore(text, first).trim() === "" ? "" : "  ");
  return insert(rest?.includes("#") ? end + rest.length : end, `\n${indent}${check}`);
}
