/** The code folder: content in, the same content out, and no package that reaches outside of its own folder. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { strToU8, type Zippable, zipSync } from "fflate";
import { CodeFolder } from "./code-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "code-"));
after(() => rmSync(folder, { recursive: true }));

const UNIX = 3;

test("keeps packages by digest and unpacks them once, with folders and exec bits", async () => {
  const code = await CodeFolder.open(join(folder, "plain"));
  const zip = zipSync({
    "index.mjs": strToU8("export {}"),
    lib: { "a.txt": strToU8("a") },
    bootstrap: [strToU8("#!/bin/sh"), { os: UNIX, attrs: 0o100755 << 16 }],
  });
  const { sha256, size } = await code.put(zip);
  assert.match(sha256, /^[A-Za-z0-9+/]{43}=$/);
  assert.equal(size, zip.length);
  assert.deepEqual(await code.put(zip), { sha256, size });
  assert.deepEqual(Buffer.from((await code.get(sha256)) ?? []), Buffer.from(zip));
  const [unpacked, again] = await Promise.all([code.unpacked(sha256), code.unpacked(sha256)]);
  assert.equal(unpacked, again);
  assert.equal(readFileSync(join(unpacked, "lib/a.txt"), "utf8"), "a");
  assert.equal(statSync(join(unpacked, "bootstrap")).mode & 0o777, 0o755);
  assert.equal(statSync(join(unpacked, "index.mjs")).mode & 0o777, 0o644);
  assert.equal(await code.unpacked(sha256), unpacked);
});

test("an unknown digest is not found, and is never a path", async () => {
  const code = await CodeFolder.open(join(folder, "unknown"));
  assert.equal(await code.get("A".repeat(43) + "="), null);
  for (const digest of ["A".repeat(43) + "=", "../../etc/passwd", ""])
    await assert.rejects(code.unpacked(digest), { code: "NotFound" });
});

const bad: readonly { readonly title: string; readonly zip: Uint8Array }[] = [
  { title: "no zip at all", zip: strToU8("hello") },
  { title: "an empty body", zip: new Uint8Array() },
  { title: "a way up", zip: zipSync({ "../evil": strToU8("x") }) },
  { title: "a way up in the middle", zip: zipSync({ "a/../../evil": strToU8("x") }) },
  { title: "an absolute path", zip: zipSync({ "/evil": strToU8("x") }) },
  {
    title: "a symbolic link",
    zip: zipSync({ link: [strToU8("/etc"), { os: UNIX, attrs: 0o120777 << 16 }] } as Zippable),
  },
  { title: "a file where a folder is", zip: zipSync({ a: strToU8("x"), "a/b": strToU8("y") }) },
  { title: "a damaged directory", zip: damaged() },
];

function damaged(): Uint8Array {
  const zip = zipSync({ "a.txt": strToU8("a".repeat(100)) });
  zip.fill(0, 0, zip.length - 30);
  return zip;
}

for (const { title, zip } of bad) {
  test(`refuses ${title}, and leaves nothing behind`, async () => {
    const root = join(folder, title.replaceAll(" ", "-"));
    const code = await CodeFolder.open(root);
    const { sha256 } = await code.put(zip);
    await assert.rejects(code.unpacked(sha256), { code: "Invalid" });
    assert.equal(readdirSync(root).length, 1);
  });
}

test("refuses a package that says it unpacks to too much", async () => {
  const code = await CodeFolder.open(join(folder, "bomb"));
  const zip = zipSync({ "zeros.bin": new Uint8Array(1_000) });
  const directory = zip.length - 22 - 46 - "zeros.bin".length;
  new DataView(zip.buffer, zip.byteOffset).setUint32(directory + 24, 251 * 1024 * 1024, true);
  const { sha256 } = await code.put(zip);
  await assert.rejects(code.unpacked(sha256), { code: "Invalid", message: /more than 262144000 bytes/ });
});

test("removes at start what a crash left half-written, and on request what nobody wants", async () => {
  const root = join(folder, "crash");
  const code = await CodeFolder.open(root);
  const wanted = await code.put(zipSync({ a: strToU8("1") }));
  await code.put(zipSync({ a: strToU8("2") }));
  writeFileSync(join(root, ".new-1-1"), "half");
  await code.unpacked(wanted.sha256);
  const again = await CodeFolder.open(root);
  assert.equal(readdirSync(root).length, 3);
  await again.keepOnly(new Set([wanted.sha256]));
  assert.equal(readdirSync(root).length, 2);
});
