/** Cross-origin rules as browsers meet them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cors } from "#kinds/catamaran/cors.ts";
import { preflight, withCors } from "./cors.ts";

const TWO: Cors = { allowOrigins: ["http://a", "http://b"], allowMethods: ["GET"], allowHeaders: ["x-a"], maxAge: 60 };

const preflights: readonly (readonly [string, Cors, string | undefined, Readonly<Record<string, string>> | null])[] = [
  [
    "the origin that asks is the one that is said",
    TWO,
    "http://b",
    {
      "access-control-allow-origin": "http://b",
      vary: "origin",
      "access-control-allow-methods": "GET",
      "access-control-allow-headers": "x-a",
      "access-control-max-age": "60",
    },
  ],
  ["another origin learns nothing", TWO, "http://c", {}],
  ["without an origin it is no preflight", TWO, undefined, null],
  [
    "stars",
    { allowOrigins: ["*"], allowMethods: ["*"], allowHeaders: ["*"] },
    "http://z",
    {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "PUT",
      "access-control-allow-headers": "authorization",
    },
  ],
  [
    "every origin of a scheme, with credentials",
    { allowOrigins: ["https://*"], allowCredentials: true },
    "https://z",
    { "access-control-allow-origin": "https://z", vary: "origin", "access-control-allow-credentials": "true" },
  ],
  ["a scheme is not another", { allowOrigins: ["https://*"] }, "http://z", {}],
];
for (const [title, cors, origin, wanted] of preflights)
  test(`preflight: ${title}`, () =>
    assert.deepEqual(
      preflight(cors, { method: "OPTIONS", origin, wantedMethod: "PUT", wantedHeaders: "authorization" }),
      wanted,
    ));

test("OPTIONS without a wanted method is a request like any other", () =>
  assert.equal(
    preflight(TWO, { method: "OPTIONS", origin: "http://a", wantedMethod: undefined, wantedHeaders: undefined }),
    null,
  ));

test("an answer says what the API says, not what the function said", () => {
  const headers = new Map([
    ["access-control-allow-origin", ["*"]],
    ["vary", ["accept"]],
  ]);
  withCors({ ...TWO, exposeHeaders: ["x-b"] }, "http://a", headers);
  assert.deepEqual(Object.fromEntries(headers), {
    "access-control-allow-origin": ["http://a"],
    vary: ["accept", "origin"],
    "access-control-expose-headers": ["x-b"],
  });
  withCors(TWO, "http://c", headers);
  assert.equal(headers.has("access-control-allow-origin"), false);
});
