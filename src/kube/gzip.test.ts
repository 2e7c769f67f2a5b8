/** When an answer may be packed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptsGzip } from "./gzip.ts";

const cases: readonly (readonly [accepted: string | undefined, answer: boolean])[] = [
  [undefined, false],
  ["", false],
  ["gzip", true],
  ["deflate, gzip, br", true],
  ["gzip;q=0.5", true],
  ["gzip;q=0", false],
  ["gzip; q=0.0", false],
  ["deflate", false],
  ["x-gzip", false],
];

for (const [accepted, answer] of cases)
  test(`Accept-Encoding ${accepted ?? "missing"}: ${answer ? "packed" : "plain"}`, () =>
    assert.equal(acceptsGzip(accepted), answer));
