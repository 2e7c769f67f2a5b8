/** Protobuf: the generic codec's laws, hostile bytes, and Kubernetes' bodies as kubectl itself wrote them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import fc from "fast-check";
import { Fault } from "#base/fault.ts";
import { type Json, type JsonObject, sameJson } from "#base/json.ts";
import { seededRandom } from "#base/random.ts";
import { askedKinds, bodyKinds, builtinKinds } from "#kinds/registry.ts";
import { builtinTable } from "#kinds/schema/schema-table.ts";
import { parseDuration, printDuration } from "./go-duration.ts";
import { decodeKubernetes, KubernetesCodec } from "./kubernetes-protobuf.ts";
import { messageTypes } from "./kubernetes-types.ts";
import { decodeMessage, type Descriptor, encodeMessage, type ProtoMessage } from "./protobuf.ts";
import { sample } from "./sample-object.ts";

const types = messageTypes(() => [...builtinKinds, ...askedKinds, ...bodyKinds]);

interface Golden {
  readonly client: string;
  readonly request: string;
  readonly object: JsonObject;
  readonly body: string;
}

const goldens = JSON.parse(readFileSync(new URL("golden/protobuf.json", import.meta.url), "utf8")) as readonly Golden[];

for (const { client, request, object, body } of goldens) {
  test(`${client}: ${request}`, () => assert.deepEqual(decodeKubernetes(Buffer.from(body, "base64"), types), object));
}

/** What a Go type writes or leaves out on its own: empty lists, empty maps and zero values. */
function bare(value: Json): Json | undefined {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((element: Json) => bare(element) ?? {});
  if (typeof value !== "object" || value === null)
    return value === "" || value === 0 || value === false || value === null ? undefined : value;
  const entries = Object.entries(value).flatMap(([name, child]) => {
    const kept = bare(child);
    return kept === undefined ? [] : [[name, kept] as const];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

for (const kind of builtinKinds.filter(({ schema }) => schema.fields["metadata"]?.proto !== undefined)) {
  test(`law: ${kind.kind} of ${kind.group === "" ? "core" : kind.group}/${kind.version} reads as it was written`, () => {
    const codec = new KubernetesCodec(types);
    for (let seed = 0; seed < 12; seed++) {
      const random = seededRandom(seed);
      const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
      const object = {
        ...(sample(kind.schema, { random, table: builtinTable, density: 0.3, depth: 8 }) as JsonObject),
        apiVersion,
        kind: kind.kind,
      };
      assert.ok(sameJson(bare(codec.decode(codec.encode(object))), bare(object)), `seed ${seed}`);
    }
  });
}

const node: Descriptor = {
  fields: {
    1: { name: "text", type: "string" },
    2: { name: "bytes", type: "bytes" },
    3: { name: "isSet", type: "bool" },
    4: { name: "int64", type: "int64" },
    5: { name: "sint64", type: "sint64" },
    6: { name: "uint64", type: "uint64" },
    7: { name: "double", type: "double" },
    8: { name: "fixed64", type: "fixed64" },
    9: { name: "fixed32", type: "fixed32" },
    10: { name: "int32s", type: "int32", repeated: true },
    11: { name: "labels", type: "string", mapKey: "string" },
    12: { name: "children", type: "message", repeated: true, message: () => node },
    300: { name: "child", type: "message", message: () => node },
  },
};

const safe = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
const signed = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(safe);
const unsigned = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(safe);
const text = fc.string({ unit: "grapheme" });
const { message } = fc.letrec<{ message: ProtoMessage }>((tie) => ({
  message: fc.record(
    {
      text,
      bytes: fc.uint8Array(),
      isSet: fc.boolean(),
      int64: signed,
      sint64: signed,
      uint64: unsigned,
      double: fc.double(),
      fixed64: unsigned,
      fixed32: fc.nat(),
      int32s: fc.array(fc.integer(), { minLength: 1, maxLength: 3 }),
      labels: fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 3 }).map((entries) => new Map(entries)),
      children: fc.array(fc.option(tie("message"), { nil: {}, maxDepth: 3 }), { minLength: 1, maxLength: 2 }),
      child: fc.option(tie("message"), { nil: {}, maxDepth: 3 }),
    },
    { requiredKeys: [], noNullPrototype: true },
  ),
}));

test("law: a message reads as it was written", () => {
  fc.assert(fc.property(message, (value) => assert.deepEqual(decodeMessage(node, encodeMessage(node, value)), value)));
});

test("an entry of a map without its value, or without its key, has the empty one", () => {
  const entry = (...bytes: number[]): Uint8Array => Uint8Array.from([0x5a, bytes.length, ...bytes]);
  assert.deepEqual(decodeMessage(node, entry(0x0a, 1, 0x6b)), { labels: new Map([["k", ""]]) });
  assert.deepEqual(decodeMessage(node, entry(0x12, 1, 0x76)), { labels: new Map([["", "v"]]) });
  assert.deepEqual(decodeMessage(node, entry()), { labels: new Map([["", ""]]) });
});

test("law: random bytes are read or refused, never anything else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      for (const read of [
        () => decodeMessage(node, bytes),
        () => decodeKubernetes(Uint8Array.from([0x6b, 0x38, 0x73, 0, ...bytes]), types),
      ]) {
        try {
          read();
        } catch (thrown) {
          assert.ok(thrown instanceof Fault, String(thrown));
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test("law: a body of kubectl with a byte changed is read or refused", () => {
  const body = Buffer.from(goldens[1]?.body ?? "", "base64");
  fc.assert(
    fc.property(fc.nat(body.length - 1), fc.nat(255), (at, byte) => {
      const bytes = Uint8Array.from(body);
      bytes[at] = byte;
      try {
        decodeKubernetes(bytes, types);
      } catch (thrown) {
        assert.ok(thrown instanceof Fault, String(thrown));
      }
    }),
    { numRuns: 2_000 },
  );
});

test("packed numbers and unknown fields are read", () => {
  const packed = Uint8Array.from([0x52, 3, 1, 2, 3, 0xf8, 0x07, 5, 0xfa, 0x07, 2, 9, 9]);
  assert.deepEqual(decodeMessage(node, packed), { int32s: [1, 2, 3] });
});

const refused: readonly { readonly title: string; readonly bytes: readonly number[]; readonly message: RegExp }[] = [
  { title: "a field beyond the end", bytes: [0x0a, 5, 0x61], message: /unexpected end/ },
  { title: "a varint without end", bytes: [0x20, ...Array<number>(11).fill(0xff)], message: /longer than 64 bits/ },
  { title: "field number 0", bytes: [0x02, 0], message: /number 0/ },
  { title: "a group", bytes: [0xfb, 0x07, 0xfc, 0x07], message: /groups/ },
  { title: "the wrong wire type", bytes: [0x08, 1], message: /wire type 0/ },
  { title: "text that is not UTF-8", bytes: [0x0a, 1, 0xff], message: /UTF-8/ },
];

for (const { title, bytes, message: expected } of refused) {
  test(`a message is refused with ${title}`, () =>
    assert.throws(() => decodeMessage(node, Uint8Array.from(bytes)), expected));
}

test("a message that nests without end is refused", () => {
  let deep: Uint8Array = new Uint8Array(0);
  for (let i = 0; i < 200; i++)
    deep = encodeMessage({ fields: { 300: { name: "child", type: "bytes" } } }, { child: deep });
  assert.throws(() => decodeMessage(node, deep), /nests too deeply/);
});

test("a body without its envelope or of an unknown kind is refused", () => {
  assert.throws(() => decodeKubernetes(Uint8Array.from([1, 2, 3]), types), /does not start with/);
  const none = new KubernetesCodec(() => undefined);
  assert.throws(
    () => none.decode(Buffer.from(goldens[0]?.body ?? "", "base64")),
    /no kind "ConfigMap" is registered for version "v1"/,
  );
});

const durations: readonly (readonly [nanos: bigint, text: string])[] = [
  [0n, "0s"],
  [1n, "1ns"],
  [1_500n, "1.5µs"],
  [250_000_000n, "250ms"],
  [1_000_000_000n, "1s"],
  [90_500_000_000n, "1m30.5s"],
  [3_600_000_000_000n, "1h0m0s"],
  [-5_000_000_000n, "-5s"],
];

for (const [nanos, printed] of durations) {
  test(`a duration of ${nanos} ns is ${printed}`, () => {
    assert.equal(printDuration(nanos), printed);
    assert.equal(parseDuration(printed), nanos);
  });
}

test("what is no duration is none", () => {
  for (const wrong of ["", "5", "s", "1x", "1h-1s"]) assert.equal(parseDuration(wrong), null, wrong);
});
