/** Who somebody is, asked over HTTP: the root, or a session of a role, whose id does not depend on its keys. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Call } from "../action.ts";
import { openBareDoor } from "../bare-door.ts";
import { getCallerIdentity } from "./get-caller-identity.ts";
import { stsService } from "./service.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const ASK = "Action=GetCallerIdentity&Version=2011-06-15";

test("GetCallerIdentity answers in XML", async () => {
  await using door = await openBareDoor([stsService("000000000000")]);
  const { status, headers, body } = await door.ask({ service: "sts", headers: FORM, body: ASK });
  assert.equal(status, 200);
  assert.equal(headers["content-type"], "text/xml");
  assert.equal(
    body.toString(),
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:root</Arn><UserId>000000000000</UserId><Account>000000000000</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>',
  );
});

test("GetCallerIdentity in the query of a GET, answered in JSON for who asks so", async () => {
  await using door = await openBareDoor([stsService("000000000000")]);
  const headers = { accept: "application/json" };
  const { body } = await door.ask({ service: "sts", method: "GET", query: ASK, headers });
  const { GetCallerIdentityResponse } = JSON.parse(body.toString());
  assert.equal(GetCallerIdentityResponse.GetCallerIdentityResult.Account, "000000000000");
});

const refusals: readonly (readonly [title: string, form: string, code: string])[] = [
  ["an action that there is not", "Action=Nothing", "InvalidAction"],
  ["a member that there is not", `${ASK}&Colour=red`, "ValidationError"],
];
for (const [title, body, code] of refusals) {
  test(`STS refuses ${title} with ${code}`, async () => {
    await using door = await openBareDoor([stsService("000000000000")]);
    const answer = await door.ask({ service: "sts", headers: FORM, body });
    assert.equal(answer.status, 400);
    assert.match(answer.body.toString(), new RegExp(`<Type>Sender</Type><Code>${code}</Code>`));
  });
}

async function userId(arn: string, accessKeyId: string): Promise<unknown> {
  const caller = { accessKeyId, secretAccessKey: "s", arn };
  const call: Call = { caller, requestId: "r", region: "us-east-1", now: 0, headers: {} };
  const output = await getCallerIdentity.run({ accountId: "000000000000" }, {}, call);
  return "UserId" in output ? output["UserId"] : null;
}

const session = (role: string, name: string): string => `arn:aws:sts::000000000000:assumed-role/${role}/${name}`;

test("two sessions of a role have its id, sessions of another one have not", async () => {
  const first = await userId(session("reader", "f"), "ASIA1");
  assert.match(String(first), /^AROA[0-9A-F]{17}:f$/);
  assert.equal(await userId(session("reader", "f"), "ASIA2"), first);
  assert.notEqual(await userId(session("writer", "f"), "ASIA1"), first);
});
