/** What happens to a bucket's objects when its Bucket comes, stays and goes; and what a restart puts right. */
import assert from "node:assert/strict";
import test from "node:test";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import { type Bucket, bucketKind } from "#kinds/catamaran/bucket.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { MemoryObjectBytes } from "#store/memory/object-bytes.ts";
import { Buckets } from "./buckets.ts";
import { bucketKeeper } from "./keep-buckets.ts";

const AT = { namespace: "default", bucket: "docs" };

async function bench() {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const objects = deck.objects("buckets");
  const [database, bytes] = [new MemoryDatabase(), new MemoryObjectBytes()];
  const parts = { objects, database, bytes, clock, random: seededRandom(3), log: silent };
  const buckets = await Buckets.open(parts);
  const keeper = bucketKeeper({ objects, buckets, clock });
  const find = async (): Promise<Bucket> => (await objects.get(bucketKind, "default/docs")) as Bucket;
  const make = (): Promise<Bucket> =>
    buckets.create({
      apiVersion: "catamaran.dev/v1",
      kind: "Bucket",
      metadata: { name: "docs", namespace: "default" },
      spec: {},
    });
  const keep = async (): Promise<number | undefined> =>
    keeper.keep("default/docs", (await objects.get(bucketKind, "default/docs")) ?? undefined);
  const put = (bucket: Bucket, key: string) =>
    buckets.contentsOf(bucket).objects.put(key, {
      bytes: (async function* () {
        yield await Promise.resolve(Buffer.from(key));
      })(),
      describe: () => ({ etag: key, headers: {}, metadata: {}, tags: {} }),
      how: "Put",
    });
  return { buckets, bytes, objects, parts, find, make, keep, put };
}

test("a bucket is held until its objects are gone, and a new one under its name starts empty", async () => {
  const { make, keep, find, put, buckets, objects, bytes } = await bench();
  const old = await make();
  await keep();
  assert.deepEqual((await find()).metadata.finalizers, ["catamaran.dev/bucket-objects"]);
  await put(old, "a");
  await keep();
  assert.equal((await find()).status?.objects, 1);
  await objects.remove(bucketKind, "default/docs");
  assert.equal(await buckets.find("default", "docs"), null);
  await keep();
  assert.deepEqual([await objects.get(bucketKind, "default/docs"), bytes.count], [null, 0]);
  const fresh = await make();
  assert.equal(await buckets.contentsOf(fresh).objects.isEmpty(), true);
});

test("a bucket with anything in it is not removed, and one that is removed takes nothing more", async () => {
  const { make, put, buckets } = await bench();
  const bucket = await make();
  await put(bucket, "a");
  assert.equal(await buckets.removeEmpty(bucket), false);
  await buckets.contentsOf(bucket).objects.remove("a");
  assert.equal(await buckets.removeEmpty(bucket), true);
  await assert.rejects(put(bucket, "late"), { code: "Gone" });
});

test("an object is read by its bucket's name and its key", async () => {
  const { make, put, buckets } = await bench();
  await put(await make(), "code.zip");
  const { object, bytes } = await buckets.read(AT, "code.zip");
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  assert.deepEqual([object.etag, Buffer.concat(chunks).toString()], ["code.zip", "code.zip"]);
  await assert.rejects(buckets.read(AT, "none"), { code: "NotFound" });
  await assert.rejects(buckets.read({ ...AT, bucket: "none" }, "code.zip"), { code: "NotFound" });
});

test("a restart keeps the pieces that an object got, and removes those that none has", async () => {
  const { make, put, parts, bytes } = await bench();
  const bucket = await make();
  await put(bucket, "a");
  const leftovers = [
    "piece-1",
    (
      await bytes.write(
        (async function* () {
          yield await Promise.resolve(Buffer.from("never kept"));
        })(),
      )
    ).id,
  ];
  assert.equal(bytes.count, 2);
  const removed: string[] = [];
  const spied = {
    write: (source: AsyncIterable<Uint8Array>) => bytes.write(source),
    keep: () => bytes.keep(),
    read: (id: string, range: { from: number; to: number }) => bytes.read(id, range),
    remove: (ids: readonly string[]) => {
      removed.push(...ids);
      return bytes.remove(ids);
    },
    leftovers: () => Promise.resolve(leftovers),
    [Symbol.asyncDispose]: () => bytes[Symbol.asyncDispose](),
  };
  await Buckets.open({ ...parts, bytes: spied });
  assert.deepEqual(removed, ["piece-2"]);
});
