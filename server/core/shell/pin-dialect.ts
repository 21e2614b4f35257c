import type { ScriptChange } from "../model.ts";
import type { NoFix } from "../rule.ts";
import type { Command } from "./command.ts";
import type { PinFile } from "./pin-file.ts";
import type { Known } from "./pin-run.ts";
import type { PinSite } from "./pin-site.ts";

/** How downloads are pinned in the scripts of one language. The functions of pin.ts tell what each member does. */
export interface PinDialect {
  urlOf(site: PinSite, fetch: Command): string | undefined;
  /** @param url the address as far as it is known */
  obstacle(site: PinSite, fetch: Command, url: string | undefined): NoFix | undefined;
  /** The changes, in any order. */
  pin(site: PinSite, fetch: Command, known: Known): readonly ScriptChange[] | NoFix;
  fileOf(site: PinSite, fetch: Command): PinFile | undefined;
  checkBefore(site: PinSite, run: Command, file: PinFile, sha256: string): readonly ScriptChange[] | NoFix;
  followsRedirects(site: PinSite, fetch: Command): boolean;
}
