/** Objects in a bucket: versions against a model, readers that go on, pieces that are kept and removed, pages with delimiters. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { Tasks } from "#base/tasks.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryObjectBytes } from "#store/memory/object-bytes.ts";
import { type Described, Orders, type StoredObject, type Version, type Versioning } from "./stored-object.ts";
import { StoredObjects } from "./stored-objects.ts";
import { Uploads } from "./uploads.ts";

const DESCRIBED: Described = { etag: "e", headers: {}, metadata: {}, tags: {} };

const TERMS = {
  headers: {},
  metadata: {},
  tags: {},
  checksum: { algorithm: "CRC32", of: "whole" },
  isChecksumAsked: false,
} as const;

function bucket(versioning: () => Versioning = () => "none") {
  const [database, bytes, clock, random] = [
    new MemoryDatabase(),
    new MemoryObjectBytes(),
    new FakeClock(),
    seededRandom(1),
  ];
  const shared = { database, bytes, clock, random, collection: "b" };
  const objects = new StoredObjects({
    ...shared,
    orders: new Orders(),
    tasks: new Tasks(silent),
    versioning,
    announce: () => null,
  });
  return { objects, bytes, clock, uploads: new Uploads(shared, objects) };
}

async function* source(text: string): AsyncGenerator<Uint8Array> {
  if (text !== "") yield await Promise.resolve(Buffer.from(text));
}

function put(objects: StoredObjects, key: string, text: string): Promise<StoredObject> {
  return objects.put(key, { bytes: source(text), describe: () => ({ ...DESCRIBED, etag: text }), how: "Put" });
}

async function textOf(objects: StoredObjects, object: Version | null): Promise<string | null> {
  if (object?.is !== "object") return null;
  const chunks: Uint8Array[] = [];
  for await (const chunk of objects.read(object)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

for (let seed = 1; seed <= 40; seed++)
  test(`versions are those of the model: seed ${seed}`, async () => {
    const random = seededRandom(seed);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random.number() * from.length)] as T;
    let mode = "none" as Versioning;
    const { objects, bytes } = bucket(() => mode);
    /** Newest first. */
    const model = new Map<string, { version: string; text: string | null }[]>();
    for (let step = 0; step < 60; step++) {
      const key = pick(["a", "b", "a/b"]);
      const history = model.get(key) ?? [];
      const act = pick(["put", "put", "put", "remove", "remove one", "mode"]);
      const withoutNull = (): typeof history => history.filter(({ version }) => version !== "null");
      if (act === "mode") mode = pick(mode === "none" ? ["none", "all"] : ["all", "suspended"]);
      else if (act === "put") {
        const text = `${seed}.${step}`;
        const { version } = await put(objects, key, text);
        assert.equal(version === "null", mode !== "all");
        model.set(key, [{ version, text }, ...(mode === "all" ? history : withoutNull())]);
      } else if (act === "remove") {
        const { marker } = await objects.remove(key);
        assert.equal(marker === null, mode === "none");
        const hidden = marker === null ? [] : [{ version: marker.version, text: null }];
        model.set(key, [...hidden, ...(mode === "all" ? history : withoutNull())]);
      } else if (history.length > 0) {
        const { version } = pick(history);
        assert.equal((await objects.remove(key, { version })).gone?.version, version);
        model.set(
          key,
          history.filter((one) => one.version !== version),
        );
      }
    }
    const listed = await objects.listVersions({ prefix: "", delimiter: "", most: 1_000 });
    const expected = [...model]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([key, history]) => history.map(({ version }, at) => `${key} ${version} ${at === 0}`));
    assert.deepEqual(
      listed.entries.map(({ version: { key, version }, isNewest }) => `${key} ${version} ${isNewest}`),
      expected,
    );
    for (const [key, history] of model) {
      assert.equal(await textOf(objects, await objects.find(key)), history[0]?.text ?? null);
      for (const { version, text } of history)
        assert.equal(await textOf(objects, await objects.find(key, version)), text);
    }
    await objects.pieces.settle();
    assert.equal(bytes.count, [...model.values()].flat().filter(({ text }) => text !== null).length);
  });

test("pages of versions meet without gap or double, wherever they are cut", async () => {
  const { objects } = bucket(() => "all");
  for (const key of ["a", "a/1", "a/2", "b"]) for (const text of ["1", "2", "3"]) await put(objects, key, text);
  await objects.remove("b");
  const whole = await objects.listVersions({ prefix: "", delimiter: "", most: 100 });
  for (let most = 1; most < 14; most++) {
    const seen: string[] = [];
    let page = await objects.listVersions({ prefix: "", delimiter: "", most });
    for (;;) {
      seen.push(...page.entries.map(({ version: { key, order }, isNewest }) => `${key} ${order} ${isNewest}`));
      if (page.next === undefined) break;
      page = await objects.listVersions({ prefix: "", delimiter: "", most, after: page.next });
    }
    assert.deepEqual(
      seen,
      whole.entries.map(({ version: { key, order }, isNewest }) => `${key} ${order} ${isNewest}`),
    );
  }
});

test("what shares a prefix up to the delimiter is one, in pages of any size", async () => {
  const { objects } = bucket();
  const keys = ["a", "b/1", "b/2", "b0", "c/1/x", "c/2", "é/1", "z"];
  for (const key of keys) await put(objects, key, key);
  for (let most = 1; most < 8; most++) {
    const seen: string[] = [];
    let page = await objects.list({ prefix: "", delimiter: "/", most });
    for (;;) {
      assert.ok(page.entries.length + page.prefixes.length <= most);
      seen.push(...[...page.entries.map(({ key }) => key), ...page.prefixes].toSorted());
      if (page.next === undefined) break;
      page = await objects.list({ prefix: "", delimiter: "/", most, after: page.next });
    }
    assert.deepEqual(seen, ["a", "b/", "b0", "c/", "z", "é/"], `pages of ${most}`);
  }
  const inside = await objects.list({ prefix: "c/", delimiter: "/", most: 10 });
  assert.deepEqual([inside.entries.map(({ key }) => key), inside.prefixes], [["c/2"], ["c/1/"]]);
  assert.deepEqual((await objects.list({ prefix: "", delimiter: "", most: 0 })).next, undefined);
});

test("a reader gets all of an object that is replaced meanwhile; then its bytes are gone", async () => {
  const { objects, bytes } = bucket();
  const old = await put(objects, "k", "old");
  const reader = objects.read(old)[Symbol.asyncIterator]();
  const first = reader.next();
  await put(objects, "k", "new");
  await objects.pieces.settle();
  assert.equal(Buffer.from((await first).value ?? []).toString(), "old");
  assert.equal(bytes.count, 2);
  assert.equal((await reader.next()).done, true);
  await objects.pieces.settle();
  assert.equal(bytes.count, 1);
});

test("what may not be written over what is there is refused, and its bytes are gone", async () => {
  const { objects, bytes } = bucket();
  await put(objects, "k", "1");
  const allow = (current: StoredObject | null): void => {
    if (current !== null) throw new RangeError("there is one");
  };
  const other = { bytes: source("2"), describe: () => DESCRIBED, how: "Put" as const };
  await assert.rejects(objects.put("k", { ...other, allow }), /there is one/);
  await assert.rejects(objects.remove("k", { allow }), /there is one/);
  const failing = {
    ...other,
    describe: () => {
      throw new RangeError("bad digest");
    },
  };
  await assert.rejects(objects.put("n", failing), /bad digest/);
  await objects.pieces.settle();
  assert.deepEqual([bytes.count, (await objects.find("k"))?.is, await objects.find("n")], [1, "object", null]);
});

test("of writers that all demand that there be none, one wins", async () => {
  const { objects } = bucket();
  const allow = (current: StoredObject | null): void => {
    if (current !== null) throw new RangeError("there is one");
  };
  const all = Array.from({ length: 10 }, (_, at) =>
    objects.put("k", { bytes: source(String(at)), describe: () => DESCRIBED, how: "Put", allow }),
  );
  const ended = await Promise.allSettled(all);
  assert.equal(ended.filter(({ status }) => status === "fulfilled").length, 1);
});

test("an upload in parts becomes an object of the chosen parts; the others' bytes go", async () => {
  const { objects, bytes, uploads } = bucket();
  const upload = await uploads.begin("big", TERMS);
  const putPart = (number: number, text: string) =>
    uploads.putPart(upload, number, { bytes: source(text), describe: () => ({ etag: text }) });
  await putPart(2, "world");
  await putPart(1, "draft");
  await putPart(1, "hello ");
  await putPart(7, "left out");
  assert.deepEqual(
    (await uploads.parts(upload)).map(({ number }) => number),
    [1, 2, 7],
  );
  assert.deepEqual(
    (await uploads.parts(upload, { after: 1, most: 1 })).map(({ number }) => number),
    [2],
  );
  assert.equal((await uploads.list({ prefix: "b", delimiter: "", most: 5 })).entries.length, 1);
  const object = await uploads.complete(upload, (parts) => parts.slice(0, 2), { describe: () => DESCRIBED });
  assert.equal(await textOf(objects, object), "hello world");
  const range: Uint8Array[] = [];
  for await (const chunk of objects.read(object, { from: 4, to: 8 })) range.push(chunk);
  assert.equal(Buffer.concat(range).toString(), "o wo");
  await objects.pieces.settle();
  assert.equal(bytes.count, 2);
  await assert.rejects(putPart(3, "late"), { code: "NotFound" });
  await assert.rejects(uploads.abort(upload), { code: "NotFound" });
  await objects.remove("big");
  await objects.pieces.settle();
  assert.equal(bytes.count, 0);
});

test("an upload that is aborted leaves nothing, and neither does a bucket that is cleared", async () => {
  const { objects, bytes, uploads } = bucket(() => "all");
  const upload = await uploads.begin("k", TERMS);
  const part = (text: string) => ({ bytes: source(text), describe: () => ({ etag: text }) });
  await uploads.putPart(upload, 1, part("1"));
  await uploads.abort(upload);
  await objects.pieces.settle();
  assert.deepEqual([bytes.count, await uploads.find("k", upload.id)], [0, null]);
  const [open, done] = [await uploads.begin("k", TERMS), await uploads.begin("k", TERMS)];
  for (const one of [open, done]) await uploads.putPart(one, 1, part("1"));
  await uploads.complete(done, (parts) => parts, { describe: () => DESCRIBED });
  await put(objects, "k", "2");
  await objects.clear();
  assert.equal(bytes.count, 0);
});
