/** Every operator, with its qualifiers, on keys that are there, several times there, or missing. */
import assert from "node:assert/strict";
import test from "node:test";
import { conditionOf, holds } from "./condition.ts";

type Given = readonly string[] | undefined;
const NONE: Given = undefined;

const cases: readonly (readonly [operator: string, values: readonly string[], given: Given, isMet: boolean | null])[] =
  [
    ["StringEquals", ["a", "b"], ["b"], true],
    ["StringEquals", ["a"], ["A"], false],
    ["StringEquals", ["a*"], ["ab"], false],
    ["StringEquals", ["a"], NONE, false],
    ["StringEquals", ["${aws:username}"], ["ann"], true],
    ["StringEquals", ["${aws:nothing}"], ["ann"], false],
    ["StringEquals", ["${aws:nothing,'ann'}"], ["ann"], true],
    ["StringEquals", ["${*}"], ["*"], true],
    ["StringNotEquals", ["a", "b"], ["c"], true],
    ["StringNotEquals", ["a", "b"], ["b"], false],
    ["StringNotEquals", ["a"], NONE, true],
    ["StringNotEquals", ["${aws:nothing}"], ["ann"], null],
    ["StringEqualsIgnoreCase", ["ANN"], ["ann"], true],
    ["StringNotEqualsIgnoreCase", ["ANN"], ["ann"], false],
    ["StringLike", ["a*z"], ["abcz"], true],
    ["StringLike", ["a*z"], ["abczy"], false],
    ["StringLike", ["a?c"], ["abc"], true],
    ["StringLike", ["a?c"], ["ac"], false],
    ["StringLike", ["a${*}c"], ["abc"], false],
    ["StringNotLike", ["a*"], ["b"], true],
    ["stringlike", ["A*"], ["ABC"], true],
    ["NumericEquals", ["10"], ["10.0"], true],
    ["NumericNotEquals", ["10"], ["11"], true],
    ["NumericLessThan", ["10"], ["9"], true],
    ["NumericLessThan", ["10"], ["10"], false],
    ["NumericLessThanEquals", ["10"], ["10"], true],
    ["NumericGreaterThan", ["10"], ["9"], false],
    ["NumericGreaterThanEquals", ["10"], ["10"], true],
    ["NumericLessThan", ["10"], ["few"], false],
    ["DateLessThan", ["2026-01-01T00:00:00Z"], ["2025-12-31T23:59:59Z"], true],
    ["DateGreaterThan", ["2026-01-01"], ["1767225601"], true],
    ["DateGreaterThan", ["2026-01-01"], ["soon"], false],
    ["DateEquals", ["1767225600"], ["2026-01-01T00:00:00Z"], true],
    ["DateLessThanEquals", ["1767225600"], ["2026-01-01T00:00:01Z"], false],
    ["DateGreaterThanEquals", ["1767225600"], ["2026-01-01T00:00:00Z"], true],
    ["DateNotEquals", ["1767225600"], ["2026-01-01T00:00:00Z"], false],
    ["Bool", ["true"], ["True"], true],
    ["Bool", ["true"], NONE, false],
    ["BoolIfExists", ["true"], NONE, true],
    ["BinaryEquals", ["QUJD"], ["QUJD"], true],
    ["IpAddress", ["203.0.113.0/24"], ["203.0.113.9"], true],
    ["IpAddress", ["203.0.113.0/24"], ["203.0.114.9"], false],
    ["IpAddress", ["203.0.113.9"], ["203.0.113.9"], true],
    ["IpAddress", ["127.0.0.0/8"], ["::ffff:127.0.0.1"], true],
    ["IpAddress", ["2001:db8::/32"], ["2001:db8:1::1"], true],
    ["IpAddress", ["2001:db8::/32"], ["2001:db9::1"], false],
    ["IpAddress", ["0.0.0.0/0"], ["::1"], false],
    ["IpAddress", ["127.0.0.1/33"], ["127.0.0.1"], false],
    ["NotIpAddress", ["203.0.113.0/24"], ["8.8.8.8"], true],
    ["NotIpAddress", ["203.0.113.0/24"], NONE, true],
    ["ArnEquals", ["arn:aws:sns:*:111111111111:*"], ["arn:aws:sns:us-east-1:111111111111:news"], true],
    // A star stays within its part of the ARN.
    ["ArnLike", ["arn:aws:sns:*:news"], ["arn:aws:sns:us-east-1:111111111111:news"], false],
    ["ArnLike", ["arn:aws:iam::*:role/x"], ["arn:aws:iam::222222222222:role/x"], true],
    ["ArnLike", ["arn:aws:s3:::b/${aws:username}/*"], ["arn:aws:s3:::b/ann/x"], true],
    ["ArnLike", ["*"], ["arn:aws:s3:::b"], true],
    ["ArnLike", ["arn:aws:s3:::b"], ["b"], false],
    ["ArnNotLike", ["arn:aws:sns:*:*:a"], ["arn:aws:sns:us-east-1:1:b"], true],
    ["ArnNotEquals", ["arn:aws:sns:*:*:a"], ["arn:aws:sns:us-east-1:1:a"], false],
    ["Null", ["true"], NONE, true],
    ["Null", ["true"], ["a"], false],
    ["Null", ["false"], ["a"], true],
    ["StringEqualsIfExists", ["a"], NONE, true],
    ["StringEqualsIfExists", ["a"], ["b"], false],
    ["StringEquals", ["a", "b"], ["c", "a"], true],
    ["StringNotEquals", ["a"], ["c", "a"], false],
    ["ForAllValues:StringEquals", ["a", "b"], ["a", "b"], true],
    ["ForAllValues:StringEquals", ["a", "b"], ["a", "c"], false],
    ["ForAllValues:StringEquals", ["a"], NONE, true],
    ["ForAllValues:StringNotEquals", ["a"], ["b", "c"], true],
    ["ForAllValues:StringNotEquals", ["a"], ["b", "a"], false],
    ["ForAnyValue:StringEquals", ["a", "b"], ["c", "b"], true],
    ["ForAnyValue:StringEquals", ["a"], NONE, false],
    ["ForAnyValue:StringNotEquals", ["a"], ["a", "b"], true],
    ["ForAnyValue:StringNotEquals", ["a"], NONE, false],
    ["ForAnyValue:StringLikeIfExists", ["a*"], NONE, true],
  ];

for (const [operator, values, given, isMet] of cases) {
  test(`${operator} ${values.join(" ")}: ${given?.join(" ") ?? "nothing"} is ${String(isMet)}`, () => {
    const condition = conditionOf(operator, "aws:Key", { values, hasVariables: true });
    assert.ok(condition);
    const keys = new Map<string, Given>([
      ["aws:key", given],
      ["aws:username", ["ann"]],
    ]);
    assert.equal(
      holds(condition, (key) => keys.get(key)),
      isMet,
    );
  });
}

for (const operator of ["StringEqual", "NullIfExists", "ForEach:StringEquals", "", "constructor"]) {
  test(`there is no operator "${operator}"`, () => {
    assert.equal(conditionOf(operator, "aws:Key", { values: ["a"], hasVariables: true }), null);
  });
}
