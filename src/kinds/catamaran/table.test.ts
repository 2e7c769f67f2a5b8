/** What a Table may say of its indexes, and what of it lasts. */
import assert from "node:assert/strict";
import test from "node:test";
import { validateObject } from "#kinds/rules/check.ts";
import { type GlobalIndex, type LocalIndex, type Table, tableKind, type TableSpec } from "./table.ts";

const definitions: TableSpec["attributeDefinitions"] = [
  { attributeName: "p", attributeType: "S" },
  { attributeName: "s", attributeType: "S" },
  { attributeName: "x", attributeType: "N" },
];
const hash = (attributeName: string) => ({ attributeName, keyType: "HASH" }) as const;
const range = (attributeName: string) => ({ attributeName, keyType: "RANGE" }) as const;
const local: LocalIndex = { name: "local", keySchema: [hash("p"), range("x")], projection: { type: "ALL" } };
const global: GlobalIndex = {
  name: "global",
  keySchema: [hash("x")],
  projection: { type: "INCLUDE", nonKeyAttributes: ["y"] },
  provisionedThroughput: { readCapacityUnits: 1, writeCapacityUnits: 1 },
};

function table(spec: Partial<TableSpec>): Table {
  return {
    apiVersion: "catamaran.dev/v1",
    kind: "Table",
    metadata: { name: "pets", namespace: "default", uid: "u" },
    spec: { attributeDefinitions: definitions, keySchema: [hash("p"), range("s")], ...spec },
  };
}

const faulty: readonly (readonly [title: string, spec: Partial<TableSpec>, field: string])[] = [
  [
    "a local index without a sort key",
    { localIndexes: [{ ...local, keySchema: [hash("p")] }] },
    "spec.localIndexes[0].keySchema",
  ],
  [
    "a local index by another partition key",
    { localIndexes: [{ ...local, keySchema: [hash("s"), range("x")] }] },
    "spec.localIndexes[0].keySchema",
  ],
  [
    "an index by what is not defined",
    { globalIndexes: [{ ...global, keySchema: [hash("z")] }] },
    "spec.globalIndexes[0].keySchema[0].attributeName",
  ],
  [
    "a sort key first",
    { globalIndexes: [{ ...global, keySchema: [range("x")] }] },
    "spec.globalIndexes[0].keySchema[0].keyType",
  ],
  [
    "INCLUDE of nothing",
    { globalIndexes: [{ ...global, projection: { type: "INCLUDE" } }] },
    "spec.globalIndexes[0].projection",
  ],
  [
    "names that KEYS_ONLY does not keep",
    { localIndexes: [{ ...local, projection: { type: "KEYS_ONLY", nonKeyAttributes: ["y"] } }] },
    "spec.localIndexes[0].projection",
  ],
  [
    "two indexes of one name",
    { localIndexes: [local], globalIndexes: [{ ...global, name: "local" }] },
    "spec.localIndexes[0].name",
  ],
  [
    "no units",
    { globalIndexes: [{ ...global, provisionedThroughput: { readCapacityUnits: 0, writeCapacityUnits: 1 } }] },
    "spec.globalIndexes[0].provisionedThroughput.readCapacityUnits",
  ],
];
for (const [title, spec, field] of faulty)
  test(`a table with ${title} is refused`, () => {
    assert.deepEqual(
      validateObject(tableKind, table(spec), null).map((fault) => fault.field),
      [field],
    );
  });

test("a table may have indexes; its keys and its local indexes last, global ones come and go", () => {
  const both = table({ localIndexes: [local], globalIndexes: [global] });
  assert.deepEqual(validateObject(tableKind, both, null), []);
  assert.deepEqual(validateObject(tableKind, table({ localIndexes: [local] }), both), []);
  for (const [change, field] of [
    [{ globalIndexes: [global] }, "spec.localIndexes"],
    [{ localIndexes: [local], keySchema: [hash("p")] }, "spec.keySchema"],
  ] as const)
    assert.deepEqual(
      validateObject(tableKind, table(change), both).map((fault) => fault.field),
      [field],
    );
});
