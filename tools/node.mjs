/** Finds the pinned Node 24 of this checkout; plain JavaScript, because it runs on whatever Node the shell has. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The oldest Node that runs TypeScript as it is and has the SQLite that the journal needs. */
const NEEDED = [24, 12];

/** Path of a Node that runs Catamaran, or null when npm has not installed it yet and this one is too old. */
export function findNode() {
  const pinned = join(root, "node_modules", `node-linux-${process.arch}`, "bin", "node");
  if (existsSync(pinned)) return pinned;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]) ? process.execPath : null;
}

/** Flags and environment of every Node of ours: compiled code is kept, and no warning stands between a user and the output. */
export function nodeWords(entry, words) {
  return ["--disable-warning=ExperimentalWarning", entry, ...words];
}

export function nodeEnvironment() {
  return { NODE_COMPILE_CACHE: join(root, ".cache", "v8"), ...process.env };
}
