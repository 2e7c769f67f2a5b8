/** How the launcher is started; light, so that whoever starts it loads nothing of it. */
import path from "node:path";
import type { LauncherConfig } from "./launcher-protocol.ts";

/** Set once the process has mounts of its own. */
export const PRIVATE_MARK = "CTM_LAUNCHER_MOUNTS";

/** Everything else of the operator's environment is left behind. */
export const PRIVATE_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  [PRIVATE_MARK]: "private",
};

/** Arguments of unshare(1). */
export const OWN_MOUNTS: readonly string[] = ["--mount", "--propagation", "private"];

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Starts launcher-main.ts in a mount namespace of its own. Wrap it in nsenter to run it on a node. */
export function launcherCommand({ preload, ...config }: LauncherConfig & { readonly preload?: string }): Command {
  const main = path.join(import.meta.dirname, "launcher-main.ts");
  const heap = ["--max-old-space-size=64", "--max-semi-space-size=1"];
  // What whoever watches over it wants to run in it first.
  const imports = preload === undefined ? [] : ["--import", preload];
  return {
    file: "unshare",
    args: [...OWN_MOUNTS, config.node, ...heap, ...imports, main, JSON.stringify(config)],
    env: PRIVATE_ENVIRONMENT,
  };
}
