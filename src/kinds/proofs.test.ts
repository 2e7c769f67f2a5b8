/** Every member that a client may set has a proof of its effect, is refused by name, or is listed with those that need none. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { Schema, SchemaTable, TypeName } from "#base/schema.ts";
import { inertMembers } from "./inert.ts";
import { kept, proofs, untested } from "./proofs.ts";
import { builtinKinds } from "./registry.ts";

// Written by the system alone, or read as a whole by the code that a definition's tests prove.
const APART: ReadonlySet<string> = new Set(["Event", "CustomResourceDefinition", "PodMetrics", "NodeMetrics"]);
// The node refuses every other source by name (src/node/volume-types/all.ts).
const VOLUMES: ReadonlySet<string> = new Set([
  "name",
  "emptyDir",
  "configMap",
  "secret",
  "downwardAPI",
  "projected",
  "hostPath",
  "persistentVolumeClaim",
  "ephemeral",
]);
const UNTESTED = 19;

function reachable(): ReadonlyMap<TypeName, readonly string[]> {
  const found = new Map<TypeName, readonly string[]>();
  const visit = (schema: Schema, table: SchemaTable): void => {
    if (schema.is === "list" || schema.is === "map") visit(schema.of, table);
    if (schema.is !== "ref" || found.has(schema.type)) return;
    const fields = Object.entries(table.resolve(schema.type).fields).filter(([name]) => isTaken(schema.type, name));
    found.set(
      schema.type,
      fields.map(([name]) => name),
    );
    for (const [, field] of fields) visit(field.schema, table);
  };
  for (const kind of builtinKinds)
    if (kind.typeName !== undefined && !APART.has(kind.kind)) visit({ is: "ref", type: kind.typeName }, kind.table);
  return found;
}

function isTaken(type: TypeName, name: string): boolean {
  if (name === "status") return false;
  if (type === "io.k8s.api.core.v1.Volume" && !VOLUMES.has(name)) return false;
  // One with a harmless value is taken with that value, and still needs its proof.
  return inertMembers.get(type)?.[name]?.length !== 0;
}

const listed = new Map<string, string>();
const doubles: string[] = [];

function list(type: TypeName, members: string, by: string): void {
  for (const name of members.split(" ")) {
    const member = `${type}.${name}`;
    if (listed.has(member)) doubles.push(member);
    listed.set(member, by);
  }
}

for (const [type, files] of Object.entries(proofs))
  for (const [file, members] of Object.entries(files)) list(type, members, file);
for (const [type, members] of Object.entries(kept)) list(type, members, "kept");
for (const [type, members] of Object.entries(untested)) list(type, members, "untested");

const taken = [...reachable()].flatMap(([type, names]) => names.map((name) => `${type}.${name}`));

test("every member that is taken is listed once, with its proof", () => {
  assert.deepEqual(
    taken.filter((member) => !listed.has(member)),
    [],
    "add a test and its line in proofs.ts, or refuse it in inert.ts",
  );
  assert.deepEqual(doubles, []);
});

test("nothing is listed that is not taken", () => {
  const all = new Set(taken);
  assert.deepEqual(
    [...listed.keys()].filter((member) => !all.has(member)),
    [],
  );
});

test("each proof is a test that speaks of its members", () => {
  const wrong: string[] = [];
  for (const [type, files] of Object.entries(proofs))
    for (const [file, members] of Object.entries(files)) {
      const text = existsSync(file) ? readFileSync(file, "utf8") : "";
      for (const name of members.split(" "))
        if (!new RegExp(`\\b${name}\\b`).test(text)) wrong.push(`${file} says nothing of ${type}.${name}`);
    }
  assert.deepEqual(wrong, []);
});

test("the list of the untested only gets shorter", () => {
  const count = Object.values(untested).reduce((sum, members) => sum + members.split(" ").length, 0);
  assert.ok(count <= UNTESTED, `${count} untested members`);
});
