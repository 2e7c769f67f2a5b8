/** The files of the project, as git knows them; a tree without git (a release) has none. */
import { execFileSync } from "node:child_process";

/** Committed or about to be, and still there. */
export function trackedFiles(root: string): readonly string[] {
  const list = (...words: string[]): readonly string[] =>
    execFileSync("git", ["ls-files", "-z", ...words], { cwd: root, encoding: "utf8" })
      .split("\0")
      .filter(Boolean);
  const gone = new Set(list("--deleted"));
  return list().filter((file) => !gone.has(file));
}
