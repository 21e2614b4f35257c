import type { ForeignCode, Loss } from "../core/index.ts";
import type { Block, Inline, Item } from "./document.ts";
import type { LocatedStep } from "./inventory.ts";
import { counted, isRevocable, join, listOf, nameOf, stateOf, stepLine } from "./wording.ts";

/** How the map is ordered. */
export type Order = "secret" | "step";

/** Which code reaches which secret, for a person. */
export function secretsReport(
  secrets: readonly Loss<LocatedStep>[],
  steps: readonly LocatedStep[],
  order: Order,
): readonly Block[] {
  return [
    { title: ["Secrets and the code that reaches them"] },
    { paragraph: [{ strong: summary(secrets) }] },
    ...(order === "secret" ? secrets.flatMap(ofSecret) : ofSteps(steps)),
  ];
}

/** "5 secrets, 3 of them within reach of code that nobody pinned." */
export function summary(secrets: readonly Loss<LocatedStep>[]): string {
  const named = secrets.filter(isRevocable);
  const count = named.filter(({ now, later }) => [...now, ...later].some(isOpen)).length;
  if (named.length === 0) return "No secret that a file names is within reach of any step.";
  const open = count === 0 ? "none" : count === named.length ? "each" : `${count}`;
  return `${counted(named.length, "secret")}, ${open} of them within reach of code that nobody pinned.`;
}

function isOpen({ foreign }: LocatedStep): boolean {
  return foreign.some(({ state }) => state === "mutable");
}

function ofSecret({ secret, systems, now, later }: Loss<LocatedStep>): readonly Block[] {
  return [
    { heading: [nameOf(secret), ` (${listOf(systems)})`] },
    {
      list: [
        ...now.map((step) => reader(step, secret.name)),
        ...later.map((step) => ({
          line: [...stepLine(step), ", by changing what later steps of the job run"],
          items: codesOf(step),
        })),
      ],
    },
  ];
}

function reader(step: LocatedStep, name: string): Item {
  const secret = step.now.find((each) => each.name === name);
  const grant: readonly Inline[] =
    secret?.place === undefined
      ? [`, handed out by ${step.system}`]
      : [`, granted by ${secret.scope} at `, { spot: step.spotOf(secret.place) }];
  return { line: [...stepLine(step), ...grant], items: codesOf(step) };
}

function ofSteps(steps: readonly LocatedStep[]): readonly Block[] {
  const list = steps
    .filter(({ now, later }) => now.length + later.length > 0)
    .map(
      (step): Item => ({
        line: stepLine(step),
        items: [
          ...(step.now.length === 0 ? [] : [{ line: ["reads ", ...names(step.now)] }]),
          ...(step.later.length === 0 ? [] : [{ line: ["could take later ", ...names(step.later)] }]),
          ...codesOf(step),
        ],
      }),
    );
  return list.length === 0 ? [] : [{ list }];
}

function names(secrets: LocatedStep["now"]): readonly Inline[] {
  return join(secrets.map(nameOf));
}

/** What runs in a step, one entry for each kind of code. */
function codesOf(step: LocatedStep): readonly Item[] {
  const files = new Map(step.own.map((place) => [place.path, place]));
  const own = [...files.values()].map((place): Inline => ({ file: step.spotOf(place) }));
  return [
    ...(own.length === 0 ? [] : [{ line: ["own code in ", ...join(own)] }]),
    ...step.foreign.map((code: ForeignCode) => ({
      line: [
        `${code.kind === "script" ? "script" : code.kind} `,
        { code: code.text },
        `, ${stateOf(code)}, at `,
        { spot: step.spotOf(code.place) },
      ],
    })),
  ];
}
