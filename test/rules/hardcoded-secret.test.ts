import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { crc32 } from "node:zlib";
import { analyze } from "../../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";
import { findingsOf } from "../check.ts";
import { pipewarden } from "../cli/command-line.ts";
import { useFolders } from "../support/folder.ts";

// No credential stands in this file: each is put together here, so that no scanner of repositories takes one for real.

const RULE = "hardcoded-secret";
const GITHUB = ".github/workflows/x.yml";
const GITLAB = ".gitlab-ci.yml";

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Characters that look as if chance had made them, always the same ones. */
function noise(length: number, alphabet = LETTERS): string {
  let state = 12345;
  return Array.from({ length }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return alphabet[Math.floor(state / 65536) % alphabet.length];
  }).join("");
}

const hex = (length: number): string => noise(length, "0123456789abcdef");

function withChecksum(prefix: string, right = true): string {
  const body = noise(30);
  let number = crc32(body) + (right ? 0 : 1);
  let digits = "";
  for (; number > 0; number = Math.floor(number / 62)) digits = `${LETTERS[number % 62]}${digits}`;
  return `${prefix}${body}${digits.padStart(6, "0")}`;
}

function macaroon(): string {
  const bytes = Buffer.concat([
    Buffer.from([2, 1, 8]),
    Buffer.from("pypi.org"),
    Buffer.from([2, 36]),
    Buffer.from(noise(36)),
    Buffer.from([0, 0, 6, 32]),
    Buffer.from(noise(32)),
  ]);
  return `pypi-${bytes.toString("base64url")}`;
}

const UUID = "3f2a91c4-7b5d-4e08-9a61-d4c80b72e519";
const AWS_ID = `AKIA${noise(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")}`;
const AWS_SECRET = noise(40);

/** [what it is, the value, the severity, the text around the value] */
const TOKENS: readonly (readonly [string, string, string, ((value: string) => string)?])[] = [
  ["a token of GitHub", withChecksum("ghp_"), "error"],
  ["a token of an app of GitHub", withChecksum("ghs_"), "error"],
  ["a fine-grained token of GitHub", `github_pat_${noise(22)}_${noise(59)}`, "warning"],
  ["a token of npm", withChecksum("npm_"), "error", (value) => `//registry.npmjs.org/:_authToken=${value}`],
  ["a token of PyPI", macaroon(), "error"],
  ["a token of GitLab", `glpat-${noise(20)}`, "warning"],
  ["a secret of AWS", AWS_SECRET, "warning", (value) => `aws configure set x ${AWS_ID} ${value}`],
  ["a secret of AWS in front of its id", AWS_SECRET, "warning", (value) => `x ${value} ${AWS_ID}`],
  ["a token of Slack", `xoxb-${noise(12, "0123456789")}-${noise(12, "0123456789")}-${noise(24)}`, "warning"],
  [
    "a webhook of Slack",
    `T${noise(9, "ABCDEFGH0123456789")}/B${noise(9, "ABCDEFGH0123456789")}/${noise(24)}`,
    "warning",
    (value) => `curl -d x https://hooks.slack.com/services/${value}`,
  ],
  [
    "a webhook of Discord",
    `${noise(18, "0123456789")}/${noise(68)}`,
    "warning",
    (value) => `curl https://discord.com/api/webhooks/${value}`,
  ],
  ["a live key of Stripe", `sk_live_${noise(24)}`, "warning"],
  ["a key of Google", `AIza${noise(35)}`, "information"],
  ["a key of SendGrid", `SG.${noise(22)}.${noise(43)}`, "warning"],
  ["a token of DigitalOcean", `dop_v1_${hex(64)}`, "warning"],
  ["a token of Docker Hub", `dckr_pat_${noise(27)}`, "warning"],
  ["a token of Hugging Face", `hf_${noise(34)}`, "warning"],
  ["a key of OpenAI", `sk-proj-${noise(40)}T3BlbkFJ${noise(40)}`, "warning"],
  ["a key of Anthropic", `sk-ant-api03-${noise(93)}AA`, "warning"],
  [
    "a key of Azure's storage",
    `${noise(86)}==`,
    "warning",
    (value) => `"DefaultEndpointsProtocol=https;AccountName=x;AccountKey=${value};EndpointSuffix=core.windows.net"`,
  ],
  ["a token of Telegram", `${noise(9, "123456789")}:AA${noise(33)}`, "warning"],
  [
    "a token of Telegram in an address",
    `${noise(9, "123456789")}:AA${noise(33)}`,
    "warning",
    (value) => `curl https://api.telegram.org/bot${value}/getMe`,
  ],
  ["a secret of AWS behind its name", AWS_SECRET, "warning", (value) => `ID=${AWS_ID} AWS_SECRET_ACCESS_KEY=${value}`],
  ["a token of Codecov", UUID, "information", (value) => `codecov -t ${value}`],
  ["a password in an address", "Copper-Lamp-4471", "warning", (value) => `git push https://me:${value}@git.acme.dev/x`],
];

const VALUES = TOKENS.map(([, value]) => value);

/** The places of a file where a value can stand, in several systems. */
const PLACES: readonly (readonly [string, (text: string) => string])[] = [
  [GITHUB, (text) => `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          ./x ${text}\n`],
  [GITHUB, (text) => `on: push\nenv:\n  A: '${text}'\njobs:\n  a:\n    runs-on: x\n    steps: [{ run: make }]\n`],
  [
    GITHUB,
    (text) => `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: ./a\n        with: { a: '${text}' }\n`,
  ],
  [GITLAB, (text) => `a:\n  variables:\n    A: '${text}'\n  script: [make]\n`],
  [".travis.yml", (text) => `language: c\nenv:\n  global:\n    - 'A=${text}'\nscript: make\n`],
  [
    ".circleci/config.yml",
    (text) => `version: 2.1\njobs:\n  a:\n    docker: [{ image: a }]\n    steps: [{ run: 'x ${text}' }]\n`,
  ],
  ["azure-pipelines.yml", (text) => `steps:\n  - bash: 'x ${text}'\n`],
  [
    ".drone.yml",
    (text) => `kind: pipeline\nname: a\nsteps:\n  - name: a\n    image: a\n    settings: { a: '${text}' }\n`,
  ],
  [".buildkite/pipeline.yml", (text) => `# ${text}\nsteps:\n  - command: make\n`],
];

/** Text that looks like a credential and is none. */
const HARMLESS: readonly (readonly [string, string])[] = [
  ["a wrong checksum", withChecksum("ghp_", false)],
  ["a wrong checksum of npm", withChecksum("npm_", false)],
  ["letters in the place of a token", `ghp_${"x".repeat(36)}`],
  ["a token that is an example", `glpat-EXAMPLE${noise(13)}`],
  ["a token that is a variable", "glpat-$TOKEN"],
  ["a name in angles", "https://user:<password>@git.acme.dev/x"],
  ["an expression", "https://user:$" + "{{ secrets.PASSWORD }}@git.acme.dev/x"],
  ["a variable in an address", "https://user:$PASSWORD@git.acme.dev/x"],
  ["a word for a password", "https://user:password@git.acme.dev/x"],
  ["the word of GitHub", "https://token:x-oauth-basic@github.com/x/y"],
  ["a machine of the job", "https://user:Copper-Lamp-4471@localhost/x"],
  ["a service of the job", "http://elastic:Copper-Lamp-4471@elasticsearch:9200"],
  ["an address for examples", "https://user:Copper-Lamp-4471@git.example.com/x"],
  ["a port", "https://git.acme.dev:8443/a@b.dev"],
  ["the public half of a key of AWS", AWS_ID],
  ["the key of the documentation of AWS", `AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY`],
  ["a commit beside the public half", `${AWS_ID} ${hex(40)}`],
  ["a key of Stripe for tests", `sk_test_${noise(24)}`],
  ["a public key of Stripe", `pk_live_${noise(24)}`],
  [
    "the webhook of Slack's documentation",
    "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
  ],
  [
    "the key of Azure's emulator",
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoMGMw==",
  ],
  ["a UUID", UUID],
  ["a digest", `sha256:${hex(64)}`],
  ["an integrity", `sha512-${noise(86)}==`],
  ["a password of a service", "DB_PASSWORD: test"],
  ["the frame of a key", "-----BEGIN RSA PRIVATE KEY-----$KEY-----END RSA PRIVATE KEY-----"],
  ["a part of a longer word", `${noise(8)}${withChecksum("ghp_")}${noise(8)}`],
  ["a token that Travis alone can read", `secure: "${withChecksum("ghp_")}"`],
];

describe("hardcoded-secret", () => {
  for (const [title, value, severity, around = (text: string) => text] of TOKENS)
    it(`finds ${title}, wherever it stands`, () => {
      for (const [file, write] of PLACES) {
        const text = write(around(value));
        const found = findingsOf(RULE, file, text);
        assert.deepEqual(
          found.map(({ span }) => text.slice(span.start, span.end)),
          [value],
          text,
        );
        assert.equal(found[0]?.severity, severity);
      }
    });

  for (const [title, value] of HARMLESS)
    it(`says nothing about ${title}`, () => {
      for (const [file, write] of PLACES)
        if (!value.includes('"') || file !== GITHUB) assert.deepEqual(findingsOf(RULE, file, write(value)), [], value);
    });

  for (const [type, options] of [
    ["rsa", { modulusLength: 2048 }],
    ["ec", { namedCurve: "P-256" }],
    ["ed25519", {}],
  ] as const)
    it(`finds a private key of ${type}, in lines and in a string`, () => {
      const { privateKey } = generateKeyPairSync(type as "rsa", options as { modulusLength: number });
      const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString().trim();
      const lines = `a:\n  script:\n    - |\n      cat > key <<EOF\n${pem.replace(/^/gm, "      ")}\n      EOF\n`;
      const string = `a:\n  variables:\n    KEY: ${JSON.stringify(JSON.stringify({ private_key: `${pem}\n` }))}\n  script: [make]\n`;
      const once = `a:\n  variables:\n    KEY: ${JSON.stringify(pem)}\n  script: [make]\n`;
      for (const text of [lines, once]) assert.equal(findingsOf(RULE, GITLAB, text).length, 1, text);
      assert.equal(findingsOf(RULE, GITLAB, string.replaceAll("\\\\n", "\\n")).length, 1);
      const cut = lines.replace(/(.{30})(\n.*-----END)/, "$2");
      assert.equal(findingsOf(RULE, GITLAB, cut).length, 0, "a key that is not whole is none");
    });

  it("says nothing about a private key that a password protects", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const pem = privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }).toString();
    const text = `a:\n  variables:\n    KEY: ${JSON.stringify(pem)}\n  script: [make]\n`;
    assert.deepEqual(findingsOf(RULE, GITLAB, text), []);
  });

  it("offers no fix, since the history keeps the value", () => {
    const [file, write] = PLACES[0] ?? assert.fail();
    assert.deepEqual(findingsOf(RULE, file, write(withChecksum("ghp_")))[0]?.fixes, []);
  });
});

describe("the value of a hardcoded secret", () => {
  // The other rules speak about the same text: about the address of a script, of an include, the name of a step.
  const password = "Copper-Lamp-4471";
  const token = withChecksum("ghp_");
  const address = `https://me:${password}@git.acme.dev`;
  const files: Readonly<Record<string, string>> = {
    [GITHUB]: [
      "on: issues",
      "env:",
      `  ALL: "\${{ secrets.ALL }} ${token}"`,
      "jobs:",
      "  a:",
      "    runs-on: ubuntu-latest",
      "    steps:",
      `      - run: curl -s ${address}/install.sh | bash -s ${token}`,
      `      - run: curl -sO ${address}/tool && chmod +x tool && ./tool "\${{ github.event.issue.title }}" ${token}`,
      `      - run: git clone ${address}/x && ./x/run \${{ secrets.KEY }} ${VALUES.join(" ")}`,
      `      - run: npm install ${address}/x.tgz && pip install ${address}/y.whl && docker run git.acme.dev/${token}/x`,
      `      - uses: ${address}/owner/action@v1`,
      "",
    ].join("\n"),
    [GITLAB]: [
      "include:",
      `  - remote: ${address}/ci.yml`,
      `image: git.acme.dev/${token.toLowerCase()}:latest`,
      "a:",
      `  script: ["wget -O- ${address}/x.sh?${token} | sh", "echo ${token}"]`,
      "",
    ].join("\n"),
    ".circleci/config.yml": `version: 2.1\norbs:\n  x: ${address}/orb.yml\njobs:\n  a:\n    docker: [{ image: a }]\n    steps: [{ run: 'curl ${address}/x | sh' }]\n`,
  };
  const secrets = [password, token, ...VALUES];
  const folderOf = useFolders();

  it("is in no message, no related text, no title of a fix and no reach", () => {
    for (const [file, text] of Object.entries(files)) {
      const { findings } = analyze({ path: file, text }, EMPTY_CONTEXT, DEFAULT_SETTINGS);
      assert.ok(findings.some(({ rule }) => rule.id === RULE));
      assert.ok(findings.some(({ rule }) => rule.id !== RULE));
      for (const { message, related, fixes, reach } of findings) {
        const labels = (reach ?? []).map((each) => JSON.stringify(each, ["name", "scope", "label", "kind"]));
        const said = [message, ...related.map((each) => each.message), ...fixes.map(({ title }) => title), ...labels];
        for (const secret of secrets) {
          assert.ok(!said.join("\n").includes(secret), said.join("\n"));
          assert.ok(!said.join("\n").includes(secret.slice(0, 12)), said.join("\n"));
        }
      }
    }
  });

  it("is in no map of secrets and in no drill", async function () {
    this.timeout(30_000);
    const folder = folderOf(files);
    for (const format of ["text", "json"]) {
      for (const command of [["secrets"], ["breach", "git.acme.dev"]]) {
        const { out, err } = await pipewarden([...command, "--format", format], folder);
        assert.match(out, /git\.acme\.dev/);
        for (const secret of secrets)
          assert.ok(
            !`${out}${err}`.includes(secret),
            `${command} ${format}: ${`${out}${err}`.split("\n").find((line) => line.includes(secret))}`,
          );
      }
    }
  });

  it("is in no report of any format", async function () {
    this.timeout(30_000);
    const folder = folderOf(files);
    for (const format of ["text", "json", "sarif"]) {
      const { out, err } = await pipewarden(["scan", "--format", format, "."], folder);
      assert.match(out, /hardcoded-secret/);
      for (const secret of secrets) assert.ok(!`${out}${err}`.includes(secret), `${format}: ${secret}`);
    }
  });
});
