import assert from "node:assert/strict";
import { pinsOf } from "../../server/core/pins.ts";
import { analysisOf, COMMAND, contextOf, fixedRepository, said } from "../support/repository.ts";

const CI = ".github/workflows/ci.yml";
const SHA256 = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";
const SEES = "a RUN sees its build arguments and the secrets mounted in it, not the environment of the step";

function workflow(run: string, env = "env:\n  NPM_TOKEN: ${{ secrets.NPM_TOKEN }}\n"): string {
  return `on: push\n${env}jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - name: Build\n        run: ${run}\n`;
}

/** What is found in a Dockerfile that a step builds, without the step. */
function inDockerfile(text: string, rule = "unpinned-remote-script", run = "docker build ."): readonly string[] {
  const files = { [CI]: workflow(run), Dockerfile: text };
  return said(files, CI, rule).map((line) => line.split(" ; ").slice(0, 2).join(" ; ").replace(" Dockerfile: ", " "));
}

describe("a Dockerfile that a pipeline builds", () => {
  it("is found behind the command lines that build images, from the folder that they run in", () => {
    for (const [run, path] of [
      ["docker build .", "Dockerfile"],
      ["docker build -t x:1 --build-arg A=b ci", "ci/Dockerfile"],
      ["docker buildx build --push -f ci/app.dockerfile .", "ci/app.dockerfile"],
      ["cd ci && docker build -f x/Dockerfile ..", "ci/x/Dockerfile"],
      ["sudo docker image build --file=Dockerfile.dev .", "Dockerfile.dev"],
      ["podman build .", "Containerfile"],
      ["buildah bud -t x .", "Dockerfile"],
      ["/kaniko/executor --context $GITHUB_WORKSPACE/ci --dockerfile Dockerfile -d x", "ci/Dockerfile"],
    ] as const) {
      const found = said({ [CI]: workflow(run), [path]: `FROM scratch\nRUN ${COMMAND}\n` }, CI);
      assert.deepEqual(found, [`warning ${path}: ${COMMAND} ; - ; Built by step “Build”; ${SEES} @ ${CI}:9`], run);
    }
    for (const run of [
      "docker run .",
      "docker build - < Dockerfile",
      "docker build https://x.example/y.git",
      "docker build /srv",
      "docker build ../x",
      "docker build $X",
    ])
      assert.deepEqual(said({ [CI]: workflow(run), Dockerfile: `FROM scratch\nRUN ${COMMAND}\n` }, CI), [], run);
  });

  it("is read in shell form, in exec form and in here-documents", () => {
    const [plain] = [`warning ${COMMAND} ; -`];
    for (const run of [
      `RUN ${COMMAND}`,
      `run set -e; ${COMMAND}`,
      `RUN --network=host --mount=type=cache,target=/x ${COMMAND}`,
      `RUN ["sh", "-c", "${COMMAND}"]`,
      `RUN <<EOF\n${COMMAND}\nEOF`,
      `RUN <<-'END' \n\t${COMMAND}\n\tEND\nRUN x`,
      `RUN <<EOF\n#!/bin/bash\n${COMMAND}\nEOF`,
      `RUN apt-get update && \\\n    # why\n\n    apt-get install curl && \\\r\n    ${COMMAND} && \\\n  true`,
      `SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN ${COMMAND}`,
      `ONBUILD RUN curl https://y.example/i.sh | sh\nRUN ${COMMAND}`,
    ])
      assert.deepEqual(inDockerfile(`FROM scratch\n${run}\n`), [plain], run);
    assert.equal(inDockerfile(`FROM scratch\nRUN bash <<EOF\n${COMMAND}\nEOF\n`).length, 1);
    assert.deepEqual(
      inDockerfile(
        `FROM scratch\nRUN echo "${COMMAND}"\nCOPY <<EOF /x\n${COMMAND}\nEOF\n# RUN ${COMMAND}\nLABEL a="${COMMAND}"\n`,
      ),
      [],
    );
  });

  it("takes another escape character, and the shells of Windows", () => {
    const text =
      '# escape=`\nFROM mcr.microsoft.com/windows/servercore@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d\nSHELL ["powershell", "-Command"]\nRUN cd C:\\ ; `\n    iex (irm https://x.example/i.ps1)\n';
    assert.deepEqual(inDockerfile(text), ["warning iex (irm https://x.example/i.ps1) ; -"]);
  });

  it("has files that stay from one RUN to the next within a stage", () => {
    const two = "FROM scratch\nWORKDIR /app\nRUN curl -fsSLO https://x.example/tool\nRUN chmod +x tool && ./tool\n";
    assert.deepEqual(inDockerfile(two, "unverified-download"), ["warning curl -fsSLO https://x.example/tool ; -"]);
    const checked = two.replace("tool\nRUN", `tool && echo "${SHA256}  tool" | sha256sum -c -\nRUN`);
    assert.deepEqual(inDockerfile(checked, "unverified-download"), []);
    assert.deepEqual(inDockerfile(two.replace("\nRUN chmod", "\nFROM scratch\nRUN chmod"), "unverified-download"), []);
  });

  it("downloads with ADD, which can check what it gets", () => {
    const text =
      "FROM scratch\nARG VERSION=1.2.3\nADD --chmod=755 https://x.example/${VERSION}/tool /usr/bin/\nRUN /usr/bin/tool\n";
    const [found, ...others] = inDockerfile(text, "unverified-download");
    assert.match(found ?? "", /^warning ADD --chmod=755 /);
    assert.deepEqual(others, []);
    assert.deepEqual(inDockerfile(text.replace("ADD", `ADD --checksum=sha256:${SHA256}`), "unverified-download"), []);
    const files = { [CI]: workflow("docker build ."), Dockerfile: text };
    const answers = [
      { kind: "scriptHash", sha256: SHA256, finalUrl: "https://x.example/1.2.3/tool", text: "echo\n" },
    ] as const;
    const fixed = fixedRepository(files, CI, "unverified-download", answers);
    assert.deepEqual(fixed, { ...files, Dockerfile: text.replace("ADD", `ADD --checksum=sha256:${SHA256}`) });
  });

  it("is pinned where the line is", () => {
    const pin = (text: string, rule: string, answers: Parameters<typeof fixedRepository>[3]) =>
      fixedRepository({ [CI]: workflow("docker build ."), Dockerfile: text }, CI, rule, answers).Dockerfile;
    const digest = `sha256:${SHA256}`;
    const image = [{ kind: "imageDigest", digest, platforms: 2 }] as const;
    const script = [
      { kind: "scriptHash", sha256: SHA256, finalUrl: "https://x.example/i.sh", text: "echo\n" },
    ] as const;
    assert.equal(
      pin("FROM node:22 AS build\r\nRUN x\r\n", "unpinned-image", image),
      `FROM node:22@${digest} AS build\r\nRUN x\r\n`,
    );
    assert.equal(
      pin("ARG BASE=node:22\nFROM ${BASE}\n", "unpinned-image", image),
      `ARG BASE=node:22@${digest}\nFROM \${BASE}\n`,
    );
    const [, line] =
      /^RUN (.*)$/m.exec(pin(`FROM scratch\nRUN ${COMMAND}\nRUN x\n`, "unpinned-remote-script", script) ?? "") ?? [];
    assert.match(
      line ?? "",
      new RegExp(
        `^curl -fsSL https://x\\.example/i\\.sh -o (\\S+); echo "${SHA256}  \\1" \\| sha256sum -c - \\|\\| exit 1; bash \\1$`,
      ),
    );
    const block = pin(`FROM scratch\nRUN <<EOF\n${COMMAND}\nEOF\n`, "unpinned-remote-script", script);
    assert.match(block ?? "", new RegExp(`^curl .*\\necho "${SHA256} .*\\nbash .*\\nEOF$`, "m"));
  });

  it("names images by FROM, COPY --from and mounts, and stages are none", () => {
    const text = `ARG VERSION=3.21
FROM --platform=$BUILDPLATFORM node:22 AS Build
FROM alpine:\${VERSION}
FROM build
COPY --from=build /a /a
COPY --from=0 /a /a
COPY --from=busybox:1 /a /a
RUN --mount=type=bind,from=golang:1.24,target=/go true
FROM scratch
FROM \${UNKNOWN}
FROM ruby@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d
`;
    const found = inDockerfile(text, "unpinned-image").map((line) => line.replace(/ ; .*$/, ""));
    const levels = new Set(found.map((line) => line.replace(/ .*$/, "")));
    assert.equal(levels.size, 1);
    assert.deepEqual(
      found.map((line) => line.replace(/^\w+ /, "")),
      ["node:22", "alpine:${VERSION}", "busybox:1", "golang:1.24"],
    );
  });

  it("may begin with an image that the pipeline has built before", () => {
    const run = "docker build -t acme/base . && docker build -f app.dockerfile .";
    const files = {
      [CI]: workflow(run),
      Dockerfile: "FROM scratch\n",
      "app.dockerfile": "FROM docker.io/acme/base\nFROM acme/other\n",
    };
    assert.deepEqual(
      said(files, CI, "unpinned-image").map((line) => line.split(" ; ")[0]?.replace(/^\w+ /, "")),
      ["app.dockerfile: acme/other"],
    );
  });

  it("has pins that can be checked again and renewed", () => {
    const digest = `sha256:${SHA256}`;
    const files = { [CI]: workflow("docker build ."), Dockerfile: `FROM node:22@${digest}\n` };
    const [place, ...others] = pinsOf({ path: CI, text: files[CI] }, contextOf(files));
    assert.deepEqual(others, []);
    assert.deepEqual([place?.path, place?.subject, place?.expected], ["Dockerfile", "node:22", digest]);
    const [edit] = place?.update(`sha256:${"0".repeat(64)}`) ?? [];
    assert.deepEqual(edit, {
      path: "Dockerfile",
      span: { start: 13, end: 13 + digest.length },
      text: `sha256:${"0".repeat(64)}`,
    });
  });

  it("reaches the secrets that the build hands to it, and not those of the step", () => {
    const reach = (run: string, text: string) =>
      inDockerfile(text, "unpinned-remote-script", run).map((line) => line.split(" ; ")[1]);
    const arg = `FROM scratch\nARG NPM_TOKEN\nRUN ${COMMAND}\n`;
    assert.deepEqual(reach("docker build .", arg), ["-"]);
    assert.deepEqual(reach("docker build --build-arg NPM_TOKEN .", arg), ["NPM_TOKEN of Dockerfile"]);
    assert.deepEqual(reach('docker build --build-arg NPM_TOKEN="$NPM_TOKEN" .', arg), ["NPM_TOKEN of Dockerfile"]);
    assert.deepEqual(reach("docker build --build-arg NPM_TOKEN=${{ secrets.OTHER }} .", arg), ["OTHER of Dockerfile"]);
    assert.deepEqual(reach("docker build --build-arg X=$NPM_TOKEN .", `FROM scratch\nRUN ${COMMAND}\nARG X\n`), ["-"]);
    assert.deepEqual(
      reach("docker build --build-arg X=$NPM_TOKEN .", `FROM scratch\nARG X\nENV Y=$X\nRUN ${COMMAND}\n`),
      ["NPM_TOKEN of Dockerfile"],
    );
    const mount = `FROM scratch\nRUN --mount=type=secret,id=npm ${COMMAND}\n`;
    assert.deepEqual(reach("docker build --secret id=npm,env=NPM_TOKEN .", mount), ["NPM_TOKEN of Dockerfile"]);
    assert.deepEqual(reach("docker build --secret id=npm,src=file .", mount), ["the build secret “npm” of Dockerfile"]);
    assert.deepEqual(reach("docker build --secret id=other,env=NPM_TOKEN .", mount), ["-"]);
  });

  it("runs scripts of the repository once they are copied", () => {
    const script = `#!/bin/sh\n${COMMAND}\n`;
    const of = (docker: string, path: string, run = "docker build .") =>
      said({ [CI]: workflow(run), Dockerfile: docker, [path]: script }, CI).map((line) =>
        line
          .split(" ; ")
          .filter((_, at) => at !== 1 && at !== 3)
          .join(" ; "),
      );
    const found = [`warning ci/x.sh: ${COMMAND} ; Run by RUN in line 4 @ Dockerfile:4`];
    assert.deepEqual(of("FROM scratch\nWORKDIR /app\nCOPY . .\nRUN ./ci/x.sh\n", "ci/x.sh"), found);
    assert.deepEqual(of("FROM scratch\nWORKDIR /app\nADD ./ /app/\nRUN sh ci/x.sh\n", "ci/x.sh"), found);
    assert.deepEqual(
      of("FROM scratch\nWORKDIR /app\nCOPY . .\nRUN ./x.sh\n", "ci/x.sh", "docker build -f Dockerfile ci"),
      found,
    );
    assert.deepEqual(of("FROM scratch\nWORKDIR /app\nRUN true\nRUN ./ci/x.sh\n", "ci/x.sh"), []);
    assert.deepEqual(of("FROM scratch\nWORKDIR /app\nCOPY --from=x . .\nRUN ./ci/x.sh\n", "ci/x.sh"), []);
    assert.deepEqual(of("FROM scratch\nCOPY . .\nWORKDIR /app\nRUN ./ci/x.sh\n", "ci/x.sh"), []);
  });

  it("is found behind a Compose file", () => {
    const compose =
      "services:\n  a: {build: .}\n  b:\n    build:\n      context: b\n      dockerfile: x.dockerfile\n      args: {T: $NPM_TOKEN}\n  c: {image: 'x:1'}\n";
    const docker = `FROM scratch\nARG T\nRUN ${COMMAND}\n`;
    const lines = (run: string, name = "compose.yaml") =>
      said({ [CI]: workflow(run), [name]: compose, Dockerfile: docker, "b/x.dockerfile": docker }, CI).map((line) =>
        line.split(" ; ").slice(0, 2).join(" ; "),
      );
    const both = [
      `warning Dockerfile: ${COMMAND} ; -`,
      `error b/x.dockerfile: ${COMMAND} ; NPM_TOKEN of b/x.dockerfile`,
    ];
    assert.deepEqual(lines("docker compose build"), both);
    assert.deepEqual(lines("docker-compose up -d", "docker-compose.yml"), both);
    assert.deepEqual(lines("docker compose -f ci/c.yml build", "ci/c.yml"), []);
    assert.deepEqual(lines("docker compose -f c.yml up --build", "c.yml"), both);
    assert.deepEqual(lines("docker compose pull"), []);
  });

  it("is found behind GitHub's actions that build one", () => {
    const step = (rest: string) =>
      workflow("x").replace(
        "run: x\n",
        `uses: docker/build-push-action@11bd71901bbe5b1630ceea73d27597364c9af683\n        with:\n${rest}`,
      );
    const reach = (rest: string, path: string) =>
      said({ [CI]: step(rest), [path]: `FROM scratch\nARG T\nRUN --mount=type=secret,id=s ${COMMAND}\n` }, CI).map(
        (line) => line.split(" ; ").slice(0, 2).join(" ; "),
      );
    assert.deepEqual(reach("          push: true\n", "Dockerfile"), [`warning Dockerfile: ${COMMAND} ; -`]);
    assert.deepEqual(reach("          context: ci\n", "ci/Dockerfile"), [`warning ci/Dockerfile: ${COMMAND} ; -`]);
    assert.deepEqual(reach("          context: ci\n          file: a/b.dockerfile\n", "a/b.dockerfile"), [
      `warning a/b.dockerfile: ${COMMAND} ; -`,
    ]);
    const args = "          build-args: |\n            A=1\n            T=${{ secrets.TOKEN }}\n";
    assert.deepEqual(reach(args, "Dockerfile"), [`error Dockerfile: ${COMMAND} ; TOKEN of Dockerfile`]);
    const secrets = '          secrets: |\n            "s=${{ secrets.NPM }}"\n';
    assert.deepEqual(reach(secrets, "Dockerfile"), [`error Dockerfile: ${COMMAND} ; NPM of Dockerfile`]);
    const action = {
      [CI]: workflow("x").replace("run: x", "uses: ./ci/act"),
      "ci/act/action.yml": "runs: {using: docker, image: Dockerfile}\n",
      "ci/act/Dockerfile": `FROM scratch\nRUN ${COMMAND}\n`,
    };
    assert.deepEqual(said(action, CI), [
      `warning ci/act/Dockerfile: ${COMMAND} ; - ; Built for this action; ${SEES} @ ci/act/action.yml:1 ; Run by step “Build” @ ${CI}:8`,
    ]);
  });

  it("may be hostile: nothing is thrown, and what is read is bounded", () => {
    const long = `RUN ${"a \\\n".repeat(20_000)}`;
    for (const text of [
      "",
      "FROM",
      "RUN",
      "FROM\nRUN <<",
      "RUN <<EOF\nx",
      "FROM a\nRUN <<A <<B\nx\nA\n",
      "\u0000",
      'FROM a\nRUN ["',
      "FROM a\nSHELL\nADD\nCOPY\nARG\nENV\nWORKDIR\n",
      long,
      `FROM a\n${long}`,
      "FROM ${".repeat(10_000),
      `FROM a\nRUN --${"-".repeat(50_000)}`,
      `FROM a\nRUN ${"<<A ".repeat(10_000)}`,
    ])
      assert.ok(analysisOf({ [CI]: workflow("docker build ."), Dockerfile: text }, CI));
    const many = `FROM scratch\n${`RUN ${COMMAND}\n`.repeat(3_000)}`;
    assert.equal(inDockerfile(many).length, 999);
  });
});
