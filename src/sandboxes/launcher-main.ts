/** The launcher as a process: its configuration is the first argument. */
import { runLauncher } from "./launcher.ts";
import type { LauncherConfig } from "./launcher-protocol.ts";

await runLauncher(JSON.parse(process.argv[2] ?? "{}") as LauncherConfig);
process.exit(0);
