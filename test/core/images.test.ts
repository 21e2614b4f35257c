import assert from "node:assert/strict";
import { maskGitHub } from "../../server/core/masking.ts";
import { type ImageUse, readBuiltImages, readContainer, readImages } from "../../server/core/shell/images.ts";
import { wordsOf } from "../support/command-words.ts";

function uses(line: string): readonly ImageUse[] {
  return readImages(wordsOf(line, maskGitHub));
}

function named(line: string, pin: ImageUse["pin"]): readonly string[] {
  return uses(line).flatMap((use) => (use.pin === pin ? [use.text] : []));
}

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

/** Command lines with the images in them whose owner can change them. */
const MUTABLE: readonly (readonly [string, ...string[]])[] = [
  ["docker run alpine", "alpine"],
  ["docker run --rm -it -p 6379:6379 --name r redis:7 redis-server --port 1", "redis:7"],
  ["docker run -itd -v ${{ github.workspace }}:/x --net host docker.io/centos:7 /bin/bash", "docker.io/centos:7"],
  ["docker run -v $PWD:/src -w /src acme/lint:latest --image other:1", "acme/lint:latest"],
  ["docker run -d -e A=1 -eB=2 --env C=3 -p8080:80 nginx:stable", "nginx:stable"],
  ["docker run --gpus all --shm-size 1g --ulimit nofile=1 ghcr.io/acme/train:v1 python x.py", "ghcr.io/acme/train:v1"],
  ["docker run --privileged linuxkit/binfmt:v0.6", "linuxkit/binfmt:v0.6"],
  ["docker run --pull always acme/tool", "acme/tool"],
  ["docker run --pull=missing --entrypoint sh acme/tool -c 'ls'", "acme/tool"],
  ["docker run --health-cmd 'pg_isready' --health-interval 10s postgres:16", "postgres:16"],
  ["docker run --mount type=bind,src=/a,dst=/b --tmpfs /run busybox", "busybox"],
  ["docker run --add-host h:1.2.3.4 --dns 8.8.8.8 --dns-search x.org -- ubuntu:24.04 ls", "ubuntu:24.04"],
  ["docker -H tcp://d.example:2375 run alpine:3", "alpine:3"],
  ["docker --context remote container run --rm alpine:3", "alpine:3"],
  ["docker create --name x alpine:3", "alpine:3"],
  ["docker container create alpine:3", "alpine:3"],
  ["docker pull alpine", "alpine"],
  ["docker image pull --platform linux/amd64 -q alpine:3", "alpine:3"],
  ["sudo -E docker pull registry.example:5000/team/app:1.2.3", "registry.example:5000/team/app:1.2.3"],
  ["/usr/bin/docker run hello-world", "hello-world"],
  ["nice docker run alpine", "alpine"],
  ["podman run --rm --userns keep-id quay.io/acme/tool:main make", "quay.io/acme/tool:main"],
  ["podman run docker://alpine:3", "alpine:3"],
  ["podman pull --arch arm64 alpine:3 busybox:1", "alpine:3", "busybox:1"],
  ["nerdctl -n k8s.io run alpine:3", "alpine:3"],
  ["nerdctl pull alpine:3", "alpine:3"],
  ["buildah from --name work fedora:42", "fedora:42"],
  ["buildah pull fedora:42", "fedora:42"],
  ["skopeo copy --all docker://acme/app:1 docker://registry.example/app:1", "acme/app:1"],
  ["skopeo --override-os linux copy docker://acme/app docker-archive:app.tar", "acme/app"],
  ["crictl pull --creds u:p registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"],
  ["ctr -n k8s.io images pull docker.io/library/redis:7", "docker.io/library/redis:7"],
  ["ctr run --rm docker.io/library/redis:7 cache", "docker.io/library/redis:7"],
  ["kubectl run shell --rm -it --image=nicolaka/netshoot -- bash", "nicolaka/netshoot"],
  ["kubectl -n ci run shell --image busybox:1.36 --restart=Never", "busybox:1.36"],
  ["kubectl create deployment web --image=nginx:1.27 --replicas 2", "nginx:1.27"],
  ["kubectl debug node/n1 --image=ubuntu -it", "ubuntu"],
  ["apptainer exec --bind /data docker://acme/tool:2 tool", "acme/tool:2"],
  ["singularity pull tool.sif docker://acme/tool:2", "acme/tool:2"],
  [`docker run alpine@${DIGEST.slice(0, 20)}`, `alpine@${DIGEST.slice(0, 20)}`],
];

/** Command lines whose image cannot change or cannot be told, and those that fetch none. */
const SILENT: readonly string[] = [
  `docker run alpine@${DIGEST}`,
  `docker run --rm node:22.4.1@${DIGEST} npm test`,
  `docker pull ghcr.io/acme/tool@${DIGEST}`,
  `skopeo copy docker://acme/app@${DIGEST} docker://registry.example/app:1`,
  `kubectl run x --image=busybox@${DIGEST}`,
  "docker run $IMAGE",
  "docker pull acme/app:${{ needs.build.outputs.version }}",
  'docker run --rm "$REGISTRY/app:latest"',
  "docker run $OPTIONS alpine:3",
  "docker run --pull never app:latest",
  "docker run --pull=never app",
  "docker run localhost:5000/app:latest",
  "docker pull 127.0.0.1:5000/app",
  "docker run 0123456789ab ls",
  `docker run ${DIGEST}`,
  "podman run --rootfs /srv/root sh",
  "podman run localhost/app:1",
  "podman run containers-storage:app",
  "podman pull docker-archive:app.tar",
  "skopeo copy docker-archive:app.tar docker://registry.example/app:1",
  "skopeo inspect docker://alpine:3",
  "docker exec -it web sh",
  "docker build -t app:1 --cache-from app:latest .",
  "docker buildx build --push -t acme/app:1 .",
  "docker push acme/app:1",
  "docker login ghcr.io -u x",
  "docker compose run web sh",
  "docker compose up -d",
  "docker buildx create --use builder-1",
  "docker images alpine",
  "docker rmi alpine:3",
  "docker image prune -f",
  "docker network create ci",
  "docker volume create data",
  "docker run --help",
  "docker",
  "kubectl run x",
  "kubectl apply -f deployment.yaml",
  "kubectl exec pod -- run --image=x",
  "kubectl set image deployment/web web=nginx:1",
  "crictl images",
  "ctr images ls",
  "apptainer exec tool.sif tool docker",
  "echo docker run alpine",
  "buildah bud -t app .",
];

describe("images of a command line", () => {
  for (const [line, ...expected] of MUTABLE) {
    it(`can change: ${line}`, () => assert.deepEqual(named(line, "mutable"), expected));
  }

  for (const line of SILENT) {
    it(`cannot change, or is none: ${line}`, () => assert.deepEqual(named(line, "mutable"), []));
  }

  it("are pinned by a digest, known variables beside it or not", () => {
    assert.deepEqual(named(`docker run node:22@${DIGEST}`, "pinned"), [`node:22@${DIGEST}`]);
    assert.deepEqual(named(`docker run $REGISTRY/node:22@${DIGEST}`, "pinned"), [`$REGISTRY/node:22@${DIGEST}`]);
  });

  it("are unknown where a part of the name is", () => {
    assert.deepEqual(named("docker run $IMAGE", "unknown"), ["$IMAGE"]);
    assert.deepEqual(named("docker pull acme/app:${{ inputs.tag }}", "unknown"), ["acme/app:‹›"]);
  });

  it("run at once or are only fetched", () => {
    assert.deepEqual(
      ["docker run a", "docker pull a", "docker create a", "kubectl run x --image=a"].map(
        (line) => uses(line)[0]?.runs,
      ),
      [true, false, false, true],
    );
  });

  it("have the span of their word, and their command's from the program to it", () => {
    const line = "docker run --rm acme/lint:1 --strict";
    const [use] = uses(line);
    assert.equal(line.slice(use?.span.start, use?.span.end), "acme/lint:1");
    assert.equal(line.slice(use?.command.start, use?.command.end), "docker run --rm acme/lint:1");
    assert.deepEqual(use?.target, { kind: "image", name: "acme/lint", tag: "1", pin: "mutable" });
  });
});

describe("images that are built", () => {
  const built = (line: string): readonly string[] => readBuiltImages(wordsOf(line, maskGitHub));

  const BUILT: readonly (readonly [string, ...string[]])[] = [
    ["docker build -t app .", "app:latest"],
    ["docker build -qt app:1 --tag=acme/app:1 .", "app:1", "acme/app:1"],
    ["docker buildx build --load -t docker.io/library/app .", "app:latest"],
    ["docker image build --tag app:1 -f ci/Dockerfile .", "app:1"],
    ["podman build -t localhost/app .", "app:latest"],
    ["buildah bud -t app:2 .", "app:2"],
    ["docker tag app:1 registry.example/app", "registry.example/app:latest"],
    ["docker image tag a b:2", "b:2"],
    ["docker commit -m 'x y' web app:3", "app:3"],
    ["docker import root.tar app:4", "app:4"],
    ["docker build -t app:$TAG .", "app:$TAG"],
    ["docker build ."],
    ["docker pull app"],
    ["make build -t app"],
  ];
  for (const [line, ...expected] of BUILT) {
    it(`are named by: ${line}`, () => assert.deepEqual(built(line), expected));
  }

  it("have the same name as the image that is run", () => {
    assert.deepEqual(
      uses("docker run docker.io/app").map(({ name }) => name),
      built("docker build -t app ."),
    );
    assert.deepEqual(
      uses("podman run docker.io/library/app:1").map(({ name }) => name),
      built("podman build -t app:1 ."),
    );
    assert.notDeepEqual(
      uses("docker run app:2").map(({ name }) => name),
      built("docker build -t app ."),
    );
  });
});

describe("the command that a container runs", () => {
  it("is what stands behind the image", () => {
    const run = (line: string) => {
      const { image, command } = readContainer(wordsOf(line, maskGitHub)) ?? {};
      return [image?.text, command?.map(({ text }) => text).join(" ")];
    };
    assert.deepEqual(run("docker run --rm -e A=1 --cpus 2 alpine:3 sh -c ls"), ["alpine:3", "sh -c ls"]);
    assert.deepEqual(run("podman --log-level debug run --rm alpine"), ["alpine", ""]);
    assert.deepEqual(run("docker exec web sh"), [undefined, undefined]);
  });
});
