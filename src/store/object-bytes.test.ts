/** Objects' bytes in memory and in files against the suite; and what lies in the files is not what was written. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { ObjectBytes } from "#managed/bucket/object-bytes.ts";
import { ObjectFiles } from "./files/object-files.ts";
import { MemoryObjectBytes } from "./memory/object-bytes.ts";
import { testObjectBytes } from "./object-bytes-suite.ts";

testObjectBytes({ title: "MemoryObjectBytes", open: () => Promise.resolve(new MemoryObjectBytes()) });

const folder = mkdtempSync(join(tmpdir(), "object-bytes-"));
after(() => rmSync(folder, { recursive: true }));
const folders = new WeakMap<object, string>();
let count = 0;

testObjectBytes({
  title: "ObjectFiles",
  open: () => openAt(join(folder, String(count++))),
  reopen: async (bytes) => {
    await bytes[Symbol.asyncDispose]();
    return openAt(folders.get(bytes) ?? "");
  },
});

async function openAt(path: string): Promise<ObjectBytes> {
  const bytes = await ObjectFiles.open(path);
  folders.set(bytes, path);
  return bytes;
}

test("files are encrypted, and each with a key of its own", async () => {
  const path = join(folder, "encrypted");
  await using bytes = await ObjectFiles.open(path);
  const content = Buffer.alloc(64, "secret!!");
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(content);
  };
  for (let i = 0; i < 2; i++) await bytes.write(source());
  const stored = readdirSync(join(path, "new")).map((name) => readFileSync(join(path, "new", name)));
  assert.equal(stored.length, 2);
  for (const one of stored) assert.equal(one.includes("secret!!"), false);
  assert.notDeepEqual(stored[0], stored[1]);
});
