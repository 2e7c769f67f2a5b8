/**
 * The keys by which an instance's Secrets are encrypted in its journal: a file that only its user can read, apart from what it protects.
 * The last key seals; those before it are there only while what they sealed is sealed anew.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Fault } from "#base/fault.ts";
import { replaceFile } from "#machine/whole-file.ts";

export interface SecretKey {
  readonly id: number;
  readonly bytes: Uint8Array;
}

const KEY_BYTES = 32;
const LINE = /^(\d{1,9}) ([A-Za-z0-9+/]{43}=)$/;

/** Makes the first key where there is no file yet. */
export async function secretKeys(file: string): Promise<readonly SecretKey[]> {
  const text = await readFile(file, "utf8").catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === "ENOENT") return null;
    throw thrown;
  });
  return text === null ? keepKeys(file, [freshKey(0)]) : keysIn(file, text);
}

/** The same keys and a new one, which seals from then on. */
export function withNewKey(file: string, keys: readonly SecretKey[]): Promise<readonly SecretKey[]> {
  return keepKeys(file, [...keys, freshKey(keys.at(-1)?.id ?? 0)]);
}

/** On disk when it resolves: nothing is sealed by a key that could be lost. */
export async function keepKeys(file: string, keys: readonly SecretKey[]): Promise<readonly SecretKey[]> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const lines = keys.map(({ id, bytes }) => `${id} ${Buffer.from(bytes).toString("base64")}\n`);
  await replaceFile(file, lines.join(""), { mode: 0o600 });
  return keys;
}

function freshKey(last: number): SecretKey {
  return { id: last + 1, bytes: randomBytes(KEY_BYTES) };
}

function keysIn(file: string, text: string): readonly SecretKey[] {
  const lines = text.split("\n").filter((line) => line !== "");
  const keys = lines.flatMap((line) => {
    const [, id = "", base64 = ""] = LINE.exec(line) ?? [];
    return base64 === "" ? [] : [{ id: Number(id), bytes: Buffer.from(base64, "base64") }];
  });
  if (keys.length === 0 || keys.length < lines.length)
    throw new Fault("InternalError", `${file} is damaged: put a sound copy back, without it Secrets cannot be read`);
  return keys;
}
