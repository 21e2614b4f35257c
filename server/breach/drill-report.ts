import type { Drill, DrilledStep, ForeignCode, GrantedSecret, Loss } from "../core/index.ts";
import type { Block, Inline, Item } from "./document.ts";
import type { LocatedStep } from "./inventory.ts";
import { counted, isRevocable, join, listOf, nameOf, SETTINGS, stepLine } from "./wording.ts";

/** What a drill found, for a person: who would have run it, what that could have taken, and what to do. */
export function drillReport(drill: Drill<LocatedStep>): readonly Block[] {
  const { party, exposed, held, unknown, losses, related } = drill;
  return [
    { title: ["Breach drill: ", { code: party.text }] },
    { paragraph: [{ strong: headline(drill) }] },
    ...section("Steps that would have run it", exposed.map(exposure)),
    ...section("What to revoke", losses.filter(isRevocable).map(loss)),
    ...section("Outside of these files", exposed.length === 0 ? [] : outside(losses)),
    ...section("Cannot tell", unknown.map(doubt)),
    ...section("Would not have been affected", held.map(protection)),
    ...(related.length === 0 ? [] : [{ paragraph: advice(related) }]),
  ];
}

/** "3 steps in 2 files would have run code of codecov.io and could have read 5 secrets." */
function headline({ party, exposed, held, unknown, losses }: Drill<LocatedStep>): string {
  const files = new Set(exposed.flatMap(({ step, codes }) => codes.map(({ place }) => step.identify(place.path))));
  const secrets = losses.filter(isRevocable);
  const taken = secrets.length === 0 ? "no secret that a file names" : counted(secrets.length, "secret");
  const more = losses.some(({ secret }) => secret.kind === "settings")
    ? ", and what is configured in the settings"
    : "";
  if (exposed.length > 0)
    return `${counted(exposed.length, "step")} in ${counted(files.size, "file")} would have run code of ${party.text} and could have taken ${taken}${more}.`;
  const safe =
    held.length === 0 ? "" : ` ${counted(held.length, "step")} with code of it would not have been affected.`;
  const open = unknown.length === 0 ? "" : ` Of ${counted(unknown.length, "step")} only the run knows.`;
  return `No step is known that would have run altered code of ${party.text}.${safe}${open}`;
}

function section(heading: string, list: readonly Item[]): readonly Block[] {
  return list.length === 0 ? [] : [{ heading: [heading] }, { list }];
}

function advice(related: readonly string[]): readonly Inline[] {
  const owners = join(related.map((each) => ({ code: each })));
  return ["Code of ", ...owners, " comes from the same maker and is worth a drill of its own."];
}

function exposure({ step, codes }: DrilledStep<LocatedStep>): Item {
  const { now, later } = step;
  const nothing: Item = { line: ["could have read no secret that Pipewarden knows of"] };
  return {
    line: stepLine(step),
    items: [
      ...codes.map((code) => runs(step, code)),
      ...(now.length === 0
        ? [nothing]
        : [{ line: ["could have read at once:"], items: now.map((each) => granted(step, each)) }]),
      ...(later.length === 0
        ? []
        : [
            {
              line: ["could have taken later, by changing what later steps of the job run:"],
              items: later.map((each) => granted(step, each)),
            },
          ]),
    ],
  };
}

function runs(step: LocatedStep, { kind, text, place, state, pin }: ForeignCode): Item {
  const what = kind === "script" ? "" : `the ${kind} `;
  const exact = state === "pinned" ? `, pinned to the very ${pin ?? "version"}` : "";
  return { line: [`runs ${what}`, { code: text }, exact, " at ", { spot: step.spotOf(place) }] };
}

function granted(step: LocatedStep, secret: GrantedSecret): Item {
  const { scope, place, writes } = secret;
  const rights = writes ? ", which may change things" : "";
  const by = place === undefined ? `, handed out by ${step.system}` : `, granted by ${scope} at `;
  return {
    line: [nameOf(secret), by, ...(place === undefined ? [] : [{ spot: step.spotOf(place) }]), rights],
  };
}

function loss({ secret, systems, now, later }: Loss<LocatedStep>): Item {
  const left = secret.kind === "login" ? ", left behind by a login" : "";
  return {
    line: [
      nameOf(secret),
      ` (${listOf(systems)}${left}): `,
      ...(now.length === 0 ? [] : ["read by ", ...places(now)]),
      ...(now.length > 0 && later.length > 0 ? ["; "] : []),
      ...(later.length === 0 ? [] : ["taken later from ", ...places(later)]),
    ],
  };
}

function places(steps: readonly LocatedStep[]): readonly Inline[] {
  return join(steps.map((step) => ({ spot: step.spotOf(step.place) })));
}

/** What no file can list, and what ends by itself. */
function outside(losses: readonly Loss<LocatedStep>[]): readonly Item[] {
  const of = (kind: GrantedSecret["kind"]) =>
    losses.filter(({ secret }) => secret.kind === kind || (secret.kind === "login" && secret.from === kind));
  const [settings, tokens] = [of("settings"), of("token")];
  return [
    ...settings.map(({ secret, systems, now, later }) => ({
      line: [nameOf(secret), ` (${listOf(systems)}), for `, ...places([...now, ...later]), `: ${SETTINGS}`],
    })),
    ...tokens.map(({ secret, systems, now, later }) => ({
      line: [
        nameOf(secret),
        ` (${listOf(systems)}), for `,
        ...places([...now, ...later]),
        ": the system makes it for a run, so there is nothing to revoke. Look for what was changed with it meanwhile.",
      ],
    })),
    {
      line: [
        "Whatever else the machines could reach: caches, artifacts, their networks, and on machines of your own what lies on their disks.",
      ],
    },
  ];
}

function doubt({ step, codes }: DrilledStep<LocatedStep>): Item {
  return {
    line: stepLine(step),
    items: codes.map(({ text, place }) => ({
      line: [{ code: text }, " at ", { spot: step.spotOf(place) }, ": only the run knows what this is"],
    })),
  };
}

function protection({ step, codes }: DrilledStep<LocatedStep>): Item {
  return {
    line: stepLine(step),
    items: codes.map(({ text, place, state, pin }) => ({
      line: [
        { code: text },
        " at ",
        { spot: step.spotOf(place) },
        state === "checked"
          ? ": compared with a fixed hash or key before it runs"
          : `: pinned to ${pin ?? "its content"}`,
      ],
    })),
  };
}
