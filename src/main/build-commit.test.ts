/** The commit of the build: from a release, from a checkout in its forms, and none. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { buildCommit, NO_COMMIT } from "./build-commit.ts";

const [ONE, TWO] = ["1".repeat(40), "2".repeat(40)];
const cases: readonly (readonly [title: string, files: Readonly<Record<string, string>>, wanted: string])[] = [
  ["a release", { "package.json": `{"gitHead":"${ONE}"}`, ".git/HEAD": TWO }, ONE],
  ["a branch", { ".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": `${ONE}\n` }, ONE],
  [
    "a packed branch",
    {
      ".git/HEAD": "ref: refs/heads/main\n",
      ".git/packed-refs": `# pack-refs\n${TWO} refs/heads/a\n${ONE} refs/heads/main\n`,
    },
    ONE,
  ],
  ["no branch", { ".git/HEAD": `${ONE}\n` }, ONE],
  [
    "a linked work tree",
    {
      ".git": "gitdir: main/.git/worktrees/w\n",
      "main/.git/worktrees/w/HEAD": "ref: refs/heads/w\n",
      "main/.git/worktrees/w/commondir": "../..\n",
      "main/.git/refs/heads/w": ONE,
    },
    ONE,
  ],
  ["neither", { "package.json": "{}" }, NO_COMMIT],
  ["what is no commit", { ".git/HEAD": "what?" }, NO_COMMIT],
];
for (const [title, files, wanted] of cases)
  test(`the build's commit: ${title}`, async () => {
    const root = await mkdtemp(join(tmpdir(), "ctm-commit-"));
    try {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(root, name)), { recursive: true });
        await writeFile(join(root, name), text);
      }
      assert.equal(await buildCommit(root), wanted);
    } finally {
      await rm(root, { recursive: true });
    }
  });
