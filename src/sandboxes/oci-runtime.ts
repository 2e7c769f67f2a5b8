/** Finds an OCI runtime that really works here, by starting a sandbox with it. crun is preferred: it starts in half the time. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { reasonOf } from "#base/fault.ts";
import { groupRootOf } from "./slots.ts";
import type { LauncherConfig } from "./launcher-protocol.ts";
import { NODE_INSIDE, ociSpec } from "./oci-spec.ts";

const PROBE_LIMIT_MS = 20_000;

export interface Found {
  readonly name: string;
  readonly file: string;
}

/** Null with the reasons when none works. */
export function findRuntime(config: LauncherConfig, rootDir: string): { readonly found: Found | null; readonly reason: string } {
  const reasons: string[] = [];
  for (const name of ["crun", "runc"]) {
    const file = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"].map((folder) => path.join(folder, name)).find((candidate) => existsSync(candidate));
    if (file === undefined) {
      reasons.push(`${name} is not installed`);
      continue;
    }
    const fault = probe(config, file, rootDir);
    if (fault === null) return { found: { name, file }, reason: "" };
    reasons.push(`${name}: ${fault}`);
  }
  return { found: null, reason: reasons.join("; ") };
}

/** Runs `node --version` in a sandbox exactly like those of functions. */
function probe(config: LauncherConfig, file: string, rootDir: string): string | null {
  const slotDir = path.join(config.folder, "slots", "probe");
  const bundle = path.join(config.folder, "bundles", "probe");
  try {
    for (const folder of [bundle, ...["task", "tmp", "run"].map((name) => path.join(slotDir, name))]) mkdirSync(folder, { recursive: true, mode: 0o755 });
    const spec = ociSpec({ id: "probe", index: 0, rootDir, slotDir, cgroupsPath: `${groupRootOf(config)}/probe`, heapMib: 64, memoryMib: 256, options: {} }) as { readonly process: object };
    writeFileSync(path.join(bundle, "config.json"), JSON.stringify({ ...spec, process: { ...spec.process, args: [NODE_INSIDE, "--version"] } }));
    const ran = spawnSync(file, ["--root", path.join(config.folder, "oci"), "run", "--bundle", bundle, `ctm-${config.instance}-fn-probe`], { encoding: "utf8", timeout: PROBE_LIMIT_MS, env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", XDG_RUNTIME_DIR: config.folder } });
    if (ran.status === 0 && ran.stdout.startsWith("v")) return null;
    return (ran.stderr || ran.error?.message || `exit ${ran.status}`).trim();
  } catch (thrown) {
    return reasonOf(thrown);
  } finally {
    for (const folder of [slotDir, bundle]) rmSync(folder, { recursive: true, force: true });
  }
}
