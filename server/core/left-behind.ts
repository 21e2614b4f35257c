import { programOf } from "./flow.ts";
import { canWrite, type Reference, type Scope, type SecretUse, type Step, scopeChain, type Variable } from "./model.ts";
import type { ReachedSecret } from "./reach.ts";
import { depositsOf, MAY_LEAVE, type Place } from "./shell/deposits.ts";
import { contains, type Span } from "./text.ts";

/** A secret that a step leaves where later steps of its job can read it. */
export interface Left {
  readonly secret: ReachedSecret;
  readonly place: Place;
  /** What it is kept under: a later `logout` or `rm` of the same name takes it away. */
  readonly key: string;
}

/** What a step changes for the later ones. */
export interface LeftBehind {
  readonly left: readonly Left[];
  /** Keys of what it takes away. */
  readonly removed: readonly string[];
}

const NOTHING: LeftBehind = { left: [], removed: [] };

/** What a step leaves behind: by a checkout, by an action or task that logs in, by the commands of its scripts and of what runs in its place. */
export function leftBehind(step: Step): LeftBehind {
  const inner = (step.runs ?? []).map(({ steps }) => together(steps.map(leftBehind)));
  const found = [checkedOut(step), ...step.references.map((each) => called(step, each)), scripted(step), ...inner];
  return { left: found.flatMap(({ left }) => left), removed: found.flatMap(({ removed }) => removed) };
}

/** What steps in a row leave, without what later ones of them take away. */
function together(steps: readonly LeftBehind[]): LeftBehind {
  const left = steps.reduce<readonly Left[]>(
    (kept, { left: own, removed }) => [...kept.filter(({ key }) => !removed.includes(key)), ...own],
    [],
  );
  return { left, removed: steps.flatMap(({ removed }) => removed) };
}

/** The credential that a checkout keeps on the disk: the one that it was handed, or else the token of the run. */
function checkedOut({ checkout, inputs, scope, label }: Step): LeftBehind {
  if (checkout?.keepsCredentials !== true) return NOTHING;
  const { span, inTree } = checkout;
  const handed = inputs.filter(({ name }) => /^(?:token|ssh-key)$/i.test(name)).flatMap(({ secrets }) => secrets);
  const [token] = scopeChain(scope).flatMap(({ ambient }) => ambient.filter(({ kind }) => kind === "token"));
  const own: SecretUse = { name: token?.name ?? "the credential of the checkout", kind: "token", span };
  const left = (handed.length > 0 ? handed : [own]).map((use): Left => {
    const secret = login(use, `the credential that ${label} left on the disk`, scope);
    return { secret, place: inTree ? "tree" : "home", key: "checkout" };
  });
  return { left, removed: [] };
}

/** An action or task that logs in, and what it takes the login from. */
interface Login {
  /** The repository of an action, or the name of a task, in lower case. */
  readonly name: RegExp;
  /** The inputs that hold secrets which stay. */
  readonly inputs: RegExp;
  /** The variables of its environment that stay. */
  readonly variables?: RegExp;
  readonly place: Place;
  /** True where the login is only made with these inputs. */
  readonly when?: (input: (name: string) => string | undefined) => boolean;
  /** What remains where no secret of the file was used, as with a token of the run that a cloud takes. */
  readonly otherwise?: string;
}

/** Sources: the README of each action and, for tasks, learn.microsoft.com, "Azure Pipelines task reference". */
const LOGINS: readonly Login[] = [
  {
    name: /^(?:docker\/login-action|redhat-actions\/podman-login|azure\/docker-login)$/,
    inputs: /^password$/,
    place: "home",
  },
  {
    name: /^aws-actions\/configure-aws-credentials$/,
    inputs: /^aws-(?:access-key-id|secret-access-key|session-token)$/,
    place: "environment",
    otherwise: "AWS credentials",
  },
  { name: /^aws-actions\/amazon-ecr-login$/, inputs: /^$/, variables: /^AWS_/, place: "home" },
  {
    name: /^google-github-actions\/(?:auth|setup-gcloud|get-gke-credentials)$/,
    inputs: /^(?:credentials_json|service_account_key|credentials)$/,
    place: "home",
    when: (input) =>
      input("credentials_json") !== undefined ||
      input("service_account_key") !== undefined ||
      input("workload_identity_provider") !== undefined,
    otherwise: "Google Cloud credentials",
  },
  { name: /^azure\/login$/, inputs: /^(?:creds|client-secret)$/, place: "home", otherwise: "Azure credentials" },
  { name: /^azure\/(?:aks|k8s)-set-context$/, inputs: /^(?:creds|kubeconfig|k8s-secret)$/, place: "home" },
  { name: /^(?:webfactory\/ssh-agent|shimataro\/ssh-key-action)$/, inputs: /^(?:ssh-private-key|key)$/, place: "home" },
  { name: /^crazy-max\/ghaction-import-gpg$/, inputs: /^(?:gpg_private_key|passphrase)$/, place: "home" },
  { name: /^actions\/setup-java$/, inputs: /^gpg-private-key$/, place: "home" },
  {
    name: /^actions\/setup-node$/,
    inputs: /^$/,
    variables: /^NODE_AUTH_TOKEN$/,
    place: "environment",
    when: (input) => input("registry-url") !== undefined,
  },
  {
    name: /^(?:hashicorp\/setup-terraform|digitalocean\/action-doctl)$/,
    inputs: /^(?:cli_config_credentials_token|token)$/,
    place: "home",
  },
  {
    name: /^(?:extractions\/netrc|oleksiyrudenko\/gha-git-credentials|de-vri-es\/setup-git-credentials)$/,
    inputs: /^(?:password|token|credentials)$/,
    place: "home",
  },
  { name: /^installsshkey$/, inputs: /^(?:sshpassphrase|sshprivatekey|sshkeysecurefile)$/, place: "home" },
  {
    name: /^docker$/,
    inputs: /^containerregistry$/,
    place: "home",
    when: (input) => /^login$/i.test(input("command") ?? ""),
    otherwise: "the registry's password",
  },
  { name: /^npmauthenticate$/, inputs: /^$/, place: "tree", otherwise: "the credentials of the npm registries" },
];

function called(step: Step, reference: Reference): LeftBehind {
  const name = calledName(reference);
  const found = name === undefined ? undefined : LOGINS.find((each) => each.name.test(name));
  if (found === undefined) return NOTHING;
  const input = (wanted: string): string | undefined =>
    step.inputs.find((each) => each.name.toLowerCase() === wanted)?.value;
  if (found.when?.(input) === false) return NOTHING;
  const own = [
    ...step.inputs.filter((each) => found.inputs.test(each.name.toLowerCase())),
    ...environmentOf(step).filter((each) => found.variables?.test(each.name)),
  ].flatMap(({ secrets }) => secrets);
  const unnamed: readonly SecretUse[] =
    own.length > 0 || found.otherwise === undefined
      ? []
      : [{ name: found.otherwise, kind: "settings", span: reference.span }];
  const { place } = found;
  return {
    left: [...own, ...unnamed].map((use) => ({
      secret:
        place === "environment" && use.kind === "named"
          ? put(use, step)
          : login({ ...use, span: reference.span }, loginOf(step), step.scope),
      place,
      key: name ?? "",
    })),
    removed: [],
  };
}

function calledName({ kind, text, target }: Reference): string | undefined {
  if (kind === "action") return target.kind === "repository" ? target.repo.toLowerCase() : undefined;
  return kind === "task" ? text.trim().toLowerCase().replace(/@.*$/s, "") : undefined;
}

function scripted(step: Step): LeftBehind {
  // The outer ones first, so that the inner ones win.
  const variables = new Map(
    environmentOf(step)
      .toReversed()
      .map(({ name, secrets }) => [name.toLowerCase(), secrets]),
  );
  const left: Left[] = [];
  const removed: string[] = [];
  for (const script of step.scripts) {
    if (!MAY_LEAVE.test(script.text) && !/\b(?:rm|logout|shred|unlink)\b/.test(script.text)) continue;
    const program = programOf(script);
    if (program === undefined) continue;
    const deposits = depositsOf(program);
    for (const { span, place, key, variables: names, holes } of deposits.left) {
      const at = script.toDocument(span);
      const written = holes.flatMap((hole) => usesWithin(step, script.toDocument(hole)));
      const uses = [...names.flatMap((name) => variables.get(name) ?? []), ...written];
      for (const use of uses) {
        const secret =
          place === "environment"
            ? put({ ...use, span: at }, step)
            : login({ ...use, span: at }, loginOf(step), step.scope);
        left.push({ secret, place, key });
      }
    }
    removed.push(...deposits.removed);
  }
  return { left, removed };
}

function usesWithin(step: Step, span: Span): readonly SecretUse[] {
  return step.secrets.filter((use) => contains(span, use.span));
}

/** The variables that a step's processes have, innermost first. */
function environmentOf(step: Step): readonly Variable[] {
  return scopeChain(step.scope).flatMap(({ variables }) => variables);
}

function loginOf({ label }: Step): string {
  return `the login that ${label} left behind`;
}

function login({ name, kind, span }: SecretUse, label: string, scope: Scope): ReachedSecret {
  return {
    name,
    kind: "login",
    from: kind,
    scope: label,
    level: "job",
    span,
    ...placeOf(scope),
    ...rights(kind, scope),
  };
}

/** A variable that a step hands to all later ones is a variable as any other. */
function put({ name, kind, span }: SecretUse, { label, scope }: Step): ReachedSecret {
  const granter = `the variables that ${label} hands on`;
  return { name, kind, scope: granter, level: "job", span, ...placeOf(scope), ...rights(kind, scope) };
}

function rights(kind: SecretUse["kind"], scope: Scope): Pick<ReachedSecret, "writes"> {
  return kind === "token" && canWrite(scope) ? { writes: true } : {};
}

function placeOf({ path }: Scope): Pick<ReachedSecret, "path"> {
  return path === undefined ? {} : { path };
}
