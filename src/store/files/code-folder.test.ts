/** The code folder: content in, the same content out, and no package that reaches outside of its own folder. */
import assert from "node:assert/strict";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
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

test("packages are laid over each other, the last on top; they go when one of them is not wanted any more", async () => {
  const code = await CodeFolder.open(join(folder, "merged"), 0);
  const put = async (files: Zippable): Promise<string> => (await code.put(zipSync(files))).sha256;
  const lower = await put({ "a.txt": strToU8("lower"), same: { "b.txt": strToU8("lower") }, turns: strToU8("file") });
  const upper = await put({
    same: { "b.txt": strToU8("upper"), "c.txt": strToU8("c") },
    turns: { "d.txt": strToU8("d") },
  });
  const { folder: merged } = await code.merged([lower, upper]);
  const read = (name: string): string => readFileSync(join(merged, name), "utf8");
  assert.deepEqual(["a.txt", "same/b.txt", "same/c.txt", "turns/d.txt"].map(read), ["lower", "upper", "c", "d"]);
  assert.equal((await code.merged([lower, upper])).folder, merged);
  assert.notEqual((await code.merged([upper, lower])).folder, merged);
  assert.equal((await code.merged([lower])).folder, await code.unpacked(lower));
  assert.equal(await code.unpackedBytes(lower), "lowerlowerfile".length);
  await code.keepOnly(new Set([lower]));
  assert.deepEqual(
    readdirSync(join(folder, "merged")).filter((name) => name.startsWith("merged-")),
    [],
  );
  await CodeFolder.open(join(folder, "merged"));
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
  ...["/etc", "../up", "a/../../up", "..", "./../x", ""].map((target) => ({
    title: `a symbolic link to '${target}'`,
    zip: zipWithLink("link", target),
  })),
  { title: "a link out of a deeper folder", zip: zipWithLink("a/link", "../../x") },
  { title: "a link where a folder is", zip: zipWithLink("lib", ".", { "lib/a.txt": strToU8("a") }) },
  { title: "a size that is too small", zip: patched({ central: [24, 10], local: [22, 10] }) },
  { title: "a size that is too large", zip: patched({ central: [24, 2_000], local: [22, 2_000] }) },
  { title: "two headers that differ in size", zip: patched({ central: [24, 999] }) },
  { title: "a wrong checksum", zip: patched({ central: [16, 1], local: [14, 1] }) },
  { title: "data beyond the file", zip: patched({ central: [20, 100_000], local: [18, 100_000] }) },
  { title: "another name in the directory", zip: patched({ central: [46, 0x62626262] }) },
  { title: "an encrypted entry", zip: patched({ central: [8, 0x0008_0001] }) },
  { title: "a path of 65 folders", zip: zipSync({ [`${"a/".repeat(65)}x`]: strToU8("x") }) },
  { title: "a file where a folder is", zip: zipSync({ a: strToU8("x"), "a/b": strToU8("y") }) },
  { title: "a damaged directory", zip: damaged() },
];

function zipWithLink(name: string, target: string, more: Zippable = {}): Uint8Array {
  return zipSync({ ...more, [name]: [strToU8(target), { os: UNIX, attrs: 0o120777 << 16 }] });
}

/** A zip of one file, "aaaa", of a thousand letters, with a number written into one or both of its headers. */
function patched({
  central,
  local,
}: {
  readonly central: readonly [at: number, value: number];
  readonly local?: readonly [at: number, value: number];
}): Uint8Array {
  const zip = zipSync({ aaaa: strToU8("a".repeat(1_000)) });
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const directory = view.getUint32(zip.length - 6, true);
  view.setUint32(directory + central[0], central[1], true);
  if (local !== undefined) view.setUint32(local[0], local[1], true);
  return zip;
}

function damaged(): Uint8Array {
  const zip = zipSync({ "a.txt": strToU8("a".repeat(100)) });
  zip.fill(0, 0, zip.length - 30);
  return zip;
}

for (const { title, zip } of bad) {
  test(`refuses ${title}, and leaves nothing behind`, async () => {
    const root = join(folder, title.replaceAll(/[^a-z]/g, "-"));
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
  await assert.rejects(code.unpacked(sha256), {
    code: "RequestTooLarge",
    message: "Unzipped size must be smaller than 262144000 bytes",
  });
});

test("links within the package are kept, also those that go up and come back", async () => {
  const code = await CodeFolder.open(join(folder, "links"));
  const zip = zipWithLink("lib/link", "../main.mjs", { "main.mjs": strToU8("main") });
  const unpacked = await code.unpacked((await code.put(zip)).sha256);
  assert.equal(readFileSync(join(unpacked, "lib/link"), "utf8"), "main");
});

test("a package without any file is empty", async () => {
  const code = await CodeFolder.open(join(folder, "empty"));
  for (const zip of [zipSync({}), zipSync({ "folder/": new Uint8Array() })]) {
    const { sha256 } = await code.put(zip);
    await assert.rejects(code.unpacked(sha256), {
      code: "BadRequest",
      message: "Uploaded file must be a non-empty zip",
    });
  }
});

test("a large package is unpacked by a thread, and nobody waits for it", async () => {
  const code = await CodeFolder.open(join(folder, "large"));
  const files = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`${i}.txt`, new Uint8Array(50_000).fill(i)]));
  const { sha256 } = await code.put(zipSync(files, { level: 1 }));
  // The time of this thread alone: what other processes take of the machine does not count.
  const before = process.threadCpuUsage();
  const unpacked = await code.unpacked(sha256);
  const { user, system } = process.threadCpuUsage(before);
  assert.equal(readdirSync(unpacked).length, 400);
  assert.ok(user + system < 100_000, `this thread worked for ${(user + system) / 1_000} ms`);
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

/** What a later process finds: the package, its unpacked copy, and the damage done to them in between. */
const damages: readonly {
  readonly title: string;
  readonly damage: (paths: { readonly zip: string; readonly copy: string }) => void;
  readonly isRefused: boolean;
}[] = [
  { title: "a flipped bit in an unpacked file", damage: ({ copy }) => flip(join(copy, "b.txt")), isRefused: false },
  { title: "an unpacked file that is missing", damage: ({ copy }) => rmSync(join(copy, "b.txt")), isRefused: false },
  { title: "an unpacked file cut off", damage: ({ copy }) => truncateSync(join(copy, "b.txt"), 1), isRefused: false },
  { title: "a lost exec bit", damage: ({ copy }) => chmodSync(join(copy, "run"), 0o644), isRefused: false },
  {
    title: "a link to elsewhere",
    damage: ({ copy }) => {
      rmSync(join(copy, "link"));
      symlinkSync("run", join(copy, "link"));
    },
    isRefused: false,
  },
  {
    title: "an unpacked copy that is missing",
    damage: ({ copy }) => rmSync(copy, { recursive: true }),
    isRefused: false,
  },
  { title: "a flipped bit in the zip", damage: ({ zip }) => flip(zip), isRefused: true },
  { title: "a zip cut off", damage: ({ zip }) => truncateSync(zip, 40), isRefused: true },
];

function flip(file: string): void {
  const bytes = readFileSync(file);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

for (const [index, { title, damage, isRefused }] of damages.entries()) {
  test(`${title} is ${isRefused ? "refused by name, until the package is put again" : "mended from the sound zip"}`, async () => {
    const root = join(folder, `damaged-${index}`);
    const zip = zipWithLink("link", "b.txt", {
      "b.txt": strToU8("text"),
      run: [strToU8("#!/bin/sh"), { os: UNIX, attrs: 0o100755 << 16 }],
    });
    const before = await CodeFolder.open(root);
    const { sha256 } = await before.put(zip);
    const copy = await before.unpacked(sha256);
    damage({ zip: `${copy}.zip`, copy });
    const code = await CodeFolder.open(root);
    if (isRefused) {
      const refused = {
        code: "InternalError",
        message: `the stored package ${sha256} is damaged: it does not match its SHA-256. Upload the code of its functions again`,
      };
      await assert.rejects(code.unpacked(sha256), refused);
      await assert.rejects(code.get(sha256), refused);
      await code.put(zip);
    }
    assert.equal(await code.unpacked(sha256), copy);
    assert.equal(readFileSync(join(copy, "link"), "utf8"), "text");
    assert.equal(statSync(join(copy, "run")).mode & 0o777, 0o755);
    assert.deepEqual(Buffer.from((await code.get(sha256)) ?? []), Buffer.from(zip));
    assert.deepEqual(readdirSync(root).toSorted(), [basename(copy), `${basename(copy)}.zip`].toSorted());
  });
}

test("a sound copy is left where it is, with what was written beside it", async () => {
  const root = join(folder, "sound");
  const before = await CodeFolder.open(root);
  const { sha256 } = await before.put(zipSync({ "lib/a.py": strToU8("a"), "b/": new Uint8Array() }));
  const copy = await before.unpacked(sha256);
  writeFileSync(join(copy, "lib/a.pyc"), "cache");
  const { ino } = statSync(copy);
  const code = await CodeFolder.open(root);
  assert.equal(await code.unpacked(sha256), copy);
  assert.equal(statSync(copy).ino, ino);
  assert.equal(readFileSync(join(copy, "lib/a.pyc"), "utf8"), "cache");
});

test("keeps what was put lately, though nobody wants it yet", async () => {
  const code = await CodeFolder.open(join(folder, "fresh"));
  const { sha256 } = await code.put(zipSync({ a: strToU8("1") }));
  await code.unpacked(sha256);
  await code.keepOnly(new Set());
  assert.equal(readdirSync(join(folder, "fresh")).length, 2);
});

test("what is put or unpacked while it is removed is whole afterwards", async () => {
  const root = join(folder, "raced");
  const code = await CodeFolder.open(root, 0);
  const zip = zipSync({ a: strToU8("1"), b: strToU8("2") });
  const { sha256 } = await code.put(zip);
  await code.unpacked(sha256);
  for (let turn = 0; turn < 20; turn++) {
    const removed = code.keepOnly(new Set());
    const put = code.put(zip);
    await Promise.all([removed, put]);
    await code.put(zip);
    assert.equal(readFileSync(join(await code.unpacked(sha256), "b"), "utf8"), "2");
  }
});
