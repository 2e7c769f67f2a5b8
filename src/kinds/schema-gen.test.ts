/** schema.gen.ts is what the generator writes, agrees with client-go's apply schema, and reads upstream's own fixtures. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { JsonObject } from "#base/json.ts";
import type { Field, Schema } from "#base/schema.ts";
import { folderOf, generateSchema, GO_VERSION } from "../../tools/gen-schema.ts";
import { conform } from "#kinds/schema/conform.ts";
import { askedKinds, bodyKinds, builtinKinds } from "./registry.ts";
import { builtinTable } from "#kinds/schema/schema-table.ts";
import { schemaLines } from "#kinds/schema/schema.gen.ts";

const sources = process.env["GOMODCACHE"] ?? join(homedir(), "go/pkg/mod");
const modules = ["api", "apimachinery", "apiextensions-apiserver", "metrics"].map(
  (name) => `k8s.io/${name}@${GO_VERSION}`,
);
const missing = modules.filter((module) => !existsSync(join(sources, module)));
const skip = missing.length > 0 ? `needs the Go sources (go mod download ${missing.join(" ")})` : false;

test("the committed schema is current", { skip }, () => {
  assert.ok(generateSchema(sources).includes(schemaLines), "run: node tools/gen-schema.ts <module cache>");
});

/** One field of client-go's apply schema: how its list or map merges. */
interface ApplyField {
  readonly type: string;
  readonly name: string;
  readonly relation: string | undefined;
  readonly keys: readonly string[];
}

function readApplySchema(text: string): readonly ApplyField[] {
  return text
    .split(/^- name: /m)
    .slice(1)
    .flatMap((block) => {
      const type = block.slice(0, block.indexOf("\n"));
      return block
        .split(/^ {4}- name: /m)
        .slice(1)
        .map((field) => {
          const own = field.replace(/^ {4}(elementRelationship|unions)[\s\S]*$/m, "");
          return {
            type,
            name: own.slice(0, own.indexOf("\n")),
            // "separable" is the default of maps.
            relation: /^ {10}elementRelationship: (atomic|associative)$/m.exec(own)?.[1],
            keys: [...own.matchAll(/^ {10}- (\w+)$/gm)].map(([, key = ""]) => key),
          };
        });
    });
}

function relationOf({ schema }: Field): { readonly relation: string | undefined; readonly keys: readonly string[] } {
  if (schema.is === "map") return { relation: schema.atomic === true ? "atomic" : undefined, keys: [] };
  if (schema.is !== "list") return { relation: undefined, keys: [] };
  const isAssociative = schema.type === "map" || schema.type === "set";
  return { relation: isAssociative ? "associative" : "atomic", keys: schema.type === "map" ? (schema.keys ?? []) : [] };
}

const applyFile = join(sources, `k8s.io/client-go@${GO_VERSION}/applyconfigurations/internal/internal.go`);

test(
  "list types and keys agree with client-go's apply schema",
  { skip: existsSync(applyFile) ? skip : "needs client-go" },
  () => {
    const known = new Set(schemaLines.split("\n").map((line) => line.split(" ")[0]));
    const differences = readApplySchema(readFileSync(applyFile, "utf8"))
      .filter(({ type }) => known.has(type.slice(type.lastIndexOf(".") + 1)))
      .flatMap(({ type, name, relation, keys }) => {
        const field = fieldsOf(type)?.[name];
        if (field === undefined) return [];
        const ours = relationOf(field);
        return ours.relation === relation && ours.keys.join() === keys.join()
          ? []
          : [{ type, name, relation, keys, ours }];
      });
    assert.deepEqual(differences, []);
  },
);

function fieldsOf(type: string): Readonly<Record<string, Field>> | undefined {
  try {
    return builtinTable.resolve(type).fields;
  } catch {
    return undefined;
  }
}

const fixtures = skip === false ? join(folderOf(sources, "k8s.io/api"), "testdata/HEAD") : "";

for (const kind of [...builtinKinds, ...askedKinds, ...bodyKinds]) {
  const file = join(fixtures, `${kind.group === "" ? "core" : kind.group}.${kind.version}.${kind.kind}.json`);
  if (kind.group.startsWith("catamaran") || kind.group.startsWith("metrics") || kind.group.startsWith("apiext"))
    continue;
  test(`upstream's ${kind.group}/${kind.version} ${kind.kind} conforms and stays as it is`, { skip }, () => {
    const document = JSON.parse(readFileSync(file, "utf8")) as JsonObject;
    const { object, unknown, faults } = conform(document, kind);
    assert.deepEqual({ unknown, faults }, { unknown: [], faults: [] });
    assert.deepEqual(object, document);
  });
}

test("every type that is named can be resolved, and no default contradicts its type", () => {
  const seen = new Set<string>();
  const visit = (schema: Schema, kind: (typeof builtinKinds)[number]): void => {
    if (schema.is === "list" || schema.is === "map") return visit(schema.of, kind);
    if (schema.is === "ref") {
      if (seen.has(schema.type)) return;
      seen.add(schema.type);
      return visit(kind.table.resolve(schema.type), kind);
    }
    if (schema.is === "object") for (const field of Object.values(schema.fields)) visit(field.schema, kind);
  };
  for (const kind of [...builtinKinds, ...askedKinds, ...bodyKinds]) visit(kind.schema, kind);
  assert.ok(seen.size > 250);
});
