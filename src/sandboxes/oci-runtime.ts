/** Finds an OCI runtime that really works here, by starting a sandbox with it. crun is preferred: it starts in half the time. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { reasonOf } from "#base/fault.ts";
import { containerName, groupRootOf, type LauncherConfig } from "./launcher-protocol.ts";
import { NODE_INSIDE, ociSpec } from "./oci-spec.ts";

const DEFAULT_RUNTIMES: readonly string[] = ["crun", "runc"];
const PROBE_LIMIT_MS = 20_000;

export interface OciRuntime {
  readonly name: string;
  readonly file: string;
  readonly hasUserNamespace: boolean;
}

/** Null with the reasons when none works. */
export function findRuntime(
  config: LauncherConfig,
  rootDir: string,
): { readonly found: OciRuntime | null; readonly reason: string } {
  const reasons: string[] = [];
  for (const hasUserNamespace of [true, false]) {
    for (const name of config.ociRuntimes ?? DEFAULT_RUNTIMES) {
      const file = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"]
        .map((folder) => path.join(folder, name))
        .find((candidate) => existsSync(candidate));
      const fault = file === undefined ? "is not installed" : probe(config, { name, file, hasUserNamespace }, rootDir);
      if (file !== undefined && fault === null)
        return { found: { name, file, hasUserNamespace }, reason: reasons.join("; ") };
      reasons.push(`${name}${hasUserNamespace ? "" : " without user namespace"}: ${fault}`);
    }
  }
  return { found: null, reason: reasons.join("; ") };
}

/** Runs `node --version` in a sandbox exactly like those of functions. */
function probe(config: LauncherConfig, runtime: OciRuntime, rootDir: string): string | null {
  const slotDir = path.join(config.folder, "slots", "probe");
  const bundle = path.join(config.folder, "bundles", "probe");
  try {
    for (const folder of [bundle, ...["task", "opt", "tmp", "run"].map((name) => path.join(slotDir, name))])
      mkdirSync(folder, { recursive: true, mode: 0o755 });
    const spec = ociSpec({
      id: "probe",
      index: 0,
      rootDir,
      slotDir,
      cgroupsPath: `${groupRootOf(config)}/probe`,
      heapMib: 64,
      memoryMib: 256,
      hasUserNamespace: runtime.hasUserNamespace,
      hasInit: false,
      options: {},
    }) as { readonly process: object };
    writeFileSync(
      path.join(bundle, "config.json"),
      JSON.stringify({ ...spec, process: { ...spec.process, args: [NODE_INSIDE, "--version"] } }),
    );
    const ran = spawnSync(
      runtime.file,
      ["--root", path.join(config.folder, "oci"), "run", "--bundle", bundle, containerName(config, "probe")],
      {
        encoding: "utf8",
        timeout: PROBE_LIMIT_MS,
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", XDG_RUNTIME_DIR: config.folder },
      },
    );
    if (ran.status === 0 && ran.stdout.startsWith("v")) return null;
    return (ran.stderr || ran.error?.message || `exit ${ran.status}`).trim();
  } catch (thrown) {
    return reasonOf(thrown);
  } finally {
    for (const folder of [slotDir, bundle]) rmSync(folder, { recursive: true, force: true });
  }
}
