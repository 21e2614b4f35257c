import { type Dump, environmentDumps, programOf } from "../flow.ts";
import {
  type AmbientSecret,
  type Job,
  type Narrowing,
  ownScopes,
  type Pipeline,
  type Scope,
  type Step,
  scopeChain,
  stepsOf,
  type Variable,
} from "../model.ts";
import { namedSecrets, reachOfScope } from "../reach.ts";
import type { EditFix, Problem, Rule } from "../rule.ts";
import { keysRead } from "../shell/json-keys.ts";
import { resolvePath } from "../shell/state.ts";
import { contains, type Span } from "../text.ts";
import { type PlacedUse, secretUses } from "../usage.ts";
import { listed, theft } from "../wording.ts";

/** All secrets at once where some would do, or the whole environment where others can read it. */
export const dumpedSecrets: Rule = {
  id: "dumped-secrets",
  severity: "information",
  summary: "A whole store of secrets is handed over, or the whole environment is printed or sent.",
  why:
    "What is handed over as a whole grows with every secret that somebody adds to the store, and one step that is tampered with can take all of it. " +
    "An environment in a log or in an uploaded file keeps its secrets there for whoever reads it; systems hide the values that they know, but not " +
    "what is encoded or cut.",
  examples: [
    {
      title: "Every secret, where a script takes one",
      path: ".github/workflows/deploy.yml",
      bad: `on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - env:
          ALL: \${{ toJSON(secrets) }}
#                  ^^^^^^^^^^^^^^^
        run: |
          TOKEN=$(echo "$ALL" | jq -r .DEPLOY_TOKEN)
          ./deploy --token "$TOKEN"
`,
      good: `on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - env:
          ALL: '{"DEPLOY_TOKEN": \${{ toJSON(secrets.DEPLOY_TOKEN) }}}'
        run: |
          TOKEN=$(echo "$ALL" | jq -r .DEPLOY_TOKEN)
          ./deploy --token "$TOKEN"
`,
    },
    {
      title: "Everything that a key vault holds",
      path: "azure-pipelines.yml",
      bad: `steps:
  - task: AzureKeyVault@2
    inputs:
      azureSubscription: production
      KeyVaultName: shop
      SecretsFilter: '*'
#                    ^^^
  - script: ./migrate.sh
    env:
      DB_PASSWORD: $(db-password)
`,
      good: `steps:
  - task: AzureKeyVault@2
    inputs:
      azureSubscription: production
      KeyVaultName: shop
      SecretsFilter: 'db-password'
  - script: ./migrate.sh
    env:
      DB_PASSWORD: $(db-password)
`,
    },
    {
      title: "The environment in the log of a step that has a secret",
      path: ".github/workflows/publish.yml",
      bad: `on: push
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: |
          env | sort
#         ^^^
          npm publish
        env:
          NODE_AUTH_TOKEN: \${{ secrets.NPM_TOKEN }}
`,
    },
    {
      title: "Without a secret in it the environment may be printed, and parts of it always",
      path: ".github/workflows/publish.yml",
      bad: `on: push
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: env | sort
      - run: |
          set -e
          env | grep '^NODE_'
          env CI=1 npm publish
        env:
          NODE_AUTH_TOKEN: \${{ secrets.NPM_TOKEN }}
`,
    },
  ],
  check: function* (pipeline) {
    for (const placed of secretUses(pipeline)) {
      const { use, job } = placed;
      const isInherited = job?.inheritance !== undefined && contains(job.inheritance.span, use.span);
      if (use.extent === "whole" && !isInherited) yield wholeUse(pipeline, placed);
    }
    yield* wholeStores(pipeline);
    for (const { step } of stepsOf(pipeline)) yield* wholeInputs(step);
    for (const dump of environmentDumps(pipeline)) yield* printedEnvironment(dump);
  },
};

/** An expression that stands for all secrets. */
function wholeUse(pipeline: Pipeline, { use, variable, scope }: PlacedUse): Problem {
  const where = variable === undefined ? "This place" : variable.name;
  const keys = variable && scope && keysOf(pipeline, variable, scope);
  const fix = keys && narrowFix(use.narrowed, keys);
  return {
    span: use.span,
    severity: "warning",
    message: `${where} gets ${use.name}, and those that are added later too, so whatever runs with it can take all of them. Name the secrets that are needed here.`,
    ...(fix && { fixes: [fix] }),
  };
}

function narrowFix(narrowed: Narrowing | undefined, names: readonly string[]): EditFix | undefined {
  const edits = names.length === 0 ? undefined : narrowed?.(names);
  return edits && { title: `Hand over ${listed(names)} alone`, edits };
}

/** The keys that the file is seen to take out of a variable; `undefined` where it is used in any other way. */
function keysOf({ text, jobs }: Pipeline, variable: Variable, scope: Scope): readonly string[] | undefined {
  const steps = jobs.flatMap((job) => job.steps).filter((step) => scopeChain(step.scope).includes(scope));
  const known = new Map<number, string>();
  for (const script of steps.flatMap((step) => step.scripts)) {
    const program = programOf(script);
    for (const { key, span } of program === undefined ? [] : keysRead(program, variable.name))
      known.set(script.toDocument(span).start, key);
  }
  const name = variable.name.replace(/\W/g, "\\$&");
  const member = new RegExp(`\\bfromJSON\\(\\s*env\\.${name}\\s*\\)(?:\\.([A-Za-z_][\\w-]*)|\\['([\\w-]+)'\\])`, "gi");
  for (const { index, 1: property = "", 2: element = "" } of text.matchAll(member))
    known.set(index, property || element);
  const mentions = text.match(new RegExp(`(?<!\\w)${name}(?!\\w)`, "g")) ?? [];
  return mentions.length === known.size + 1 ? [...new Set(known.values())] : undefined;
}

/** Places where a scope takes in a whole store. */
function* wholeStores(pipeline: Pipeline): Iterable<Problem> {
  const scopes = new Set<Scope>();
  for (const job of pipeline.jobs) {
    for (const [scope, step] of [
      ...ownScopes(pipeline, job.scope).map((each) => [each, undefined] as const),
      ...job.steps.flatMap((each) => ownScopes(pipeline, each.scope).map((inner) => [inner, each] as const)),
    ]) {
      if (scopes.has(scope)) continue;
      scopes.add(scope);
      for (const secret of scope.ambient) {
        if (secret.extent === "whole" && secret.span !== undefined) yield wholeStore(job, step, secret, secret.span);
      }
    }
  }
}

function wholeStore(job: Job, step: Step | undefined, secret: AmbientSecret, span: Span): Problem {
  const names = step && namesUsed(job, step, secret);
  const fix = names && narrowFix(secret.narrowed, names);
  return {
    span,
    message: `This takes in ${secret.name}, and whatever is added to it later, so that what runs with it can take all of it. Name those that are needed here.`,
    ...(fix && { fixes: [fix] }),
  };
}

/** Tasks that fill in variables by names which stand in other files. */
const FILLS_IN = /token|transform|substitut|appsettings/i;

/**
 * The secrets that the other steps of a job name, of those that a store can bring; `undefined` where other files can name more, or where
 * a group of secrets can bring them as well.
 */
function namesUsed(job: Job, store: Step, { name: whole }: AmbientSecret): readonly string[] | undefined {
  const others = job.steps.filter((step) => step !== store);
  const opaque = [...job.references, ...others.flatMap((step) => step.references)].some(
    ({ kind, text }) => kind === "include" || FILLS_IN.test(text),
  );
  const grouped = scopeChain(job.scope).some(({ ambient }) =>
    ambient.some(({ name, kind, span }) => kind === "settings" && span && name !== whole),
  );
  if (opaque || grouped) return undefined;
  const variables = [
    ...scopeChain(job.scope).flatMap((scope) => scope.variables),
    ...others.flatMap((step) => [...step.scope.variables, ...step.inputs]),
  ];
  const uses = [...variables.flatMap(({ secrets }) => secrets), ...others.flatMap(({ secrets }) => secrets)];
  const names = uses.filter(({ kind, name }) => kind !== "token" && /^[\w.-]+$/.test(name)).map(({ name }) => name);
  return [...new Set(names)];
}

/** Actions that bring secrets of a store into the environment, and the inputs by which they bring all of it. */
const STORES: readonly { readonly action: RegExp; readonly input: string; readonly whole: RegExp }[] = [
  // Source: the README of hashicorp/vault-action: a `*` in the place of a key takes all keys of the path.
  { action: /^hashicorp\/vault-action@/i, input: "secrets", whole: /(?:^|[;\n])[ \t]*\S+[ \t]+\*[ \t]*(?:[|;\n]|$)/ },
  // Source: the README of aws-actions/aws-secretsmanager-get-secrets: names may end in `*`.
  {
    action: /^aws-actions\/aws-secretsmanager-get-secrets@/i,
    input: "secret-ids",
    whole: /(?:^|\n)[ \t]*(?:[\w/+=.@-]*,[ \t]*)?[\w/+=.@-]*\*[ \t]*(?:\n|$)/,
  },
  // Source: the README of Azure/get-keyvault-secrets.
  { action: /^azure\/get-keyvault-secrets@/i, input: "secrets", whole: /^\s*\*\s*$/ },
];

function* wholeInputs({ references, inputs }: Step): Iterable<Problem> {
  for (const { action, input, whole } of STORES) {
    if (!references.some(({ text }) => action.test(text))) continue;
    for (const { name, value, span } of inputs) {
      if (name.toLowerCase() !== input || value === undefined || !whole.test(value)) continue;
      yield {
        span,
        message:
          "The * brings everything that is kept there, and whatever is added later, into the environment of all later steps. Name the secrets that they need.",
      };
    }
  }
}

/** The environment is worth a word only where the file itself puts a secret into it. */
function* printedEnvironment(dump: Dump): Iterable<Problem> {
  const { step, script, span, destinations } = dump;
  const reach = namedSecrets(reachOfScope(step.scope));
  if (reach.length === 0) return;
  const stolen = theft(reach);
  const problem = (message: string, severity: Problem["severity"] = "warning"): Problem => ({
    ...(script.path !== undefined && { path: script.path }),
    span: script.toDocument(span),
    severity,
    message,
    related: reach.flatMap(({ name, path, span: place }) => {
      const here = place !== undefined && path === undefined && script.path === undefined;
      return here ? [{ span: place, message: `${name} comes from here` }] : [];
    }),
  });
  const sent = destinations.find(({ to }) => to === "sent");
  const uploaded = destinations.find((each) => each.to === "file" && isUploaded(dump, each.path));
  if (sent?.to === "sent") {
    yield problem(
      `The whole environment goes to another machine by ${sent.by}, and ${stolen} with it. Send the variables that are needed there.`,
    );
  } else if (uploaded?.to === "file") {
    yield problem(
      `The whole environment is written to ${uploaded.path} and uploaded with it, so whoever may read the files of the run can read ${stolen}. Write the variables that you look for.`,
    );
  } else if (destinations.some(({ to }) => to === "encoded")) {
    yield problem(
      `The whole environment goes into the log in a form in which no system knows a secret any more, and ${stolen} with it. Print the variables that you look for.`,
    );
  } else if (destinations.some(({ to }) => to === "log")) {
    yield problem(
      `The whole environment goes into the log, and ${stolen} with it wherever the system does not hide the value. Print the variables that you look for.`,
      "information",
    );
  }
}

/** True where a later step of the job keeps a file for whoever may see the run. */
function isUploaded({ job, step }: Dump, path: string): boolean {
  return job.steps.slice(job.steps.indexOf(step)).some(({ references, inputs }) => {
    if (!references.some(({ text }) => /upload|publish/i.test(text))) return false;
    return inputs.some(({ name, value = "" }) => {
      if (!/path/i.test(name)) return false;
      const folders = value.split("\n").flatMap((line) => (line.trim() === "" ? [] : resolvePath(".", line.trim())));
      return folders.some((folder) => folder === path || folder === "." || path.startsWith(`${folder}/`));
    });
  });
}
