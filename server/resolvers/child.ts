import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Makes an empty folder for a program to work in, so that nothing it finds there can steer it. Rejects as the file system does.
 *
 * @param parent where to make it, made too if it is missing; the system's folder for temporary files unless given.
 * @param name what the folder is for, such as "git".
 */
export async function makeEmptyFolder(parent: string | undefined, name: string): Promise<string> {
  const folder = parent ?? tmpdir();
  await mkdir(folder, { recursive: true });
  return await realpath(await mkdtemp(join(folder, `pipewarden-${name}-`)));
}

/** Ends a program that was started detached, and the helpers in its group, also those that outlive it and keep its output open. */
export function endTree(child: ChildProcess): void {
  if (child.pid === undefined) return;
  if (process.platform === "win32") {
    spawn("taskkill", ["/pid", String(child.pid), "/T", "/F"], { windowsHide: true, stdio: "ignore" }).on(
      "error",
      () => {
        child.kill();
      },
    );
    return;
  }
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL");
  }
}
