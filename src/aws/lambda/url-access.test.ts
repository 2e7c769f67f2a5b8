/** Function URLs with AWS_IAM: signed by somebody who may, or Forbidden. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { AwsError } from "../aws-error.ts";
import { callers } from "../credentials.ts";
import { sha256Hex, signedHeaders } from "../sign.ts";
import { type UrlCall, urlAccess } from "./url-access.ts";

const NOW = Date.UTC(2026, 10, 23);
const ROOT = { accessKeyId: "AKIAROOT", secretAccessKey: "secret", accountId: "000000000000" };
const BODY = new TextEncoder().encode("{}");

function signed(service: string, secretAccessKey = ROOT.secretAccessKey): UrlCall {
  const request = { method: "POST", path: "/_functions/default/f/a", query: "", headers: { host: "127.0.0.1:8080" } };
  const caller = { ...ROOT, secretAccessKey };
  const headers = signedHeaders({ ...request, body: BODY }, caller, { region: "us-east-1", service }, NOW);
  return { ...request, headers, bodySha256: sha256Hex(BODY), name: "f" };
}

const mayNot = async (): Promise<void> => {
  throw new AwsError("AccessDeniedException", 403, "User: … is not authorized");
};

function asked(call: UrlCall, authorize = async (): Promise<void> => {}): ReturnType<ReturnType<typeof urlAccess>> {
  const { accountId } = ROOT;
  return urlAccess({
    findCaller: callers(ROOT),
    authorize,
    region: "us-east-1",
    accountId,
    clock: new FakeClock(NOW),
  })(call);
}

test("whoever signs and may is let in, and the function learns who it is", async () => {
  assert.deepEqual(await asked(signed("lambda")), {
    is: "allowed",
    caller: {
      accessKey: "AKIAROOT",
      accountId: "000000000000",
      callerId: "000000000000",
      userArn: "arn:aws:iam::000000000000:root",
      userId: "000000000000",
    },
  });
});

const refused: readonly (readonly [title: string, call: UrlCall, code: string, message: RegExp])[] = [
  ["unsigned", { ...signed("lambda"), headers: { host: "h" } }, "AccessDeniedException", /^Forbidden$/],
  ["another body", { ...signed("lambda"), bodySha256: sha256Hex("x") }, "InvalidSignatureException", /does not match/],
  [
    "another path",
    { ...signed("lambda"), path: "/_functions/default/g/a" },
    "InvalidSignatureException",
    /does not match/,
  ],
  ["another key", signed("lambda", "guess"), "InvalidSignatureException", /does not match/],
  ["for another service", signed("dynamodb"), "InvalidSignatureException", /./],
];
for (const [title, call, code, message] of refused)
  test(`refused: ${title}`, async () => {
    const access = await asked(call);
    assert.ok(access.is === "refused");
    assert.deepEqual([access.status, access.code], [403, code]);
    assert.match(access.message, message);
  });

test("refused: signed by somebody who may not invoke it", async () => {
  const access = await asked(signed("lambda"), mayNot);
  assert.deepEqual(access, { is: "refused", status: 403, code: "AccessDeniedException", message: "Forbidden" });
});
