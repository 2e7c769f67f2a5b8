/** The documents hold together: every reference leads somewhere, and what kubectl looks for is there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "#base/json.ts";
import { documentsOf, openApiV2, openApiV3 } from "./openapi.ts";
import { askedKinds, bodyKinds, builtinKinds } from "#kinds/registry.ts";

const kinds = [...builtinKinds, ...askedKinds, ...bodyKinds];

function dig(document: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
}

function missingReferences(document: JsonObject, schemas: unknown): readonly string[] {
  const references = JSON.stringify(document).matchAll(/"\$ref":"#\/(?:definitions|components\/schemas)\/([^"]+)"/g);
  return [...references].map(([, name = ""]) => name).filter((name) => !Object.hasOwn(schemas as object, name));
}

for (const { group, version, path } of documentsOf(kinds)) {
  test(`${path} refers to nothing that it does not hold`, () => {
    const document = openApiV3(kinds, group, version);
    assert.ok(document);
    assert.deepEqual(missingReferences(document, dig(document, "components", "schemas")), []);
  });
}

test("the v2 document refers to nothing that it does not hold", () => {
  const document = openApiV2(kinds);
  assert.deepEqual(missingReferences(document, document["definitions"]), []);
});

test("kubectl finds the patch of deployments, its parameters and its merge keys", () => {
  const document = openApiV3(kinds, "apps", "v1");
  const patch = dig(document, "paths", "/apis/apps/v1/namespaces/{namespace}/deployments/{name}", "patch");
  assert.deepEqual(dig(patch, "x-kubernetes-group-version-kind"), { group: "apps", version: "v1", kind: "Deployment" });
  assert.ok(dig(patch, "requestBody", "content", "application/strategic-merge-patch+json"));
  const names = (dig(patch, "parameters") as readonly { readonly name: string; readonly in: string }[]).map(
    (one) => `${one.in}:${one.name}`,
  );
  for (const name of ["dryRun", "fieldManager", "fieldValidation"]) assert.ok(names.includes(`query:${name}`), name);
  const ports = dig(document, "components", "schemas", "io.k8s.api.core.v1.Container", "properties", "ports");
  assert.deepEqual(ports, {
    type: "array",
    items: { $ref: "#/components/schemas/io.k8s.api.core.v1.ContainerPort" },
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["containerPort", "protocol"],
    "x-kubernetes-patch-merge-key": "containerPort",
    "x-kubernetes-patch-strategy": "merge",
  });
  const volumes = dig(
    document,
    "components",
    "schemas",
    "io.k8s.api.core.v1.PodSpec",
    "properties",
    "volumes",
    "x-kubernetes-patch-strategy",
  );
  assert.equal(volumes, "merge,retainKeys");
});
