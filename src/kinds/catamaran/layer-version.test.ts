/** LayerVersion and Layer: what their names and rules refuse. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "#base/json.ts";
import { checkObject, validateObject } from "#kinds/rules/check.ts";
import { layerKind, layerVersionKind } from "./layer-version.ts";

const spec = {
  layer: "tools",
  version: 2,
  code: { sha256: "00", size: 1 },
  description: "d",
  licenseInfo: "MIT",
  compatibleRuntimes: ["nodejs24.x"],
  compatibleArchitectures: ["arm64", "x86_64"],
};

function wrongIn(name: string, desired: JsonObject, live: JsonObject | null = null): string {
  const document = (of: JsonObject): JsonObject => ({
    apiVersion: "catamaran.dev/v1",
    kind: "LayerVersion",
    metadata: { name, namespace: "default" },
    spec: of,
  });
  const { object } = checkObject(layerVersionKind, document(desired), { strict: true });
  const before = live === null ? null : checkObject(layerVersionKind, document(live), { strict: true }).object;
  return validateObject(layerVersionKind, object, before)
    .map(({ message }) => message)
    .join();
}

test("a version of a layer has the name of both, and never changes but for its policy", () => {
  assert.equal(wrongIn("tools.2", spec), "");
  assert.match(wrongIn("tools.3", spec), /must be "tools\.2"/);
  assert.match(wrongIn("tools.2", { ...spec, licenseInfo: "other" }, spec), /never changes/);
  assert.equal(wrongIn("tools.2", { ...spec, policy: "{}" }, spec), "");
});

test("the name of a layer has no dot", () => {
  const metadata = { name: "a.b", namespace: "default" };
  const document = { apiVersion: "catamaran.dev/v1", kind: "Layer", metadata, spec: {} };
  const { object } = checkObject(layerKind, document, { strict: true });
  assert.match(validateObject(layerKind, object, null)[0]?.message ?? "", /letters, digits/);
});
