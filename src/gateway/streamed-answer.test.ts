/** Streams of functions as answers: with a head of their own or without, in whatever pieces it comes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { streamedAnswer } from "./streamed-answer.ts";

const HTTP = "application/vnd.awslambda.http-integration-response";
const HEAD = '{"statusCode":201,"headers":{"X-A":"b"},"cookies":["c=d"]}';
const ZEROS = "\0".repeat(8);

async function* listed(texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text, "latin1");
}

async function answered(contentType: string | null, ...texts: readonly string[]): Promise<unknown> {
  const answer = await streamedAnswer({ contentType, requestId: "r", isCold: false, pieces: listed(texts) });
  if (answer === "malformed") return answer;
  const body = Buffer.concat(await Array.fromAsync(answer.pieces)).toString("latin1");
  return [answer.status, Object.fromEntries(answer.headers), body];
}

const withHead = [201, { "x-a": ["b"], "set-cookie": ["c=d"], "content-type": ["application/octet-stream"] }, "body"];

const cases: readonly (readonly [title: string, type: string | null, texts: readonly string[], expected: unknown])[] = [
  ["a stream without a head", "text/plain", ["a", "b"], [200, { "content-type": ["text/plain"] }, "ab"]],
  [
    "a response that came whole",
    null,
    ['{"statusCode":500}'],
    [200, { "content-type": ["application/json"] }, '{"statusCode":500}'],
  ],
  ["a head and a body in one piece", HTTP, [`${HEAD}${ZEROS}body`], withHead],
  ["a head in many pieces", HTTP, `${HEAD}${ZEROS}body`.split(""), withHead],
  [
    "a head without a status",
    HTTP,
    [`{"headers":{"content-type":"text/html"}}${ZEROS}`],
    [200, { "content-type": ["text/html"] }, ""],
  ],
  ["a head that is no JSON", HTTP, [`<html>${ZEROS}`], "malformed"],
  ["a head that never ends", HTTP, ["x".repeat(40_000), "x".repeat(40_000), "x"], "malformed"],
  ["a stream that ends before its head does", HTTP, [HEAD], "malformed"],
  ["a header that cannot be sent", HTTP, [`{"headers":{"a":"b\\r\\nc"}}${ZEROS}`], "malformed"],
];
for (const [title, type, texts, expected] of cases)
  test(title, async () => assert.deepEqual(await answered(type, ...texts), expected));
