/** Starts a launcher as our own child, for tests, benches and machines without a supervisor. */
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { launcherCommand } from "./launcher-command.ts";
import type { LauncherConfig } from "./launcher-protocol.ts";

export interface LauncherProcess extends AsyncDisposable {
  readonly ended: Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** Null when this machine cannot have one: no root. */
export async function startLauncher(config: LauncherConfig): Promise<LauncherProcess | null> {
  if (process.getuid?.() !== 0) return null;
  await mkdir(config.folder, { recursive: true, mode: 0o711 });
  const { file, args, env } = launcherCommand(config);
  const child = spawn(file, args, { env: { ...env }, stdio: ["ignore", "inherit", "inherit"] });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
