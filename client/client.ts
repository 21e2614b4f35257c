import {
  commands,
  type ExtensionContext,
  type LogOutputChannel,
  type OutputChannel,
  type TextDocument,
  window,
  workspace,
} from "vscode";
import {
  type BaseLanguageClient,
  CloseAction,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  State,
  WorkDoneProgressCancelNotification,
} from "vscode-languageclient";
import { acceptFindings, type BaselineFile } from "./baseline.ts";
import { documentsOf, newScheme, selectorOf } from "./documents.ts";
import { provideHover } from "./hover.ts";
import { createPins, type Pins } from "./pins.ts";
import { createProgress } from "./progress.ts";
import { createReports } from "./reports.ts";
import { openSample } from "./sample.ts";
import { createStatus, type ServerStatus, type StatusItem, type StatusText } from "./status.ts";

/** Makes a language client for one kind of server process. */
export type CreateClient = (options: LanguageClientOptions) => BaseLanguageClient;

/** What other extensions can ask this one, and tests: no API of VS Code tells what a status says. */
export interface Extension {
  status(): StatusText;
}

/**
 * Starts the server and everything around it: one output channel, the commands, and a message with a way out when the server cannot
 * start. Resolves when the server runs, or when the message is shown; never rejects.
 */
export function startClient(context: ExtensionContext, create: CreateClient): Promise<Extension> {
  const output = window.createOutputChannel("Pipewarden", { log: true });
  const running: { client: BaseLanguageClient | undefined } = { client: undefined };
  const pins = createPins(
    async (sha256) => (await running.client?.sendRequest<string | null>("pipewarden/scriptText", { sha256 })) ?? null,
  );
  const reports = createReports(async (method, params) => running.client?.sendRequest(method, params));
  const storage = context.globalStorageUri.toString();
  const schemes = new Set<string>();
  const status = createStatus(selectorOf(schemes));

  const stop = async () => {
    await running.client?.dispose().catch((error: unknown) => output.warn(String(error)));
    running.client = undefined;
  };
  const start = async () => {
    status.setState("starting");
    const tell: Messages = {
      failed: (message) => {
        status.setState("stopped");
        void showFailure(message, output);
      },
      restarted: () => void showRestart(output),
    };
    const client = createClient(create, { output, pins, storage, schemes, status, tell });
    running.client = client;
    // The failure is shown by then.
    await client.start().catch((error: unknown) => {
      status.setState("stopped");
      output.error(String(error));
    });
  };
  // One after the other: a start that overlaps a stop would leave a server process behind.
  const turns = { last: Promise.resolve() };
  const restart = () => {
    turns.last = turns.last.then(stop).then(start);
    return turns.last;
  };

  // A client is told once which documents it is for.
  const meet = (document: TextDocument) => {
    const scheme = newScheme(document, schemes);
    if (scheme === undefined) return;
    schemes.add(scheme);
    status.setSelector(selectorOf(schemes));
    void restart();
  };

  context.subscriptions.push(
    output,
    status,
    workspace.onDidOpenTextDocument(meet),
    commands.registerCommand("pipewarden.openSample", () => openSample(context.extensionUri)),
    pins,
    reports,
    commands.registerCommand("pipewarden.restart", restart),
    commands.registerCommand("pipewarden.showOutput", () => output.show(true)),
    commands.registerCommand("pipewarden.openSettings", () =>
      commands.executeCommand("workbench.action.openSettings", `@ext:${context.extension.id}`),
    ),
    commands.registerCommand("pipewarden.acceptFindings", () =>
      acceptFindings(async () => running.client?.sendRequest<readonly BaselineFile[]>("pipewarden/baselines")),
    ),
    workspace.onDidGrantWorkspaceTrust(() => {
      if (running.client?.isRunning()) void running.client.sendNotification("pipewarden/workspaceTrusted");
    }),
    { dispose: stop },
  );
  for (const document of workspace.textDocuments) {
    const scheme = newScheme(document, schemes);
    if (scheme !== undefined) schemes.add(scheme);
  }
  status.setSelector(selectorOf(schemes));
  return restart().then(() => ({ status: status.current }));
}

/** What a client needs of its surroundings. */
interface Surroundings {
  readonly output: LogOutputChannel;
  readonly pins: Pins;
  readonly storage: string;
  /** Virtual file systems whose documents it is for. */
  readonly schemes: ReadonlySet<string>;
  readonly status: StatusItem;
  readonly tell: Messages;
}

/** Tells the person what became of the server. */
interface Messages {
  failed(message: string): void;
  restarted(): void;
}

function createClient(
  create: CreateClient,
  { output, pins, storage, schemes, status, tell }: Surroundings,
): BaseLanguageClient {
  const progress = createProgress((token) =>
    client.sendNotification(WorkDoneProgressCancelNotification.type, { token }),
  );
  const hasRun = { once: false };
  const crash = { last: Number.NEGATIVE_INFINITY };
  const client = create({
    documentSelector: documentsOf(schemes),
    outputChannel: output,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationOptions: () => ({
      trusted: workspace.isTrusted,
      storage,
      hover: { commandLinks: true, showsMessages: true },
      status: true,
    }),
    initializationFailedHandler: () => false,
    middleware: { handleWorkDoneProgress: progress.show, executeCommand: pins.executeCommand, provideHover },
    errorHandler: {
      error: (error, message, count) => defaults.error(error, message, count),
      closed: async () => {
        // A server that ends before it has ever run would end the next time too.
        const result = hasRun.once ? await defaults.closed() : { action: CloseAction.DoNotRestart };
        if (result.action === CloseAction.DoNotRestart) tell.failed(hasRun.once ? KEEPS_CRASHING : CANNOT_START);
        else if (Date.now() - crash.last > ONE_SERIES) tell.restarted();
        crash.last = Date.now();
        return { ...result, handled: true };
      },
    },
  });
  const defaults = client.createDefaultErrorHandler(RESTARTS);
  client.onDidChangeState(({ newState }) => {
    if (newState === State.Running) hasRun.once = true;
    else progress.endAll();
    if (newState === State.Running) status.setState("running");
  });
  client.onNotification("pipewarden/status", (now: ServerStatus) => status.setStatus(now));
  return client;
}

/** So often a crashed server is started again within {@link ONE_SERIES}; the next crash ends it. */
const RESTARTS = 4;

/** Crashes that are no further apart are told once. In milliseconds: the time in which the default error handler counts. */
const ONE_SERIES = 3 * 60 * 1000;

const RESTARTED =
  "Pipewarden's language server crashed and was started again. The output says why; please report it if it happens again.";
const CANNOT_START =
  "Pipewarden cannot check your pipelines: its language server ended while it started. The output says why; reinstalling the extension helps where files are missing.";
const KEEPS_CRASHING =
  "Pipewarden no longer checks your pipelines: its language server crashed again and again. The output says why; please report it.";

async function showRestart(output: OutputChannel): Promise<void> {
  if ((await window.showWarningMessage(RESTARTED, "Show Output")) !== undefined) output.show(true);
}

async function showFailure(message: string, output: OutputChannel): Promise<void> {
  const choice = await window.showErrorMessage(message, "Show Output", "Restart");
  if (choice === "Show Output") output.show(true);
  if (choice === "Restart") await commands.executeCommand("pipewarden.restart");
}
