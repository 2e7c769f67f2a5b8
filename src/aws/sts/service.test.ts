/** Who somebody is: the root, or a session of a role, whose id does not depend on its keys. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Call } from "../action.ts";
import { stsService } from "./service.ts";

async function userId(arn: string, accessKeyId: string): Promise<string> {
  const [action] = stsService("000000000000").actions;
  const caller = { accessKeyId, secretAccessKey: "s", arn };
  const call: Call = { caller, requestId: "r", region: "us-east-1", now: 0, headers: {} };
  const { body } = (await action?.run({}, call)) ?? {};
  return /<UserId>(.*)<\/UserId>/.exec(String(body))?.[1] ?? "";
}

const session = (role: string, name: string): string => `arn:aws:sts::000000000000:assumed-role/${role}/${name}`;

test("the root's id is its account", async () => {
  assert.equal(await userId("arn:aws:iam::000000000000:root", "AKIA1"), "000000000000");
});

test("two sessions of a role have its id, sessions of another one have not", async () => {
  const first = await userId(session("reader", "f"), "ASIA1");
  assert.match(first, /^AROA[0-9A-F]{17}:f$/);
  assert.equal(await userId(session("reader", "f"), "ASIA2"), first);
  assert.notEqual(await userId(session("writer", "f"), "ASIA1"), first);
});
