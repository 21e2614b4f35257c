import { APPLY_FIX, applyFix } from "./apply-fix.ts";
import { listFixes } from "./code-actions.ts";
import type { Session } from "./server.ts";

/** Notification of the client that the person has decided to trust the workspace. It has no parameters. */
export const WORKSPACE_TRUSTED = "pipewarden/workspaceTrusted";

/** Lists fixes and applies those that ask. */
export function serveFixes({ connection, runtime, client, settings, sources, guard }: Session): void {
  const trust = { given: client.trusted };
  connection.onNotification(WORKSPACE_TRUSTED, () => {
    trust.given = true;
  });

  connection.onCodeAction((params) =>
    guard("list the fixes", [], async () => {
      const source = await sources.find(params.textDocument.uri);
      return source === undefined ? [] : listFixes(params, source, client.documentChanges);
    }),
  );

  connection.onExecuteCommand(({ command, arguments: args = [] }, token) =>
    guard("apply the fix", null, async () => {
      const { documentChanges } = client;
      const parts = { connection, runtime, settings, sources, isTrusted: () => trust.given, documentChanges };
      if (command === APPLY_FIX) await applyFix(args[0], parts, token);
      return null;
    }),
  );
}
