import type { Span } from "../text.ts";
import { type Assignment, type Command, type Part, staticText, type Word } from "./command.ts";
import { type Cursor, inside, skipSpace, spanFrom } from "./powershell-lexis.ts";
import { spanOf, stagesOf, toWord, type Yield } from "./powershell-yield.ts";

// Assignments of PowerShell. Source: about_Assignment_Operators.

/** What an assignment goes to. */
interface Target {
  readonly name: string;
  /** True where what was in it stays. */
  readonly part: boolean;
}

/** Reads the right side of an assignment, from behind its operator; `append` where that is `+=`. */
export function readAssignment(cursor: Cursor, start: number, left: Yield, append: boolean): Command {
  skipSpace(cursor);
  const inner = inside(cursor, cursor.at, cursor.end);
  const value = inner.at < inner.end ? inner.context.statement(inner) : undefined;
  cursor.at = inner.at;
  const span = spanFrom(cursor, start);
  const targets = targetsOf(left);
  const empty: Word = { span: { start: span.end, end: span.end }, parts: [] };
  const chained =
    value?.kind === "node" && value.node.kind === "command" && value.node.words.length === 0
      ? value.node.assignments
      : [];
  const assignments = targets.flatMap(({ name, part }, index): readonly Assignment[] => {
    const set = (to: string, word: Word): Assignment => ({
      span,
      name: to,
      value: word,
      elements: [],
      append: append || part,
    });
    const before =
      chained.at(-1) ?? (index > 0 && value?.kind !== "list" ? { name: targets[0]?.name ?? "" } : undefined);
    if (before !== undefined)
      return [set(name, variableWord(before.name, value === undefined ? empty.span : spanOf(value)))];
    if (value?.kind === "list" && targets.length === 1)
      return [{ span, name, value: undefined, elements: value.items, append: append || part }];
    if (value?.kind === "list") return [set(name, value.items[index] ?? empty)];
    const entries = value?.kind === "table" ? value.entries : [];
    return [
      set(name, value === undefined ? empty : toWord(value)),
      ...entries.map((entry) => set(`${name}.${entry.name}`, entry.value)),
    ];
  });
  return { kind: "command", span, assignments: [...chained, ...assignments], words: [], redirects: [] };
}

function variableWord(name: string, span: Span): Word {
  return { span, parts: [{ kind: "variable", span, name, quoted: true, operator: undefined, operand: undefined }] };
}

/** The variables on the left of an assignment: `$x`, `$x.y`, `$x['y']`, `[Type]::Name`, lists of them. */
function targetsOf(left: Yield): readonly Target[] {
  if (left.kind === "word") return left.word.parts.flatMap(targetOf);
  if (left.kind === "list") return left.items.flatMap(({ parts }) => parts.flatMap(targetOf));
  const stages = left.kind === "node" ? stagesOf(left) : [];
  const [owner, step] = stages.map((stage) => (stage.kind === "command" ? stage.words : []));
  const written = staticText(owner?.[0]);
  if (owner !== undefined && stages.length === 1 && written?.startsWith("["))
    return [{ name: written.toLowerCase(), part: false }];
  const [target] = owner?.[1]?.parts.flatMap(targetOf) ?? [];
  if (target === undefined) return [{ name: "", part: true }];
  const key = /^\[\s*['"]?([\w.-]+)['"]?\s*\]$/.exec(staticText(step?.[0]) ?? "")?.[1];
  return [
    key === undefined || stages.length > 2
      ? { name: target.name, part: true }
      : { name: `${target.name}.${key.toLowerCase()}`, part: false },
  ];
}

function targetOf(part: Part): readonly Target[] {
  if (part.kind !== "variable") return [];
  const property = staticText(part.operand)?.toLowerCase();
  return [
    { name: part.operator === "." && property !== undefined ? `${part.name}.${property}` : part.name, part: false },
  ];
}
