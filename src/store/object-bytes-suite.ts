/** What every ObjectBytes promises, as tests: each implementation runs this suite. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Fault } from "#base/fault.ts";
import type { ObjectBytes, Range } from "#managed/bucket/object-bytes.ts";

export interface ObjectBytesUnderTest {
  readonly title: string;
  readonly open: () => Promise<ObjectBytes>;
  /** Opens what was left; absent when nothing survives. */
  readonly reopen?: (bytes: ObjectBytes) => Promise<ObjectBytes>;
}

export function testObjectBytes(subject: ObjectBytesUnderTest): void {
  describe(subject.title, () => {
    testReading(subject);
    testEnds(subject);
    testSurvival(subject);
  });
}

function testReading({ open }: ObjectBytesUnderTest): void {
  test("gives back what was written, whole and in ranges", async () => {
    await using bytes = await open();
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7) % 251));
    const piece = await bytes.write(chunksOf(content, 1_000));
    assert.equal(piece.size, content.length);
    for (const [from, to] of [
      [0, 300_000],
      [0, 1],
      [15, 17],
      [16, 33],
      [299_999, 300_000],
      [70_001, 200_003],
      [5, 5],
    ] as const)
      assert.deepEqual(await read(bytes, piece.id, { from, to }), content.subarray(from, to), `${from}-${to}`);
  });

  test("reads the same before and after a piece is kept", async () => {
    await using bytes = await open();
    const piece = await bytes.write(chunksOf(Buffer.from("hello"), 2));
    await bytes.keep([piece.id]);
    await bytes.keep([piece.id]);
    assert.equal((await read(bytes, piece.id, { from: 1, to: 4 })).toString(), "ell");
  });
}

function testEnds({ open }: ObjectBytesUnderTest): void {
  test("leaves nothing of a source that failed, and rethrows its failure", async () => {
    await using bytes = await open();
    const failing = (async function* () {
      yield Buffer.from("some");
      await Promise.resolve();
      throw new Fault("Timeout", "too slow");
    })();
    await assert.rejects(bytes.write(failing), { code: "Timeout" });
  });

  test("an empty source is a piece without bytes", async () => {
    await using bytes = await open();
    const { id, size } = await bytes.write(chunksOf(Buffer.alloc(0), 1));
    assert.equal(size, 0);
    await bytes.remove([id]);
  });

  test("a piece that was removed is not found, and may be removed again", async () => {
    await using bytes = await open();
    const [kept, fresh] = [
      await bytes.write(chunksOf(Buffer.from("a"), 1)),
      await bytes.write(chunksOf(Buffer.from("b"), 1)),
    ];
    await bytes.keep([kept.id]);
    await bytes.remove([kept.id, fresh.id]);
    await bytes.remove([kept.id, fresh.id]);
    for (const { id } of [kept, fresh]) await assert.rejects(read(bytes, id, { from: 0, to: 1 }), { code: "NotFound" });
  });

  test("whoever stops early holds nobody up", async () => {
    await using bytes = await open();
    const piece = await bytes.write(chunksOf(Buffer.alloc(1_000_000), 50_000));
    for await (const chunk of bytes.read(piece.id, { from: 0, to: piece.size })) {
      assert.ok(chunk.length > 0);
      break;
    }
  });
}

function testSurvival({ open, reopen }: ObjectBytesUnderTest): void {
  if (reopen === undefined) return;
  test("what was kept is there after a restart; what was not is named", async () => {
    const before = await open();
    const [kept, fresh] = [
      await before.write(chunksOf(Buffer.from("kept"), 3)),
      await before.write(chunksOf(Buffer.from("fresh"), 3)),
    ];
    await before.keep([kept.id]);
    await using after = await reopen(before);
    assert.deepEqual(await after.leftovers(), [fresh.id]);
    assert.equal((await read(after, kept.id, { from: 0, to: 4 })).toString(), "kept");
    assert.equal((await read(after, fresh.id, { from: 0, to: 5 })).toString(), "fresh");
  });
}

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  await Promise.resolve();
}

async function read(bytes: ObjectBytes, id: string, range: Range): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes.read(id, range)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
