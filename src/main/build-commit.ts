/** Which commit this program was built from: written into a release's package.json, read from git's files in a checkout. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

/** What git writes where there is no commit. */
export const NO_COMMIT: string = "0".repeat(40);

const HASH = /^[0-9a-f]{40,64}$/;

export async function buildCommit(root: string = join(import.meta.dirname, "..", "..")): Promise<string> {
  const { gitHead } = JSON.parse((await textOf(root, "package.json")) ?? "{}") as { readonly gitHead?: string };
  const commit = gitHead ?? (await checkedOut(root));
  return commit !== undefined && HASH.test(commit) ? commit : NO_COMMIT;
}

/** HEAD is a hash or names a reference, which is a file of its own or a line of packed-refs (gitrepository-layout). */
async function checkedOut(root: string): Promise<string | undefined> {
  // In a linked work tree .git is a file that says where the folder is.
  const link = /^gitdir: (.*)$/m.exec((await textOf(root, ".git")) ?? "")?.[1];
  const folder = resolve(root, link ?? ".git");
  const head = (await textOf(folder, "HEAD"))?.trim() ?? "";
  const reference = /^ref: (.*)$/.exec(head)?.[1];
  if (reference === undefined) return head;
  const common = resolve(folder, (await textOf(folder, "commondir"))?.trim() ?? ".");
  const loose = (await textOf(common, reference))?.trim();
  if (loose !== undefined) return loose;
  const packed = (await textOf(common, "packed-refs"))?.split("\n") ?? [];
  return packed.find((line) => line.endsWith(` ${reference}`))?.split(" ")[0];
}

async function textOf(folder: string, name: string): Promise<string | undefined> {
  // What is not there is no fault: releases have no .git, references may be packed.
  return readFile(join(folder, name), "utf8").catch(() => undefined);
}
