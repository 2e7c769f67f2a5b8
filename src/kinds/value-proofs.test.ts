/** Every value of a closed set that the rules accept, and every well-known label and annotation in the sources, has its proof. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Schema, SchemaTable } from "#base/schema.ts";
import { inertMembers } from "./inert.ts";
import { builtinKinds } from "./registry.ts";
import { OWN_TYPES } from "./schema/description.ts";
import { untestedValues, untestedWords, valueProofs, wordProofs } from "./value-proofs.ts";

const UNTESTED_WORDS = 14;
const UNTESTED_VALUES = 18;
// The members of definitions' schemas are not acted on one by one: their whole is what crd.test.ts is about.
const APART: ReadonlySet<string> = new Set(["x-kubernetes-list-type"]);
const SCHEMA_TYPES: ReadonlySet<string> = new Set(["array", "boolean", "integer", "number", "object", "string"]);

const SOURCES = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !/(\.test|\.gen)\.ts$|value-proofs|\/(sample|fake)-/.test(path))
  .map((path) => readFileSync(join("src", path), "utf8"));

/** "member=value" of every oneOf and notSupported whose values stand in the same file. */
function acceptedValues(): ReadonlySet<string> {
  const found = new Set<string>();
  for (const text of SOURCES)
    for (const [, path = "", list = ""] of text.matchAll(
      /(?:oneOf|notSupported)\(\s*["`]([^"`]*)["`],[^;]*?(\[[^\]]*\]|\b[A-Z][A-Z_]+)\s*,?\s*\)/g,
    )) {
      const literal = list.startsWith("[")
        ? list
        : (new RegExp(`const ${list}[^=]*= (\\[[^\\]]*\\])`).exec(text)?.[1] ?? "");
      const member =
        path
          .replace(/\[[^\]]*\]$/, "")
          .split(".")
          .at(-1) ?? "";
      if (APART.has(member)) continue;
      for (const [, value = ""] of literal.matchAll(/"([^"]+)"/g)) {
        if (!SCHEMA_TYPES.has(value)) found.add(`${member}=${value}`);
      }
    }
  for (const value of describedValues()) found.add(value);
  return found;
}

/** The closed sets of our own kinds are in their schemas; what would have no effect is refused by name. */
function describedValues(): readonly string[] {
  const found: string[] = [];
  const visit = (schema: Schema, table: SchemaTable, member: string): void => {
    if (schema.is === "list" || schema.is === "map") return visit(schema.of, table, member);
    if (schema.is === "string")
      found.push(...(schema.enum ?? []).map((value) => `${member}=${JSON.stringify(value).slice(1, -1)}`));
    if (schema.is !== "ref" || !schema.type.startsWith(OWN_TYPES)) return;
    for (const [name, field] of Object.entries(table.resolve(schema.type).fields))
      if (name !== "status" && inertMembers.get(schema.type)?.[name] === undefined) visit(field.schema, table, name);
  };
  for (const kind of builtinKinds)
    if (kind.typeName !== undefined) visit({ is: "ref", type: kind.typeName }, kind.table, "");
  return found;
}

function words(lists: Iterable<string>): readonly string[] {
  // A blank inside of a value is written as a tilde.
  return [...lists].flatMap((list) => list.split(" ")).map((word) => word.replaceAll("~", " "));
}

function pairs(values: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return Object.entries(values).flatMap(([member, lists]) => words(lists).map((value) => `${member}=${value}`));
}

const proven = pairs(
  Object.fromEntries(Object.entries(valueProofs).map(([name, files]) => [name, Object.values(files)])),
);
const unproven = pairs(Object.fromEntries(Object.entries(untestedValues).map(([name, list]) => [name, [list]])));

test("every value that the rules accept is listed, with its proof", () => {
  const listed = new Set([...proven, ...unproven]);
  assert.deepEqual([...acceptedValues()].filter((one) => !listed.has(one)).toSorted(), []);
});

test("each proof of a value is a test that speaks of member and value", () => {
  const wrong: string[] = [];
  for (const [member, files] of Object.entries(valueProofs))
    for (const [file, list] of Object.entries(files)) {
      const text = readFileSync(file, "utf8");
      for (const word of [member, ...words([list])])
        if (!new RegExp(`(?<![\\w-])${word.replaceAll(".", "\\.")}(?![\\w-])`).test(text))
          wrong.push(`${file} says nothing of ${member} ${word}`);
    }
  assert.deepEqual(wrong, []);
});

test("every well-known label and annotation of the sources is listed, with its proof", () => {
  const known = /"((?:[a-z0-9-]+\.)*kubernetes\.io\/[A-Za-z0-9._-]+)"/g;
  const named = new Set(SOURCES.flatMap((text) => [...text.matchAll(known)].map(([, word = ""]) => word)));
  // Types of secrets, names of signers, and the label that upstream's own objects carry.
  for (const other of [
    "basic-auth",
    "dockercfg",
    "dockerconfigjson",
    "service-account-token",
    "service-account.name",
    "service-account.uid",
    "ssh-auth",
    "tls",
    "bootstrapping",
    "kube-apiserver-client",
    "kube-apiserver-client-kubelet",
    "kubelet-serving",
    "legacy-unknown",
  ])
    named.delete(`kubernetes.io/${other}`);
  const listed = [...words(Object.values(wordProofs)), ...untestedWords].toSorted();
  assert.deepEqual(listed, [...named].toSorted());
});

test("each proof of a word is a test that speaks of it", () => {
  const wrong: string[] = [];
  for (const [file, list] of Object.entries(wordProofs))
    for (const word of list.split(" "))
      if (!readFileSync(file, "utf8").includes(word)) wrong.push(`${file} says nothing of ${word}`);
  assert.deepEqual(wrong, []);
});

test("the lists of what is untested only get shorter", () => {
  assert.ok(untestedWords.length <= UNTESTED_WORDS);
  assert.ok(unproven.length <= UNTESTED_VALUES);
});
