/** PodTemplate: apiVersion, kind, metadata and template are kept, defaulted, checked and printed as upstream's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkObject, validateObject } from "#kinds/rules/check.ts";
import { type PodTemplate, podTemplateKind } from "./pod-template.ts";

function read(template: object): PodTemplate {
  const document = JSON.parse(
    JSON.stringify({ apiVersion: "v1", kind: "PodTemplate", metadata: { name: "t", namespace: "default" }, template }),
  );
  return checkObject(podTemplateKind, document, { strict: true }).object;
}

test("a template is defaulted as a pod's and printed with its labels", () => {
  const object = read({ metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "web:1" }] } });
  assert.equal(object.template?.spec?.restartPolicy, "Always");
  assert.deepEqual(validateObject(podTemplateKind, object, null), []);
  assert.deepEqual(
    podTemplateKind.columns.map((column) => column.cell(object, 0)),
    ["c", "web:1", "app=web"],
  );
});

test("a template without containers is refused", () =>
  assert.deepEqual(
    validateObject(podTemplateKind, read({ spec: { containers: [] } }), null).map(({ field }) => field),
    ["template.spec.containers"],
  ));
