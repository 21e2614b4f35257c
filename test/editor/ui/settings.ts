import { createHash } from "node:crypto";
import type { SampleInternet } from "../internet.ts";

/** Settings as behind a company's proxy: VS Code knows it from its settings, and the environment names only the authority. */
export function proxiedBySettings({ network }: SampleInternet) {
  const { HTTPS_PROXY: _, https_proxy: __, ...env } = network.env;
  return { settings: { "http.proxy": network.proxyUrl }, env: { ...process.env, ...env } };
}

/** SHA-256 in hex. */
export function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
