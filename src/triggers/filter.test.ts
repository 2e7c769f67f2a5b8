/** The table of Lambda's documentation: a plain text or JSON as the body, a pattern for the one or the other, or for neither. */
import assert from "node:assert/strict";
import test from "node:test";
import { filterOf } from "./filter.ts";

const PLAIN = '{"body":["hello"]}';
const DATA = '{"body":{"kind":["order"]}}';
const SENDER = '{"attributes":{"SenderId":["me"]}}';

const cases = [
  ["a text and the same text", "hello", [PLAIN], true],
  ["a text and another", "bye", [PLAIN], false],
  ["a text and a pattern of JSON", "hello", [DATA], false],
  ["JSON and a pattern of it", '{"kind":"order"}', [DATA], true],
  ["JSON and a pattern of other JSON", '{"kind":"offer"}', [DATA], false],
  ["JSON and a pattern of text", '{"kind":"order"}', [PLAIN], false],
  ["one of two patterns", "hello", [DATA, PLAIN], true],
  ["a pattern of something else than the body", "anything", [SENDER], true],
  ["no pattern", "anything", [], true],
] as const;
for (const [title, body, patterns, isWanted] of cases)
  test(`${isWanted ? "wants" : "does not want"} ${title}`, () =>
    assert.equal(filterOf(patterns)({ body, attributes: { SenderId: "me" } }), isWanted));
