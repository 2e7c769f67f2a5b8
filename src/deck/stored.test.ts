/** Bytes with resourceVersion are kept for the newest objects, within a number and within bytes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import { configMapKind } from "#kinds/core/config-map.ts";
import { formOf, type Kept, keptFor, StoredObject } from "./stored.ts";

function stored(kept: Kept, revision: number, size: number): StoredObject {
  const raw = encodeUtf8(
    `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"${"x".repeat(size)}"}}`,
  );
  return new StoredObject({
    form: formOf(configMapKind),
    kept,
    key: "default/a",
    revision,
    raw,
  });
}

for (const { title, count, size, kept: expected } of [
  { title: "a thousand small ones", count: 1_024, size: 10, kept: 1_024 },
  { title: "of more small ones the newest", count: 1_100, size: 10, kept: 1_024 },
  { title: "of large ones no more than eight megabytes", count: 20, size: 1_000_000, kept: 8 },
])
  test(`kept bytes: ${title}`, () => {
    const kept = keptFor();
    const objects = Array.from({ length: count }, (_unused, revision) => stored(kept, revision + 1, size));
    const first = objects.map(({ bytes }) => bytes);
    // Asked from the newest on: what is spliced anew pushes older ones out.
    const same = objects.toReversed().filter((object, at) => object.bytes === first.at(-1 - at));
    assert.equal(same.length, expected);
  });

for (const { title, metadata } of [
  { title: "nothing", metadata: {} },
  { title: "a name", metadata: { name: "a" } },
  { title: "maps and lists", metadata: { name: "a", labels: { b: "c" }, ownerReferences: [{ name: "d" }, {}] } },
  { title: "braces, quotes and backslashes in text", metadata: { annotations: { a: '}{"}\\', 'b"}': "\\\\" } } },
])
  test(`metadata is cut out of the bytes: ${title}`, () => {
    const raw = encodeUtf8(`{"apiVersion":"v1","kind":"ConfigMap","metadata":${JSON.stringify(metadata)},"data":{}}`);
    const found = new StoredObject({
      form: formOf(configMapKind),
      kept: keptFor(),
      key: "default/a",
      revision: 7,
      raw,
    });
    const wanted = { ...metadata, resourceVersion: "7" };
    assert.deepEqual(JSON.parse(decodeUtf8(found.metadataBytes)), wanted);
    const whole = new Uint8Array(found.size + 2);
    found.writeTo(whole, 1);
    assert.deepEqual(whole.subarray(1, -1), found.bytes);
    assert.deepEqual(JSON.parse(decodeUtf8(found.bytes)).metadata, wanted);
  });
