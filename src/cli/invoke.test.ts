/** What `catamaran invoke` sends and says, without a platform. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { invoke } from "./commands/invoke.ts";
import { logWords, sampleText } from "./invoke.ts";
import { samples } from "./sample-events.ts";

const about = { region: "us-east-1", accountId: "000000000000", time: "2026-11-27T10:00:00.000Z" };

test("every sample is offered by completion, and is JSON", () => {
  assert.deepEqual(invoke.options["sample"]?.complete, Object.keys(samples));
  for (const name of Object.keys(samples)) assert.equal(typeof JSON.parse(sampleText(name, about)), "object", name);
});

test("samples are of this account and region, and of now", () => {
  const [record] = (JSON.parse(sampleText("sqs", about)) as { readonly Records: readonly object[] }).Records;
  assert.ok(record !== undefined && "eventSourceARN" in record);
  assert.equal(record.eventSourceARN, "arn:aws:sqs:us-east-1:000000000000:sample");
  assert.equal((JSON.parse(sampleText("schedule", about)) as { readonly time: string }).time, about.time);
});

test("a sample that there is not is refused with those that there are", () => {
  for (const name of ["moon", "__proto__", "toString"])
    assert.throws(() => sampleText(name, about), { code: "BadRequest", message: /one of http, rest, sqs/ });
});

test("a log cannot command the terminal", () => {
  const words = logWords({ version: "3", logTail: "START\n\u001b[2Jevil\n" });
  assert.ok(!words.includes("\u001b"));
  assert.ok(words.startsWith("--- log of version 3\nSTART\n"));
});
