import { APPLY_FIX, applyFix } from "./apply-fix.ts";
import { BASELINES, todaysBaselines } from "./baseline.ts";
import { isPartOf, listFixes } from "./code-actions.ts";
import { FIX_ALL, fixAllAction } from "./fix-all.ts";
import { PIN_FILE, PIN_WORKSPACE, pinEverything } from "./pin-everything.ts";
import { SCAN_WORKSPACE, STOP_SCAN } from "./scan-progress.ts";
import type { Session } from "./server.ts";
import { uriKey } from "./uri.ts";
import { SCRIPT_TEXT, scriptText, UPDATE_PIN, updatePin, VERIFY_PINS, verifyPins } from "./verify-pins.ts";

/** Notification of the client that the person has decided to trust the workspace. It has no parameters. */
const WORKSPACE_TRUSTED = "pipewarden/workspaceTrusted";

/** Lists fixes, applies those that ask, and does what the commands say. */
export function serveFixes(session: Session): void {
  const { connection, runtime, client, settings, sources, scan, guard } = session;
  const trust = { given: client.trusted };
  connection.onNotification(WORKSPACE_TRUSTED, () => {
    trust.given = true;
  });

  connection.onCodeAction((params) =>
    guard("list the fixes", [], async () => {
      const { uri } = params.textDocument;
      await scan.examined(uri);
      const own = (await sources.mayBePipeline(uri)) ? [uri] : [];
      const others = scan.reporters(uri).filter((each) => uriKey(each) !== uriKey(uri));
      const found = await Promise.all([...own, ...others].map((each) => sources.find(each)));
      const present = found.filter((source) => source !== undefined);
      const fixes = listFixes(params, present, client.documentChanges);
      // It changes much at once, so it comes only where somebody asks for its kind.
      const isAsked = params.context.only?.some((kind) => kind !== "" && isPartOf(FIX_ALL, kind)) === true;
      const itself = present.find((source) => uriKey(source.uri) === uriKey(uri));
      const all = isAsked && itself !== undefined ? await fixAllAction(itself, client.documentChanges) : undefined;
      return all === undefined ? fixes : [...fixes, all];
    }),
  );

  connection.onExecuteCommand(({ command, arguments: args = [] }, token) =>
    guard("do what was asked for", null, async () => {
      const { documentChanges } = client;
      const parts = { connection, runtime, settings, sources, isTrusted: () => trust.given, documentChanges };
      switch (command) {
        case APPLY_FIX:
          await applyFix(args[0], parts, token);
          return null;
        case PIN_FILE:
        case PIN_WORKSPACE:
          await pinEverything(command, args[0], session, trust.given, token);
          return null;
        case VERIFY_PINS:
          return verifyPins(args[0], session, trust.given, token);
        case UPDATE_PIN:
          await updatePin(args[0], session);
          return null;
        case SCAN_WORKSPACE:
          scan.start();
          scan.again();
          return null;
        case STOP_SCAN:
          scan.stop();
          return null;
        default:
          return null;
      }
    }),
  );
  connection.onRequest(BASELINES, () => guard("collect what is accepted", [], () => todaysBaselines(session)));
  connection.onRequest(SCRIPT_TEXT, (params) =>
    guard("read a script that was kept", null, () => scriptText(params, session)),
  );
}
