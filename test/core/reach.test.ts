import assert from "node:assert/strict";
import { pipelineOf } from "../../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, stepsOf } from "../../server/core/model.ts";
import { partsOf } from "../../server/core/pulled.ts";
import { mutableCalls, namedSecrets, type Reach, raising, reachOf } from "../../server/core/reach.ts";

const GITHUB = ".github/workflows/ci.yml";

describe("what a step can read now", () => {
  it("is its environment at every level, its inputs and what its script names, innermost first", () => {
    const text = workflow(`
      - name: Build
        run: make \${{ secrets.IN_SCRIPT }}
        env: { OWN: "\${{ secrets.OWN }}" }`);
    const { now } = reachIn(GITHUB, `env: { WIDE: "\${{ secrets.WIDE }}" }\n${text}`, "Build");
    assert.deepEqual(now, ["IN_SCRIPT (step “Build”)", "OWN (step “Build”)", "WIDE (the whole workflow)"]);
  });

  it("names each secret once, by its environment before what a login keeps", () => {
    const text = workflow(`
      - name: Log in
        run: echo "$TOKEN" | docker login -u me --password-stdin
      - name: Build
        run: make`);
    const { now } = reachIn(GITHUB, `env: { TOKEN: "\${{ secrets.TOKEN }}" }\n${text}`, "Build");
    assert.deepEqual(now, ["TOKEN (the whole workflow)"]);
  });

  it("gives a called workflow its inputs and secrets, and nothing of the caller's environment", () => {
    const text = `on: push
env: { WIDE: "\${{ secrets.WIDE }}" }
jobs:
  call:
    uses: acme/ci/.github/workflows/deploy.yml@v1
    secrets: { KEY: "\${{ secrets.KEY }}" }
`;
    assert.deepEqual(reachIn(GITHUB, text, "call").now, ["KEY (job “call”)"]);
  });

  it("gives everything to a called workflow that inherits everything", () => {
    const text = "on: push\njobs:\n  call:\n    uses: acme/ci/.github/workflows/x.yml@v1\n    secrets: inherit\n";
    const { job, step } = stepIn(pipelineIn(GITHUB, text), "call");
    const [all] = raising(reachOf(job, step).now);
    assert.deepEqual([all?.extent, text.slice(all?.span?.start, all?.span?.end)], ["whole", "secrets: inherit"]);
  });
});

/** Steps in front of `make`, and what `make` can read because of them. */
const LEFT_ON_GITHUB: readonly (readonly [title: string, steps: string, now: readonly string[]])[] = [
  [
    "a checkout, unless it is told to keep nothing",
    `
      - uses: actions/checkout@v4`,
    ["GITHUB_TOKEN (the credential that step “actions/checkout” left on the disk)"],
  ],
  [
    "no checkout that keeps nothing",
    `
      - uses: actions/checkout@v4
        with: { persist-credentials: false }`,
    [],
  ],
  [
    "a checkout with a token of its own",
    `
      - uses: actions/checkout@v4
        with: { token: "\${{ secrets.PAT }}" }`,
    ["PAT (the credential that step “actions/checkout” left on the disk)"],
  ],
  [
    "an action that logs in to a registry",
    `
      - name: Log in
        uses: docker/login-action@v3
        with: { username: me, password: "\${{ secrets.DOCKER_PASSWORD }}" }`,
    ["DOCKER_PASSWORD (the login that step “Log in” left behind)"],
  ],
  [
    "an action that puts keys of a cloud into the environment",
    `
      - name: AWS
        uses: aws-actions/configure-aws-credentials@v4
        with: { aws-access-key-id: "\${{ secrets.KEY_ID }}", aws-secret-access-key: "\${{ secrets.SECRET_KEY }}", aws-region: x }`,
    ["KEY_ID (the variables that step “AWS” hands on)", "SECRET_KEY (the variables that step “AWS” hands on)"],
  ],
  [
    "an action that gets a cloud's credentials for the token of the run",
    `
      - name: Google
        uses: google-github-actions/auth@v2
        with: { workload_identity_provider: x, service_account: y }`,
    ["Google Cloud credentials (the login that step “Google” left behind)"],
  ],
  [
    "setup-node with a registry and a token",
    `
      - name: Node
        uses: actions/setup-node@v4
        with: { registry-url: "https://registry.npmjs.org" }
        env: { NODE_AUTH_TOKEN: "\${{ secrets.NPM_TOKEN }}" }`,
    ["NPM_TOKEN (the variables that step “Node” hands on)"],
  ],
  [
    "no setup-node without a registry",
    `
      - uses: actions/setup-node@v4
        env: { NODE_AUTH_TOKEN: "\${{ secrets.NPM_TOKEN }}" }`,
    [],
  ],
  [
    "an agent of SSH",
    `
      - name: Key
        uses: webfactory/ssh-agent@v0.9.0
        with: { ssh-private-key: "\${{ secrets.SSH_KEY }}" }`,
    ["SSH_KEY (the login that step “Key” left behind)"],
  ],
  ...(
    [
      ["docker login by a pipe", `echo "$S" | docker login -u me --password-stdin`],
      ["docker login as an argument, through sudo", `sudo docker login -u me -p "$S"`],
      ["podman login by a here-string", `podman login -u me --password-stdin quay.io <<< "$S"`],
      ["helm registry login", `helm registry login r.example -u me -p $S`],
      ["npm config set", `npm config set //registry.npmjs.org/:_authToken "$S"`],
      ["a file for npm", `echo "//registry.npmjs.org/:_authToken=$S" > ~/.npmrc`],
      ["a here-document", `cat > ~/.netrc <<EOF\n          machine x password $S\n          EOF`],
      ["an SSH key in a file", `mkdir -p ~/.ssh; printf '%s' "$S" | tee ~/.ssh/id_ed25519 > /dev/null`],
      ["ssh-add", `ssh-add - <<< "$S"`],
      ["aws configure", `aws configure set aws_secret_access_key "$S"`],
      ["az login", `az login --service-principal -u x -p "$S" --tenant y`],
      ["gh auth login", `echo "$S" | gh auth login --with-token`],
      ["git's own settings", `git config --global url."https://x:\${S}@github.com/".insteadOf https://github.com/`],
      ["an address of a remote", `git remote set-url origin "https://x:$S@github.com/acme/x"`],
      ["a variable in between", `PASSWORD="$S"; docker login -p "$PASSWORD"`],
      ["an exported variable in between", `export PASSWORD="$S" && docker login -p "$PASSWORD"`],
      ["a decoded file", `echo "$S" | base64 -d > key.json`],
    ] as const
  ).map(([title, line]) => {
    const steps = `
      - name: Log in
        env: { S: "\${{ secrets.S }}" }
        run: |
          ${line}`;
    return [title, steps, ["S (the login that step “Log in” left behind)"]] as const;
  }),
  ...(
    [
      ["login that is ended", `docker login -p "$S"; docker logout`],
      ["file that is removed", `echo "$S" > ~/.key; rm -f ~/.key`],
      ["file that names the variable alone", `echo '//registry.npmjs.org/:_authToken=\${S}' > ~/.npmrc`],
      ["command that only uses it", `curl -H "Authorization: $S" https://x.example > answer.json`],
      ["output that goes nowhere", `echo "$S" > /dev/null`],
      ["output of the step", `echo "s=$S" >> "$GITHUB_OUTPUT"`],
    ] as const
  ).map(([title, line]) => {
    const steps = `
      - name: Log in
        env: { S: "\${{ secrets.S }}" }
        run: |
          ${line}`;
    return [`no ${title}`, steps, []] as const;
  }),
  [
    "a registry's password that is made of keys which no word of the line names",
    `
      - name: Log in
        env: { AWS_ACCESS_KEY_ID: "\${{ secrets.ID }}", AWS_SECRET_ACCESS_KEY: "\${{ secrets.KEY }}", OTHER: "\${{ secrets.OTHER }}" }
        run: aws ecr get-login-password | docker login --username AWS --password-stdin r.example`,
    ["ID (the login that step “Log in” left behind)", "KEY (the login that step “Log in” left behind)"],
  ],
  [
    "a variable for all later steps",
    `
      - name: Export
        run: echo "TOKEN=\${{ secrets.S }}" >> "$GITHUB_ENV"`,
    ["S (the variables that step “Export” hands on)"],
  ],
  [
    "several variables at once, and by PowerShell",
    `
      - name: Export
        env: { S: "\${{ secrets.S }}", T: "\${{ secrets.T }}" }
        run: |
          { echo "A=$S"; echo "B=x"; } >> $GITHUB_ENV
      - name: More
        shell: pwsh
        env: { U: "\${{ secrets.U }}" }
        run: '"C=$env:U" | Out-File $env:GITHUB_ENV -Append'`,
    ["S (the variables that step “Export” hands on)", "U (the variables that step “More” hands on)"],
  ],
  [
    "files that PowerShell and cmd write",
    `
      - name: One
        shell: pwsh
        env: { S: "\${{ secrets.S }}" }
        run: '"key=$env:S" | Out-File -Encoding ascii -FilePath $env:GITHUB_ENV'
      - name: Two
        shell: pwsh
        env: { T: "\${{ secrets.T }}" }
        run: Set-Content -Path ~/.npmrc -Value "//r/:_authToken=$env:T"
      - name: Three
        shell: cmd
        env: { U: "\${{ secrets.U }}" }
        run: echo KEY=%U%>> %GITHUB_ENV%`,
    [
      "S (the variables that step “One” hands on)",
      "T (the login that step “Two” left behind)",
      "U (the variables that step “Three” hands on)",
    ],
  ],
  [
    "a login of an earlier step that a later one does not end, though it might",
    `
      - name: Log in
        run: docker login -p "\${{ secrets.S }}"
      - run: if [ -n "$X" ]; then docker logout; fi`,
    ["S (the login that step “Log in” left behind)"],
  ],
  [
    "no login that a later step ends",
    `
      - name: Log in
        run: docker login -p "\${{ secrets.S }}"
      - run: docker logout`,
    [],
  ],
];

describe("what earlier steps left for a step to read", () => {
  for (const [title, steps, now] of LEFT_ON_GITHUB)
    it(`is from ${title}`, () => {
      const text = workflow(`${steps}\n      - name: Make\n        run: make`);
      assert.deepEqual(reachIn(GITHUB, text, "Make").now, now);
    });

  it("is not from later steps, and not from those of other jobs", () => {
    const login = `      - run: docker login -p "\${{ secrets.S }}"`;
    const text = `${workflow(`\n      - name: Make\n        run: make\n${login}`)}  b:\n    runs-on: x\n    steps:\n${login}\n`;
    assert.deepEqual(reachIn(GITHUB, text, "Make").now, []);
  });

  it("is no file of the machine's user for an image that a step runs, but the work tree and the variables", () => {
    const text = workflow(`
      - uses: actions/checkout@v4
      - run: docker login -p "\${{ secrets.S }}"
      - run: echo "T=\${{ secrets.T }}" >> $GITHUB_ENV
      - name: Image
        uses: docker://acme/tool:1`);
    assert.deepEqual(namesIn(GITHUB, text, "Image").now, ["GITHUB_TOKEN", "T"]);
  });

  it("says where it was granted: the line that logs in", () => {
    const text = workflow(`
      - name: Log in
        run: |
          echo hello
          docker login -p "\${{ secrets.S }}"
      - name: Make
        run: make`);
    const { job, step } = stepIn(pipelineIn(GITHUB, text), "Make");
    const [login] = reachOf(job, step).now;
    assert.deepEqual([login?.kind, login?.from, login?.level], ["login", "named", "job"]);
    assert.equal(text.slice(login?.span?.start, login?.span?.end), 'docker login -p "${{ secrets.S }}"');
    assert.equal(namedSecrets(reachOf(job, step).now).length, 1);
  });

  it("is known for tasks of Azure, which hand on variables by a line of output", () => {
    const text = `steps:
  - task: Docker@2
    displayName: Log in
    inputs: { command: login, containerRegistry: hub }
  - bash: 'echo "##vso[task.setvariable variable=T]$MAPPED"'
    displayName: Open
    env: { MAPPED: $(someToken) }
  - bash: 'echo "##vso[task.setvariable variable=U;issecret=true]$MAPPED"'
    env: { MAPPED: $(otherToken) }
  - script: make
    displayName: Make
`;
    assert.deepEqual(reachIn("azure-pipelines.yml", text, "Make").now, [
      "the registry's password (the login that step “Log in” left behind)",
      "someToken (the variables that step “Open” hands on)",
    ]);
  });

  it("is the job's token where a checkout of Azure is told to keep it, and nothing where it is not", () => {
    const text = (more: string) => `steps:\n  - checkout: self\n${more}  - script: make\n    displayName: Make\n`;
    const kept = namesIn("azure-pipelines.yml", text("    persistCredentials: true\n"), "Make").now;
    assert.deepEqual(kept, ["System.AccessToken"]);
    assert.deepEqual(namesIn("azure-pipelines.yml", text(""), "Make").now, []);
  });

  it("lies in the work tree alone where each step is a container of its own", () => {
    const steps = (path: string, write: (line: string) => string) => [path, write] as const;
    const systems = [
      steps(
        ".drone.yml",
        (line) =>
          `kind: pipeline\ntype: docker\nname: x\nsteps:\n  - name: log in\n    image: a\n    environment: { S: { from_secret: s } }\n    commands: ['${line}']\n  - name: make\n    image: b\n    commands: [make]\n`,
      ),
      steps(
        ".woodpecker.yml",
        (line) =>
          `steps:\n  - name: log in\n    image: a\n    environment: { S: { from_secret: s } }\n    commands: ['${line}']\n  - name: make\n    image: b\n    commands: [make]\n`,
      ),
      steps(
        "cloudbuild.yaml",
        (line) =>
          `steps:\n  - id: log in\n    name: a\n    script: '${line}'\n    secretEnv: [S]\n  - id: make\n    name: b\n    script: make\n`,
      ),
    ];
    for (const [path, write] of systems) {
      const kept = namesIn(path, write('echo "$S" > .npmrc'), "make").now.filter((name) => /^s$/i.test(name));
      assert.equal(kept.length, 1, path);
      const lost = namesIn(path, write('docker login -p "$S"'), "make").now.filter((name) => /^s$/i.test(name));
      assert.deepEqual(lost, [], path);
    }
  });
});

describe("a local action", () => {
  const action = (steps: string) => `runs:\n  using: composite\n  steps:${steps}\n`;
  const shell = "\n        shell: bash";
  const text = workflow(`
      - run: docker login -p "\${{ secrets.EARLY }}"
      - uses: ./setup
        with: { key: "\${{ secrets.KEY }}" }
      - name: Publish
        run: make publish
        env: { LATE: "\${{ secrets.LATE }}" }`);
  const files: Readonly<Record<string, string>> = {
    "setup/action.yml": action(`
      - name: Inner
        run: make${shell}
      - uses: ./deep
        with: { key: "\${{ inputs.key }}" }`),
    "deep/action.yml": action(`
      - name: Deep
        run: npm config set //r.example/:_authToken \${{ inputs.key }}${shell}
      - name: Deepest
        run: make${shell}`),
  };
  const pipeline = pipelineOf({ path: GITHUB, text }, { read: (path) => files[path], list: () => [] });
  const parts = pipeline === undefined ? [] : partsOf(pipeline);
  const names = (label: string) => {
    const found = parts.flatMap((part) => [...stepsOf(part.pipeline)]).find(({ step }) => step.label.includes(label));
    assert.ok(found, label);
    const { now, later } = reachOf(found.job, found.step);
    return [now, later].map((reach) => reach.map(({ name }) => name).filter((name) => name !== "GITHUB_TOKEN"));
  };

  it("reads what steps in front of it left, and could take what steps behind it have", () => {
    assert.deepEqual(names("Inner"), [["EARLY"], ["KEY", "LATE"]]);
  });

  it("is named as the file that grants what it left", () => {
    const publish = parts.flatMap((part) => [...stepsOf(part.pipeline)]).find(({ step }) => /Publish/.test(step.label));
    const now = publish === undefined ? [] : reachOf(publish.job, publish.step).now;
    assert.deepEqual(
      now.filter(({ kind }) => kind === "login").map(({ name, path }) => [name, path]),
      [
        ["EARLY", undefined],
        ["KEY", "deep/action.yml"],
      ],
    );
  });

  it("leaves its logins to the steps behind it, in its own file and in all around it", () => {
    assert.deepEqual(names("Deepest"), [["EARLY", "KEY"], ["LATE"]]);
    assert.deepEqual(names("Publish"), [["LATE", "EARLY", "KEY"], []]);
  });
});

describe("a token of the run", () => {
  const steps = `
      - uses: acme/tool@v1
      - name: Checkout
        uses: actions/checkout@v4
      - name: Make
        run: make
      - name: Own
        run: make
        env: { T: "\${{ github.token }}" }`;
  const rights = (permissions: string, label: string) => {
    const pipeline = pipelineIn(GITHUB, permissions + workflow(steps));
    const { job, step } = stepIn(pipeline, label);
    const { now } = reachOf(job, step);
    return [now.find(({ name }) => name === "GITHUB_TOKEN")?.writes === true, raising(now).length > 0];
  };

  it("is worth more where the file lets it write", () => {
    for (const label of ["Make", "Own"]) {
      assert.deepEqual(rights("permissions: { contents: write }\n", label), [true, true]);
      assert.deepEqual(rights("permissions: write-all\n", label), [true, true]);
      assert.deepEqual(rights("permissions: { contents: read }\n", label), [false, false]);
      assert.deepEqual(rights("permissions: { id-token: write }\n", label), [false, false]);
      assert.deepEqual(rights("", label), [false, false]);
    }
  });

  it("raises nothing where an action could only take it by a default", () => {
    assert.deepEqual(rights("permissions: { contents: write }\n", "acme/tool"), [true, false]);
  });
});

describe("what a step could take later", () => {
  it("is what later steps of its job have and it has not", () => {
    const text = workflow(`
      - name: First
        run: make
        env: { A: "\${{ secrets.A }}" }
      - name: Second
        run: make
        env: { A: "\${{ secrets.A }}", B: "\${{ secrets.B }}" }
      - name: Third
        uses: acme/publish@v1
        with: { token: "\${{ secrets.C }}" }`);
    assert.deepEqual(namesIn(GITHUB, text, "First"), { now: ["A"], later: ["B", "C", "GITHUB_TOKEN"] });
    assert.deepEqual(namesIn(GITHUB, text, "Second"), { now: ["A", "B"], later: ["C", "GITHUB_TOKEN"] });
    assert.deepEqual(namesIn(GITHUB, text, "Third").later, []);
    assert.deepEqual(reachIn(GITHUB, text, "First").later.slice(0, 2), ["B (step “Second”)", "C (step “Third”)"]);
  });

  it("has no part in a plugin where steps share nothing but the work tree", () => {
    const text = `kind: pipeline
type: docker
name: x
steps:
  - name: test
    image: a
    commands: [make]
  - name: publish
    image: plugins/docker
    settings: { password: { from_secret: hidden } }
  - name: deploy
    image: b
    environment: { KEY: { from_secret: key } }
    commands: [./deploy.sh]
`;
    assert.deepEqual(namesIn(".drone.yml", text, "test"), { now: [], later: ["key"] });
  });
});

describe("what lies outside of the file", () => {
  const files: readonly (readonly [path: string, text: string, says: RegExp])[] = [
    [".gitlab-ci.yml", "a:\n  stage: x\n  script: [make]\n", /^every variable configured in the project's settings$/],
    [
      "bitbucket-pipelines.yml",
      "pipelines:\n  default:\n    - step:\n        script: [make]\n",
      /^every variable configured in the settings of the repository or its workspace$/,
    ],
    [".travis.yml", "language: c\nscript: make\n", /^every variable configured in the repository's settings$/],
    [
      ".circleci/config.yml",
      "version: 2.1\njobs:\n  build:\n    docker: [{ image: a }]\n    steps: [{ run: make }]\n",
      /^every variable configured in the project's settings$/,
    ],
    ["appveyor.yml", "build_script: [make]\n", /^every variable configured in the project's settings$/],
  ];
  for (const [path, text, says] of files)
    it(`is told as just that: ${path}`, () => {
      const { job, step } = stepIn(pipelineIn(path, text), "");
      const { now } = reachOf(job, step);
      assert.equal(now.filter(({ name, kind }) => kind === "settings" && says.test(name)).length, 1);
      assert.deepEqual(raising(now), []);
    });

  it("is nothing where the system hands out only what a file asks for", () => {
    assert.deepEqual(namesIn(GITHUB, workflow("\n      - name: Make\n        run: make"), "Make").now, []);
  });
});

describe("a reference", () => {
  it("to the image of a service takes the service's own variables, one to the container of a job those of both", () => {
    const head = `    env: { WIDE: "\${{ secrets.WIDE }}" }
    container: { image: "acme/box:1", env: { BOX: "\${{ secrets.BOX }}" } }
    services: { db: { image: "acme/db:1", env: { DB: "\${{ secrets.DB }}" } } }
`;
    const calls = [...mutableCalls(pipelineIn(GITHUB, workflow("\n      - run: make", head)), "image")];
    assert.deepEqual(
      calls.map(({ reference, reach }) => [reference.text, ...reach.now.map(({ name }) => name)]),
      [
        ["acme/box:1", "BOX", "WIDE"],
        ["acme/db:1", "DB"],
      ],
    );
  });

  it("takes what its step has; one of a job, what the job's scope has", () => {
    const text = workflow(
      `
      - run: docker login -p "\${{ secrets.S }}"
      - uses: acme/tool@v1`,
      `    container: acme/box:1\n    env: { WIDE: "\${{ secrets.WIDE }}" }\n`,
    );
    const calls = [...mutableCalls(pipelineIn(GITHUB, text), "image", "action")].map(({ reference, reach }) => [
      reference.text,
      reach.now.map(({ name }) => name).join(),
    ]);
    assert.deepEqual(calls, [
      ["acme/box:1", "WIDE"],
      ["acme/tool@v1", "GITHUB_TOKEN,S,WIDE"],
    ]);
  });
});

/** A workflow of one job. @param head further keys of the job */
function workflow(steps: string, head = ""): string {
  return `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n${head}    steps:${steps}\n`;
}

function pipelineIn(path: string, text: string): Pipeline {
  const pipeline = pipelineOf({ path, text }, EMPTY_CONTEXT);
  assert.ok(pipeline, path);
  return pipeline;
}

function stepIn(pipeline: Pipeline, label: string) {
  const found = [...stepsOf(pipeline)].find(({ step }) => step.label.includes(label));
  assert.ok(found, label);
  return found;
}

function reachIn(path: string, text: string, label: string) {
  const { job, step } = stepIn(pipelineIn(path, text), label);
  const { now, later } = reachOf(job, step);
  const shown = (reach: Reach) => reach.map(({ name, scope }) => `${name} (${scope})`);
  // What every action can have is a case of its own.
  return { now: shown(now.filter(({ implied }) => implied !== true)), later: shown(later) };
}

function namesIn(path: string, text: string, label: string) {
  const { job, step } = stepIn(pipelineIn(path, text), label);
  const { now, later } = reachOf(job, step);
  return { now: now.map(({ name }) => name), later: later.map(({ name }) => name) };
}
