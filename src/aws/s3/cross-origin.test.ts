/** Which rule lets a page of another origin pass, and with which headers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BucketCorsRule } from "#kinds/catamaran/bucket.ts";
import { crossOriginHeaders } from "./cross-origin.ts";

const rule: BucketCorsRule = {
  allowedOrigins: ["https://*.example.com", "http://localhost:3000"],
  allowedMethods: ["GET", "PUT"],
  allowedHeaders: ["x-amz-*", "Content-Type"],
  exposeHeaders: ["ETag"],
  maxAgeSeconds: 30,
};
const asked = { origin: "https://a.example.com", method: "PUT", headers: ["content-type", "x-amz-date"] };

test("a preflight that a rule lets pass says what it lets pass", () => {
  assert.deepEqual(crossOriginHeaders([rule], asked, true), {
    "access-control-allow-origin": "https://a.example.com",
    "access-control-allow-methods": "GET, PUT",
    "access-control-allow-headers": "content-type, x-amz-date",
    "access-control-expose-headers": "ETag",
    "access-control-max-age": "30",
    "access-control-allow-credentials": "true",
    vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
  });
});

for (const [title, other] of [
  ["another origin", { origin: "https://example.com" }],
  ["another method", { method: "DELETE" }],
  ["another header", { headers: ["authorization"] }],
] as const)
  test(`no rule lets ${title} pass`, () =>
    assert.equal(crossOriginHeaders([rule], { ...asked, ...other }, true), null));

test("for all origins there are no credentials", () => {
  const headers = crossOriginHeaders(
    [{ allowedOrigins: ["*"], allowedMethods: ["GET"] }],
    { ...asked, method: "GET", headers: [] },
    false,
  );
  assert.equal(headers?.["access-control-allow-origin"], "*");
  assert.equal(headers["access-control-allow-credentials"], undefined);
});

for (const method of ["DELETE", "GET", "HEAD", "POST", "PUT"] as const)
  test(`${method} passes where it is allowed`, () => {
    const rules: readonly BucketCorsRule[] = [{ allowedOrigins: ["*"], allowedMethods: [method] }];
    assert.notEqual(crossOriginHeaders(rules, { origin: "http://a", method, headers: [] }, false), null);
  });
