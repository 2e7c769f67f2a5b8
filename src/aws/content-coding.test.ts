/** Which compression a client likes best: the cases that DynamoDB was seen to decide. */
import assert from "node:assert/strict";
import test from "node:test";
import { chosenCoding } from "./content-coding.ts";

const cases: readonly (readonly [accepts: string, chosen: string | null])[] = [
  ["", null],
  ["identity", null],
  ["br", null],
  ["x-gzip", null],
  ["gzip, deflate", "gzip"],
  ["br, identity, deflate, gzip", "deflate"],
  ["GZIP, identity", "gzip"],
  ["dog, gzip ,, cat", "gzip"],
  ["gzip;q=0.8, deflate;q=0.5", "gzip"],
  ["br, gzip;q=0, deflate; q = 0.5 , identity;q=0", "deflate"],
  ["*", "gzip"],
  ["*, deflate;q=0.5", "gzip"],
  ["*, deflate", "deflate"],
  ["*, gzip;q=0.5", "deflate"],
  ["gzip ;q=0", null],
  ["*;q=0", null],
  ["*;q=0.5,identity", "gzip"],
  ['"gzip"', null],
];
for (const [accepts, chosen] of cases)
  test(`"${accepts}" is answered with ${chosen ?? "no compression"}`, () =>
    assert.equal(chosenCoding(accepts), chosen));
