import { ConfigurationRequest, type Connection, MessageType, ShowMessageNotification } from "vscode-languageserver";
import { checkSettings, type Settings, type WrongSetting } from "../core/index.ts";
import type { Client } from "./client.ts";
import type { NetworkOptions } from "./runtime.ts";
import { isInside, uriKey } from "./uri.ts";

/** What a person has set for one workspace folder, or outside of any. */
export interface FolderSettings {
  readonly core: Settings;
  readonly network: { readonly enabled: boolean; readonly allowedHosts: readonly string[] };
  /** Whether files are looked at that are not open, and how many of a folder. */
  readonly scan: { readonly enabled: boolean; readonly ignored: boolean; readonly limit: number };
}

/** So many CI files of a workspace folder are looked at unless a person says otherwise. */
const DEFAULT_SCAN_LIMIT = 20_000;

/** The client's settings. */
export interface SettingsStore {
  /** The settings for a file: those of its workspace folder. Asks the client once and then remembers. */
  for(uri: string): Promise<FolderSettings>;
  /** Asks again. True where something is different. `pushed` is what a client that cannot be asked sends along. */
  reload(pushed: unknown): Promise<boolean>;
  /** How the client's own requests are made: VS Code's `http.*`. Asked for each time, since only a click needs it. */
  http(): Promise<Omit<NetworkOptions, "allowedHosts">>;
}

/** Settings that are asked from the client with `workspace/configuration`, per workspace folder, or that it sends by itself. */
export function createSettings(
  connection: Connection,
  client: Client,
  folders: () => readonly string[],
): SettingsStore {
  const canAsk = client.capabilities.workspace?.configuration === true;
  const pushed = { value: client.settings };
  const known = new Map<string, Promise<FolderSettings>>();
  const told = new Set<string>();

  function load(folder: string): Promise<FolderSettings> {
    const loaded = known.get(folder);
    if (loaded !== undefined) return loaded;
    const loading = ask("pipewarden", folder).then((answer) => {
      // Lua has one word for an empty table and an empty list, so Neovim says [] where nothing is set.
      const input = Array.isArray(answer) && answer.length === 0 ? undefined : answer;
      for (const problem of checkSettings(input).problems) tell(problem);
      return readFolderSettings(input);
    });
    known.set(folder, loading);
    loading.catch(() => known.delete(folder));
    return loading;
  }

  /** Each once, however many folders have it. */
  function tell({ key, message }: WrongSetting): void {
    const text = `The setting pipewarden.${key} has a mistake, so the default holds there. ${message}`;
    if (told.has(text)) return;
    told.add(text);
    connection.sendNotification(ShowMessageNotification.type, { type: MessageType.Warning, message: text });
  }

  async function ask(section: string, folder: string): Promise<unknown> {
    if (!canAsk) return isRecord(pushed.value) ? pushed.value[section] : undefined;
    const items = [folder === "" ? { section } : { section, scopeUri: folder }];
    const [answer] = await connection.sendRequest(ConfigurationRequest.type, { items });
    return answer;
  }

  return {
    for: (uri) => load(innermost(uri, folders())),
    reload: async (value) => {
      const before = await Promise.all(known.values());
      const loaded = [...known.keys()];
      known.clear();
      pushed.value = value ?? pushed.value;
      const after = await Promise.all(loaded.map(load));
      return JSON.stringify(before) !== JSON.stringify(after);
    },
    http: async () => readHttp(await ask("http", "")),
  };
}

/** Settings from untyped input. Wrong values are dropped, so that the defaults hold there. */
function readFolderSettings(input: unknown): FolderSettings {
  const network = isRecord(input) && isRecord(input.network) ? input.network : {};
  const scan = isRecord(input) && isRecord(input.scan) ? input.scan : {};
  const { limit } = scan;
  return {
    core: checkSettings(input).settings,
    network: { enabled: network.enabled !== false, allowedHosts: strings(network.allowedHosts) },
    scan: {
      enabled: scan.enabled !== false,
      ignored: scan.ignored === true,
      limit: typeof limit === "number" && Number.isInteger(limit) && limit >= 0 ? limit : DEFAULT_SCAN_LIMIT,
    },
  };
}

function readHttp(input: unknown): Omit<NetworkOptions, "allowedHosts"> {
  const http = isRecord(input) ? input : {};
  const off = http.proxySupport === "off";
  return {
    proxy: off || typeof http.proxy !== "string" ? "" : http.proxy,
    noProxy: strings(http.noProxy).join(","),
    strictSsl: http.proxyStrictSSL !== false,
  };
}

/** The workspace folder that settings of a file come from; empty outside of all. */
function innermost(uri: string, folders: readonly string[]): string {
  const around = folders.filter((folder) => isInside(uriKey(uri), uriKey(folder)));
  return around.sort((a, b) => b.length - a.length)[0] ?? "";
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
