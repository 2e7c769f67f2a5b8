/** Checks against the values that their specifications print, in pieces of any size, and joined. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { CRC32, CRC32C, CRC64NVME, joinCrcs, type Polynomial, SlicedCrc } from "./crc.ts";

// The catalogue of parametrised CRC algorithms: each check of "123456789".
const CHECKS: readonly (readonly [name: string, polynomial: Polynomial, check: string])[] = [
  ["CRC-32/ISO-HDLC", CRC32, "cbf43926"],
  ["CRC-32/ISCSI", CRC32C, "e3069283"],
  ["CRC-64/NVME", CRC64NVME, "ae8b14860a799888"],
];

const digestOf = (polynomial: Polynomial, ...pieces: readonly Uint8Array[]): Buffer => {
  const crc = new SlicedCrc(polynomial);
  for (const piece of pieces) crc.update(piece);
  return crc.digest();
};

for (const [name, polynomial, check] of CHECKS)
  test(`${name} is that of the catalogue, however the bytes are cut`, () => {
    const bytes = Buffer.from("123456789");
    assert.equal(digestOf(polynomial, bytes).toString("hex"), check);
    for (let at = 0; at <= 9; at++)
      assert.equal(digestOf(polynomial, bytes.subarray(0, at), bytes.subarray(at)).toString("hex"), check);
  });

test("a long text has zlib's CRC-32", () => {
  const bytes = Buffer.from(Array.from({ length: 10_007 }, (_, at) => (at * 31) % 253));
  assert.equal(digestOf(CRC32, bytes).readUInt32BE(), crc32(bytes));
});

for (const [name, polynomial] of CHECKS)
  test(`${name}s of two texts join to that of both`, () => {
    for (const [first, second] of [
      ["", ""],
      ["a", ""],
      ["", "b"],
      ["hello ", "world"],
      ["x".repeat(1_000), "y".repeat(4_097)],
    ] as const) {
      const [a, b] = [Buffer.from(first), Buffer.from(second)];
      const joined = joinCrcs(digestOf(polynomial, a), digestOf(polynomial, b), b.length, polynomial);
      assert.deepEqual(joined, digestOf(polynomial, a, b), `${a.length} and ${b.length}`);
    }
  });
