import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { analyze, pipelineOf, type SourceFile } from "../../server/core/analyze.ts";
import type { Context } from "../../server/core/context.ts";
import { type Job, type Step, stepsOf } from "../../server/core/model.ts";
import { partsOf } from "../../server/core/pulled.ts";
import { reachOf } from "../../server/core/reach.ts";
import type { EditFix, Finding } from "../../server/core/rule.ts";
import { RULES } from "../../server/core/rules/index.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";
import { applyEdits } from "../../server/core/text.ts";
import { type Files, readMarks } from "../check.ts";
import { pick, type Random, randomOf } from "../support/fuzz-input.ts";

// The laws of every fix that takes a secret out of a wide scope.

const NARROWING = new Set(["pipeline-wide-secret", "job-wide-secret", "broad-secret-group"]);

/** A file with those around it. */
interface Subject {
  readonly file: SourceFile;
  readonly files?: Files;
}

interface StepReaches {
  readonly label: string;
  readonly text: string;
  readonly now: ReadonlySet<string>;
  readonly all: ReadonlySet<string>;
}

/** How many fixes kept the laws, by the system and the rule. */
type Counts = Map<string, number>;

function keepLaws(subject: Subject, counts: Counts): void {
  const context = contextOf(subject);
  for (const finding of narrowingOf(subject.file, context)) {
    for (const fix of finding.fixes) {
      assert.ok("edits" in fix);
      const made = { path: subject.file.path, text: applyEdits(subject.file.text, fix.edits) };
      const about = `${subject.file.path}\n${fix.title}\n${made.text}`;
      keepReach(subject, finding, made, context, about);
      keepRest(subject.file.text, finding, fix, about);
      assert.deepEqual(yamlErrors(made.text), yamlErrors(subject.file.text), about);
      assert.ok(narrowingOf(made, context).length < narrowingOf(subject.file, context).length, about);
      const system = pipelineOf(made, context)?.system;
      const key = `${system} ${finding.rule.id}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  converge(subject.file, context);
}

/** Who uses the secret keeps what it had, nobody gains, and somebody loses. */
function keepReach(subject: Subject, finding: Finding, made: SourceFile, context: Context, about: string): void {
  const [before, after] = [reaches(subject.file, context), reaches(made, context)];
  assert.deepEqual(
    after.map(({ label }) => label),
    before.map(({ label }) => label),
    about,
  );
  const name = /^Every step of .*? can read (\w+)/.exec(finding.message)?.[1];
  let smaller = 0;
  for (const [index, { label, text, now, all }] of before.entries()) {
    const next = after[index];
    assert.ok(next);
    for (const each of next.now) assert.ok(now.has(each), `${label} gains ${each}\n${about}`);
    for (const each of next.all) assert.ok(all.has(each), `${label} gains ${each} later\n${about}`);
    const needs = name !== undefined && namesIt(text, name);
    if (needs) assert.deepEqual([...next.now].sort(), [...now].sort(), `${label} loses\n${about}`);
    if (next.now.size < now.size) smaller++;
  }
  assert.ok(smaller > 0, about);
}

function namesIt(text: string, name: string): boolean {
  return new RegExp(`\\$\\{?(?:env:)?${name}\\b|%${name}%|\\benv\\.${name}\\b`).test(text);
}

/** With the edits undone the file is what it was, and they bring nothing but what they took, at other places. */
function keepRest(text: string, finding: Finding, { edits }: EditFix, about: string): void {
  const written = bare(text.slice(finding.span.start, finding.span.end));
  let undone = applyEdits(text, edits);
  const spans = edits.map((edit) => {
    assert.ok("span" in edit && edit.path === undefined, about);
    return edit;
  });
  // From the front, so that what stands before an edit is as it was.
  for (const { span, text: added } of [...spans].sort((a, b) => a.span.start - b.span.start)) {
    const gone = text.slice(span.start, span.end);
    if (gone !== "") {
      assert.equal(added, "", about);
      assert.equal(bare(gone), written, about);
    } else assert.equal(bare(added), written, about);
    assert.equal(undone.slice(span.start, span.start + added.length), added, about);
    undone = undone.slice(0, span.start) + gone + undone.slice(span.start + added.length);
  }
  assert.equal(undone, text, about);
}

/** What is left of an entry without its notation and comment: keys of sections, dashes, braces, quotes. */
function bare(written: string): string {
  return written
    .replace(/(?<=\s)#.*$/gm, "")
    .replace(/[\s\-,{}[\]'":]/g, "")
    .replace(/^(?:env(?=[A-Z]|env|secret)|environment|options|secretEnv|secrets|variables|context|group)+/, "");
}

function converge(file: SourceFile, context: Context): void {
  let current = file;
  for (let round = 0; round < 60; round++) {
    const fix = narrowingOf(current, context).flatMap(({ fixes }) => fixes.slice(0, 1))[0];
    if (fix === undefined) return;
    assert.ok("edits" in fix);
    current = { path: file.path, text: applyEdits(current.text, fix.edits) };
  }
  assert.fail(`the fixes do not converge: ${current.text}`);
}

function contextOf({ file, files = {} }: Subject): Context {
  return { read: (name) => (name === file.path ? file.text : files[name]), list: () => [] };
}

function narrowingOf(file: SourceFile, context: Context): readonly Finding[] {
  const { findings } = analyze(file, context, DEFAULT_SETTINGS);
  return findings.filter(({ rule, path }) => NARROWING.has(rule.id) && path === file.path);
}

/** What every step of a file reaches, in order, also in the files that it pulls in. */
function reaches(file: SourceFile, context: Context): readonly StepReaches[] {
  const pipeline = pipelineOf(file, context);
  assert.ok(pipeline);
  // Some systems put the jobs with more secrets first.
  const all = partsOf(pipeline).flatMap(({ pipeline: part }) => [...stepsOf(part)].map(reachesOf));
  return all.sort((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0));
}

function reachesOf({ job, step }: { readonly job: Job; readonly step: Step }): StepReaches {
  const { now, later } = reachOf(job, step);
  const names = (list: typeof now) => list.map(({ name }) => name);
  const values = [...step.inputs, ...step.scope.variables].map(({ value }) => value ?? "");
  const scripts = step.scripts.flatMap(({ text, holes }) => [text, ...holes.map((hole) => hole.text)]);
  return {
    label: step.label,
    text: [...scripts, ...values].join("\n"),
    now: new Set(names(now)),
    all: new Set([...names(now), ...names(later)]),
  };
}

function yamlErrors(text: string): number {
  const documents = parseAllDocuments(text, { uniqueKeys: false });
  return Array.isArray(documents) ? documents.reduce((count, { errors }) => count + errors.length, 0) : 0;
}

/** One step of a made pipeline: its name, and the secrets that its command names. */
interface Made {
  readonly name: string;
  readonly secrets: readonly string[];
  readonly own: boolean;
}

interface MadeJob {
  readonly id: string;
  readonly secrets: readonly string[];
  readonly steps: readonly Made[];
}

interface MadePipeline {
  readonly secrets: readonly string[];
  readonly jobs: readonly MadeJob[];
}

const SECRETS = ["ALPHA_TOKEN", "BETA_TOKEN", "GAMMA_TOKEN", "DELTA_TOKEN"];

function some(random: Random, chance: number): readonly string[] {
  return SECRETS.filter(() => random() < chance);
}

function someSteps(random: Random, most: number): readonly Omit<Made, "name">[] {
  return Array.from({ length: 1 + Math.floor(random() * most) }, () => ({
    secrets: random() < 0.5 ? [] : some(random, 0.4),
    own: random() < 0.3,
  }));
}

function somePipeline(random: Random): MadePipeline {
  let count = 0;
  const job = (id: string): MadeJob => ({
    id,
    secrets: some(random, 0.3),
    steps: someSteps(random, 5).map((step) => ({ ...step, name: `step-${count++}` })),
  });
  return { secrets: some(random, 0.5), jobs: ["one", "two", "three"].slice(0, 1 + Math.floor(random() * 3)).map(job) };
}

/** A command that names secrets, as a shell and a system write them. */
function line({ secrets }: Made, dollar = "$"): string {
  return secrets.length === 0 ? "echo nothing" : `deploy ${secrets.map((name) => `${dollar}${name}`).join(" ")}`;
}

interface Notation {
  readonly path: string;
  write(made: MadePipeline, random: Random): string;
}

/** Block or flow notation, with and without other entries and comments. */
function mapping(
  random: Random,
  indent: string,
  key: string,
  entries: readonly (readonly [string, string])[],
  other: boolean,
): string {
  const all = other ? [["MODE", "fast"] as const, ...entries] : entries;
  if (all.length === 0) return "";
  if (random() < 0.3) return `${indent}${key}: { ${all.map(([name, value]) => `${name}: '${value}'`).join(", ")} }\n`;
  const quote = pick(random, ["", "'", '"']);
  const comment = pick(random, ["", "", " # kept"]);
  const lines = all.map(([name, value]) => `${indent}  ${name}: ${quote}${value}${quote}${comment}\n`);
  return `${indent}${key}:\n${lines.join("")}`;
}

const secret = (name: string) => [name, `\${{ secrets.${name} }}`] as const;

function workflow(made: MadePipeline, random: Random): string {
  const step = (each: Made) =>
    `      - name: ${each.name}\n        run: ${line(each)}\n${each.own ? mapping(random, "        ", "env", [], true) : ""}`;
  const job = ({ id, secrets, steps }: MadeJob) =>
    `  ${id}:\n    runs-on: ubuntu-latest\n${mapping(random, "    ", "env", secrets.map(secret), random() < 0.5)}    steps:\n${steps.map(step).join("")}`;
  return `on: push\n${mapping(random, "", "env", made.secrets.map(secret), random() < 0.5)}jobs:\n${made.jobs.map(job).join("")}`;
}

const stepsIn = ({ jobs }: MadePipeline) => jobs.flatMap(({ steps }) => steps);

const NOTATIONS: Readonly<Record<string, Notation>> = {
  "github-actions": { path: ".github/workflows/ci.yml", write: workflow },
  "gitea-actions": { path: ".gitea/workflows/ci.yml", write: workflow },
  "gitlab-ci": {
    path: ".gitlab-ci.yml",
    write: (made, random) => {
      const given = made.secrets.map((name) => [name, `$STORED_${name}`] as const);
      const top = mapping(random, "", "variables", given, random() < 0.5);
      const job = (each: Made) =>
        `${each.name}:\n  stage: test\n${each.own ? mapping(random, "  ", "variables", [], true) : ""}  script:\n    - ${line(each)}\n`;
      return `${top}${stepsIn(made).map(job).join("")}`;
    },
  },
  buildkite: {
    path: ".buildkite/pipeline.yml",
    write: (made, random) => {
      const isList = random() < 0.5;
      const own = (indent: string, names: readonly string[]) => {
        if (names.length === 0) return "";
        if (!isList)
          return mapping(
            random,
            indent,
            "secrets",
            names.map((name) => [name, name] as const),
            false,
          );
        if (random() < 0.4) return `${indent}secrets: [${names.join(", ")}]\n`;
        return `${indent}secrets:\n${names.map((name) => `${indent}  - ${name}\n`).join("")}`;
      };
      const step = (each: Made) =>
        `  - label: ${each.name}\n    command: ${line(each, "$$")}\n${each.own ? own("    ", ["OTHER"]) : ""}`;
      return `${own("", made.secrets)}steps:\n${stepsIn(made).map(step).join("")}`;
    },
  },
  "cloud-build": {
    path: "cloudbuild.yaml",
    write: (made, random) => {
      const step = (each: Made) =>
        `  - name: node\n    id: ${each.name}\n    entrypoint: bash\n    args: [-c, '${line(each, "$$")}']\n${each.own ? "    secretEnv: [OTHER]\n" : ""}`;
      const list =
        random() < 0.5
          ? `  secretEnv: [${made.secrets.join(", ")}]\n`
          : `  secretEnv:\n${made.secrets.map((name) => `    - ${name}\n`).join("")}`;
      const options = made.secrets.length === 0 ? "" : `options:\n${random() < 0.5 ? "  logging: NONE\n" : ""}${list}`;
      const available = made.secrets.map(
        (name) => `    - {versionName: projects/p/secrets/s/versions/1, env: ${name}}\n`,
      );
      return `steps:\n${stepsIn(made).map(step).join("")}${options}availableSecrets:\n  secretManager:\n${available.join("")}`;
    },
  },
  "azure-pipelines": {
    path: "azure-pipelines.yml",
    write: (made, random) => {
      const top = `variables:\n${random() < 0.5 ? "  - name: mode\n    value: fast\n" : ""}  - group: shop\n`;
      const job = ({ id, steps }: MadeJob) => {
        const own = random() < 0.3 ? "    variables:\n      - name: color\n        value: red\n" : "";
        return `  - job: ${id}\n${own}    steps:\n${steps.map((each) => `      - bash: ${line(each)}\n        displayName: ${each.name}\n`).join("")}`;
      };
      return `${top}jobs:\n${made.jobs.map(job).join("")}`;
    },
  },
  circleci: {
    path: ".circleci/config.yml",
    write: (made, random) => {
      const job = (each: Made) =>
        `  ${each.name}:\n    docker: [{image: cimg/base}]\n    steps:\n      - run: ${line(each)}\n`;
      const use = ({ name }: Made) =>
        pick(random, [
          `      - ${name}: {context: shop}\n`,
          `      - ${name}:\n          context: shop\n`,
          `      - ${name}:\n          context:\n            - other\n            - shop\n`,
          `      - ${name}:\n          filters: {branches: {only: main}}\n          context: [shop]\n`,
        ]);
      const steps = stepsIn(made);
      return `version: 2.1\njobs:\n${steps.map(job).join("")}workflows:\n  all:\n    jobs:\n${steps.map(use).join("")}`;
    },
  },
  appveyor: {
    path: "appveyor.yml",
    write: (made, random) => {
      const entries = made.secrets.map((name) => `  ${name}: {secure: abc==}\n`).join("");
      const special = made.jobs.map(
        ({ id, steps }) =>
          `  - branches: {only: [${id}]}\n    after_build:\n${steps.map((each) => `      - ps: ${line(each, "$env:")}\n`).join("")}`,
      );
      return `environment:\n  MODE: fast\n${entries}install:\n  - echo ${random() < 0.5 ? "a" : "b"}\nfor:\n${special.join("")}`;
    },
  },
};

describe("fixes that narrow secrets", () => {
  for (const [system, { path, write }] of Object.entries(NOTATIONS)) {
    it(`leave every step what it uses, and take from others: ${system}`, () => {
      const counts: Counts = new Map();
      for (let seed = 0; seed < 60; seed++) {
        const random = randomOf(seed);
        const text = write(somePipeline(random), random);
        keepLaws({ file: { path, text: random() < 0.2 ? text.replaceAll("\n", "\r\n") : text } }, counts);
      }
      const all = [...counts].reduce((sum, [, count]) => sum + count, 0);
      assert.ok(all >= 10, `${system}: only ${all} fixes of ${[...counts.keys()].join(", ")}`);
    });
  }

  it("keep to the same laws in the examples of every rule", () => {
    const counts: Counts = new Map();
    for (const { examples } of RULES)
      for (const { path, bad, files } of examples) {
        keepLaws({ file: { path, text: readMarks(bad).text }, ...(files && { files }) }, counts);
      }
    assert.ok(counts.size >= 3, [...counts.keys()].join(", "));
  });

  it("keep to the same laws in real files", function () {
    const corpus = fileURLToPath(new URL("../../../shared/corpus/files/", import.meta.url));
    if (!existsSync(corpus)) {
      console.log("      the corpus is not here, so there is nothing to narrow");
      this.skip();
    }
    const paths = readdirSync(corpus, { recursive: true, encoding: "utf8" }).filter((file) => /\.ya?ml$/.test(file));
    assert.ok(paths.length > 200);
    let looked = 0;
    for (const path of paths) {
      const file = { path, text: readFileSync(`${corpus}${path}`, "utf8") };
      if (pipelineOf(file, contextOf({ file })) === undefined) continue;
      keepLaws({ file }, new Map());
      looked++;
    }
    assert.ok(looked > 180, `${looked}`);
  });
});
