/** Each fault as the Status that clients read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault, type FaultCode, unsupported } from "#base/fault.ts";
import { statusOf } from "./status.ts";

const codes: readonly (readonly [FaultCode, number, string])[] = [
  ["BadRequest", 400, "BadRequest"],
  ["Unsupported", 400, "BadRequest"],
  ["Unauthorized", 401, "Unauthorized"],
  ["Forbidden", 403, "Forbidden"],
  ["NotFound", 404, "NotFound"],
  ["MethodNotAllowed", 405, "MethodNotAllowed"],
  ["NotAcceptable", 406, "NotAcceptable"],
  ["AlreadyExists", 409, "AlreadyExists"],
  ["Conflict", 409, "Conflict"],
  ["Expired", 410, "Expired"],
  ["Gone", 410, "Gone"],
  ["RequestTooLarge", 413, "RequestEntityTooLarge"],
  ["UnsupportedMediaType", 415, "UnsupportedMediaType"],
  ["Invalid", 422, "Invalid"],
  ["TooManyRequests", 429, "TooManyRequests"],
  ["InternalError", 500, "InternalError"],
  ["Unavailable", 503, "ServiceUnavailable"],
  ["Timeout", 504, "Timeout"],
];

for (const [fault, code, reason] of codes) {
  test(`${fault} is ${code} ${reason}`, () => {
    const status = statusOf(new Fault(fault, "because"));
    assert.equal(status.code, code);
    assert.deepEqual(status.body, {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: "because",
      reason,
      details: {},
      code,
    });
  });
}

test("details carry what is known, and nothing else", () => {
  const causes = [{ reason: "FieldValueRequired", field: "spec.x", message: "Required value" }] as const;
  const { body } = statusOf(
    new Fault("Invalid", "no", { group: "apps", kind: "deployments", name: "web", causes, retryAfterSeconds: 2 }),
  );
  assert.deepEqual(body["details"], {
    name: "web",
    group: "apps",
    kind: "deployments",
    causes: [{ reason: "FieldValueRequired", message: "Required value", field: "spec.x" }],
    retryAfterSeconds: 2,
  });
});

test("an expired list says how the rest can be had", () =>
  assert.deepEqual(statusOf(new Fault("Expired", "old", { continueToken: "abc" })).body["metadata"], {
    continue: "abc",
  }));

test("what is no fault is an internal error", () => assert.equal(statusOf(new RangeError("oops")).code, 500));

test("what is refused by name is a bad request", () =>
  assert.match(JSON.stringify(statusOf(unsupported("CBOR")).body), /"message":"CBOR is not supported/));
