/** The committed models are what tools/gen-aws.ts makes of AWS's, and what they say can be read. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { botocoreData, fileOf, generateModel, listedServices } from "../../tools/gen-aws.ts";
import { wholly } from "./constraints.ts";
import type { Model } from "./model.ts";
import { operationOf } from "./operation.ts";

const data = botocoreData();

for (const service of listedServices()) {
  test(`the committed model of ${service} is current`, { skip: "missing" in data && data.missing }, async () => {
    assert.ok("folder" in data);
    assert.equal(readFileSync(fileOf(service), "utf8"), await generateModel(data.folder, service));
  });

  test(`the model of ${service} can be linked, and its patterns compile`, async () => {
    const { model } = (await import(`./${service}/model.gen.ts`)) as { readonly model: Model };
    for (const name of Object.keys(model.operations)) assert.equal(operationOf(model, name).name, name);
    for (const [name, shape] of Object.entries(model.shapes))
      if (shape.is === "string" && shape.pattern !== undefined)
        assert.doesNotThrow(() => wholly(shape.pattern ?? ""), `the pattern of ${name}`);
  });
}
