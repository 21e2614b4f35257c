import assert from "node:assert/strict";
import fc from "fast-check";
import { analyze } from "../../server/core/analyze.ts";
import { pinsOf } from "../../server/core/pins.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";
import { COMMAND, contextOf, type Repository } from "../support/repository.ts";

/** Files of every system that pulls files in, which name each other. */
const FILES: Repository = {
  ".github/workflows/ci.yml": `on: push\nenv: {T: "\${{ secrets.T }}"}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ./act\n        with: {x: "\${{ secrets.X }}"}\n      - run: docker build --build-arg T -f act/Dockerfile .\n      - run: bash ./tool\n  b:\n    uses: ./.github/workflows/called.yml\n    secrets: inherit\n`,
  ".github/workflows/called.yml": `on: {workflow_call: {}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ./act\n      - run: ${COMMAND}\n        env: {S: "\${{ secrets.S }}"}\n`,
  "act/action.yml": `inputs: {x: {}}\nruns:\n  using: composite\n  steps:\n    - uses: some/thing@v1\n    - shell: bash\n      run: |\n        ${COMMAND}\n        curl -o tool https://x.example/tool\n      env: {X: "\${{ inputs.x }}"}\n`,
  "act/Dockerfile": `ARG V=22\nFROM node:\${V} AS a\nARG T\nRUN apt-get update && \\\n  # why\n  ${COMMAND}\nADD https://x.example/t /t\nRUN ["sh", "-c", "/t \\"x\\""]\nRUN <<EOF\n${COMMAND}\nEOF\n`,
  ".gitlab-ci.yml": `include: ['ci/*.yml', azure-pipelines.yml]\nbuild:\n  extends: .base\n  secrets: {K: {vault: a}}\nchild:\n  trigger: {include: ci/child.yml}\n`,
  "ci/base.yml": `default: {before_script: [${COMMAND}]}\n.base:\n  image: node:22\n  script:\n    - curl -o t https://x.example/t\n    - sh t\n`,
  "ci/child.yml": `include: /ci/base.yml\ntest:\n  script: [!reference [.base, script]]\n`,
  "azure-pipelines.yml": `variables: [{template: t/vars.yml}]\nsteps:\n- template: t/steps.yml\n  parameters: {p: $(SECRET_TOKEN)}\n`,
  "t/vars.yml": "variables: [{group: g}]\n",
  "t/steps.yml": `parameters: {p: ''}\nsteps:\n- bash: ${COMMAND}\n  env: {P: "\${{ parameters.p }}"}\n- template: steps.yml\n`,
  ".travis.yml": `import: x/travis.yml\nscript: ${COMMAND}\n`,
  "x/travis.yml": `env: {global: [{K: {secure: a}}]}\ninstall: ${COMMAND}\n`,
  ".buildkite/pipeline.yml": "steps:\n  - command: buildkite-agent pipeline upload .buildkite/x.yml\n",
  ".buildkite/x.yml": `steps:\n  - command: ${COMMAND}\n  - command: docker compose build\n`,
  "compose.yml": "services: {a: {build: {context: act, args: [T]}}}\n",
};

const PATHS = Object.keys(FILES);

/** A repository in which pieces of files are gone, doubled, or stand in other files. */
const repositories = fc
  .array(
    fc.record({
      path: fc.constantFrom(...PATHS),
      from: fc.constantFrom(...PATHS),
      start: fc.nat(400),
      length: fc.nat(60),
      at: fc.nat(400),
      keep: fc.boolean(),
    }),
    { maxLength: 6 },
  )
  .map((changes) => {
    const files: Record<string, string> = { ...FILES };
    for (const { path, from, start, length, at, keep } of changes) {
      const piece = (files[from] ?? "").slice(start, start + length);
      const text = files[path] ?? "";
      files[path] = keep ? text.slice(0, at) + piece + text.slice(at) : text.slice(0, at) + text.slice(at + length);
    }
    return files;
  });

describe("the analysis of pipelines that pull files in", () => {
  it("finds something in every file that can hold something", () => {
    const found = new Set(
      PATHS.flatMap((path) => analyze({ path, text: FILES[path] ?? "" }, contextOf(FILES), DEFAULT_SETTINGS).findings)
        .filter(({ rule }) => rule.id === "unpinned-remote-script")
        .map(({ path }) => path),
    );
    const holding = PATHS.filter((path) => (FILES[path] ?? "").includes(COMMAND));
    assert.deepEqual([...found].sort(), holding.sort());
  });

  it("never fails, says each thing once, and names places and edits in files that hold them", () => {
    fc.assert(
      fc.property(repositories, fc.constantFrom(...PATHS), (files, path) => {
        const context = contextOf(files);
        const file = { path, text: files[path] ?? "" };
        const { findings } = analyze(file, context, DEFAULT_SETTINGS);
        const within = (at: string | undefined, { start, end }: { start: number; end: number }) => {
          const text = files[at ?? path];
          assert.ok(text !== undefined && 0 <= start && start <= end && end <= text.length, `${at} ${start}:${end}`);
        };
        for (const { path: own, span, related, reach = [], fixes } of findings) {
          within(own, span);
          for (const place of related) within(place.path, place.span);
          for (const secret of reach) if (secret.span !== undefined) within(secret.path, secret.span);
          for (const fix of fixes) {
            const edits = "edits" in fix ? fix.edits : [];
            for (const edit of edits) if ("span" in edit) within(edit.path, edit.span);
          }
        }
        const keys = findings.map(({ rule, path: own, span }) => `${rule.id} ${own} ${span.start}:${span.end}`);
        assert.equal(new Set(keys).size, keys.length);
        for (const place of pinsOf(file, context)) within(place.path, place.span);
      }),
      { numRuns: 400, seed: 20260 },
    );
  });

  it("says of a line that a secret is granted where the file names that secret", () => {
    for (const path of PATHS) {
      const { findings } = analyze({ path, text: FILES[path] ?? "" }, contextOf(FILES), DEFAULT_SETTINGS);
      for (const { name, path: granting = path, span, kind } of findings.flatMap(({ reach = [] }) => reach)) {
        if (span === undefined || kind !== "named" || !/^\w+$/.test(name)) continue;
        const line = (FILES[granting] ?? "").slice(span.start, span.end);
        assert.match(line, new RegExp(`${name}|inputs|parameters|secure|build-arg|ARG`), `${name} of ${granting}`);
      }
    }
  });
});
