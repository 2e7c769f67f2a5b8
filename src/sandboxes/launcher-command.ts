/** How the launcher is started; light, so that whoever starts it loads nothing of it. */
import path from "node:path";
import type { LauncherConfig } from "./launcher-protocol.ts";

/** Set once the process has mounts of its own. */
export const PRIVATE_MARK = "CTM_LAUNCHER_MOUNTS";

/** How to start the launcher: in a mount namespace of its own, with an empty environment. Wrap it in nsenter to run it on a node. */
export function launcherCommand(config: LauncherConfig): {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
} {
  const main = path.join(import.meta.dirname, "launcher-main.ts");
  return {
    file: "unshare",
    args: [
      "--mount",
      "--propagation",
      "private",
      config.node,
      "--max-old-space-size=64",
      "--max-semi-space-size=1",
      main,
      JSON.stringify(config),
    ],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", [PRIVATE_MARK]: "private" },
  };
}
