import {
  commands,
  type Disposable,
  EventEmitter,
  extensions,
  type QuickPickItem,
  QuickPickItemKind,
  Uri,
  window,
  workspace,
} from "vscode";

/** A party that code of the workspace comes from. The same as the server's `KnownParty`. */
interface KnownParty {
  readonly text: string;
  readonly kind: string;
  readonly steps: number;
}

/** A report of the server. The same as its `ReportDocument`. */
interface ReportDocument {
  readonly title: string;
  readonly markdown: string;
}

/** Sends a request to the server; `undefined` where none runs. */
export type Ask = <T>(method: string, params: unknown) => Promise<T | undefined>;

/** Scheme of the documents that show reports. They are read-only and lie on no disk. */
const REPORT_SCHEME = "pipewarden-report";

/** The commands that show reports on the workspace: a breach drill, and the map of secrets. */
export function createReports(ask: Ask): Disposable {
  const texts = new Map<string, string>();
  const changes = new EventEmitter<Uri>();

  /** The query names the report, so that a window that is opened again can ask for it again. */
  const load = async (query: string): Promise<ReportDocument | undefined> => {
    const { method, ...params } = readQuery(query);
    if (method === undefined) return undefined;
    const base = workspace.workspaceFolders?.[0]?.uri.toString();
    return (await ask<ReportDocument | null>(method, { ...params, base })) ?? undefined;
  };
  const show = async (method: string, params: Readonly<Record<string, string>>): Promise<void> => {
    const query = JSON.stringify({ method, ...params });
    const report = await load(query);
    if (report === undefined) return;
    const uri = Uri.from({ scheme: REPORT_SCHEME, path: `/${report.title.replace(/[/\\?#]+/g, " ")}.md`, query });
    texts.set(uri.toString(), report.markdown);
    changes.fire(uri);
    await open(uri);
  };

  const registrations = [
    changes,
    workspace.registerTextDocumentContentProvider(REPORT_SCHEME, {
      onDidChange: changes.event,
      provideTextDocumentContent: async (uri) =>
        texts.get(uri.toString()) ?? (await load(uri.query))?.markdown ?? "The report is no longer kept.\n",
    }),
    workspace.onDidCloseTextDocument(({ uri }) => texts.delete(uri.toString())),
    commands.registerCommand("pipewarden.breachDrill", async (argument: unknown) => {
      const party = typeof argument === "string" ? argument : await chooseParty(ask);
      if (party !== undefined) await show("pipewarden/breachDrill", { party });
    }),
    commands.registerCommand("pipewarden.secretsMap", () => show("pipewarden/secretsMap", {})),
  ];
  return {
    dispose: () => {
      for (const each of registrations) each.dispose();
    },
  };
}

/** As a page where VS Code's own Markdown is there, else as text. Links lead to the lines in both. */
async function open(uri: Uri): Promise<void> {
  const markdown = extensions.getExtension("vscode.markdown-language-features");
  await markdown?.activate();
  if (markdown !== undefined) await commands.executeCommand("markdown.showPreview", uri);
  else await window.showTextDocument(uri, { preview: true });
}

function readQuery(query: string): Readonly<Record<string, string | undefined>> {
  try {
    const value: unknown = JSON.parse(query);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

interface PartyItem extends QuickPickItem {
  readonly party: string;
}

/** What a person chooses from the list of known parties, or types; `undefined` where they choose nothing. */
async function chooseParty(ask: Ask): Promise<string | undefined> {
  const known = await ask<readonly KnownParty[] | null>("pipewarden/parties", {});
  if (known === undefined || known === null) return undefined;
  const items = known.map(
    ({ text, kind, steps }): PartyItem => ({
      label: text,
      description: `${kind}, ${steps === 0 ? "pinned or unknown" : steps === 1 ? "1 step" : `${steps} steps`}`,
      party: text,
    }),
  );
  const picker = window.createQuickPick<PartyItem>();
  picker.title = "Breach drill: who was altered?";
  picker.placeholder = "A host, an owner, an action, an image, a package or an address";
  picker.matchOnDescription = true;
  picker.items = items;
  return new Promise((resolve) => {
    picker.onDidChangeValue((value) => {
      const typed = value.trim();
      const isKnown = typed === "" || items.some(({ label }) => label === typed);
      const own: PartyItem = { label: typed, description: "as typed", party: typed, alwaysShow: true };
      const line: PartyItem = { label: "in this workspace", kind: QuickPickItemKind.Separator, party: "" };
      picker.items = isKnown ? items : [own, line, ...items];
    });
    picker.onDidAccept(() => {
      resolve(picker.selectedItems[0]?.party);
      picker.hide();
    });
    picker.onDidHide(() => {
      picker.dispose();
      resolve(undefined);
    });
    picker.show();
  });
}
