/** Files that others read: the old one or the new one, whatever happens while it is written. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { replaceFile } from "./whole-file.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "whole-file-"));
});
after(() => rm(folder, { recursive: true, force: true }));

test("a file is made with its mode, and nothing stays beside it", async () => {
  const file = join(folder, "made");
  await replaceFile(file, "one");
  assert.equal(await readFile(file, "utf8"), "one");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await replaceFile(file, new Uint8Array([98]), { mode: 0o644 });
  assert.equal(await readFile(file, "utf8"), "b");
  assert.equal((await stat(file)).mode & 0o777, 0o644);
  assert.deepEqual(await readdir(folder), ["made"]);
});

for (const left of ["file", "folder"] as const)
  test(`a ${left} that a kill left in the place of the temporary one is no obstacle, nor is its mode kept`, async () => {
    const file = join(folder, `after-${left}`);
    if (left === "file") await writeFile(`${file}.new`, "half", { mode: 0o666 });
    else await mkdir(join(`${file}.new`, "more"), { recursive: true });
    await replaceFile(file, "whole");
    assert.equal(await readFile(file, "utf8"), "whole");
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

test("what cannot be written leaves the old file as it is", async () => {
  const file = join(folder, "kept");
  await replaceFile(file, "old");
  await assert.rejects(replaceFile(file, "new", { temporary: join(folder, "nowhere", "t") }), /ENOENT/);
  assert.equal(await readFile(file, "utf8"), "old");
});

test("what is there already is not written again, unless its mode differs", async () => {
  const file = join(folder, "same");
  await replaceFile(file, "same");
  const { ino } = await stat(file);
  await replaceFile(file, "same");
  assert.equal((await stat(file)).ino, ino);
  await replaceFile(file, "same", { mode: 0o644 });
  assert.equal((await stat(file)).mode & 0o777, 0o644);
  await replaceFile(file, "else");
  assert.equal(await readFile(file, "utf8"), "else");
});

test("whoever reads while it is replaced sees one version or the other", async () => {
  const file = join(folder, "watched");
  const versions = ["a", "b"].map((letter) => letter.repeat(200_000));
  await replaceFile(file, versions[0] ?? "");
  let isWriting = true;
  const reading = (async () => {
    let reads = 0;
    for (; isWriting; reads++) assert.ok(versions.includes(await readFile(file, "utf8")), "a whole version");
    return reads;
  })();
  for (let round = 0; round < 10; round++) await replaceFile(file, versions[round % 2] ?? "");
  isWriting = false;
  assert.ok((await reading) > 0);
});
