/** Results of functions as HTTP answers, and what the fronts say where there is none. */
import assert from "node:assert/strict";
import test from "node:test";
import { answerOf, type EdgeAnswer, failureAnswer, type Failure, type Front } from "./http-answer.ts";

function answer(payload: unknown, format: "1.0" | "2.0" = "2.0", front: Front = "http-api"): EdgeAnswer | "malformed" {
  return answerOf(Buffer.from(JSON.stringify(payload)), { front, format });
}

const whole: readonly {
  readonly title: string;
  readonly payload: unknown;
  readonly format?: "1.0" | "2.0";
  readonly front?: Front;
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, readonly string[]>>;
}[] = [
  {
    title: "a whole answer",
    payload: { statusCode: 201, headers: { "X-A": "b", "Content-Type": "text/html" }, body: "<p>" },
    status: 201,
    body: "<p>",
    headers: { "content-type": ["text/html"], "x-a": ["b"] },
  },
  {
    title: "a base64 body",
    payload: { statusCode: 200, body: "aGk=", isBase64Encoded: true },
    status: 200,
    body: "hi",
    headers: { "content-type": ["text/plain;charset=utf-8"] },
  },
  {
    title: "a function URL's type is JSON unless said otherwise",
    payload: { statusCode: 200, body: "hi" },
    front: "function-url",
    status: 200,
    body: "hi",
    headers: { "content-type": ["application/json"] },
  },
  {
    title: "2.0 infers a JSON answer",
    payload: { hi: 1 },
    status: 200,
    body: '{"hi":1}',
    headers: { "content-type": ["application/json"] },
  },
  { title: "2.0 infers a text", payload: "hi", status: 200, body: "hi" },
  {
    title: "cookies stand beside a Set-Cookie header",
    payload: { statusCode: 200, cookies: ["a=1", "b=2"], headers: { "Set-Cookie": "c=3" } },
    status: 200,
    body: "",
    headers: { "set-cookie": ["c=3", "a=1", "b=2"], "content-type": ["application/json"] },
  },
  {
    title: "several values of a header",
    payload: { statusCode: 200, multiValueHeaders: { "X-M": ["1", "2"] } },
    format: "1.0",
    status: 200,
    body: "",
    headers: { "x-m": ["1", "2"], "content-type": ["application/json"] },
  },
];
for (const { title, payload, format, front, status, body, headers } of whole)
  test(`answer: ${title}`, () => {
    const found = answer(payload, format, front);
    assert.ok(found !== "malformed");
    assert.equal(found.status, status);
    assert.equal(Buffer.from(found.body).toString(), body);
    if (headers !== undefined) assert.deepEqual(Object.fromEntries(found.headers), headers);
  });

const malformed: readonly (readonly [string, unknown, ("1.0" | "2.0")?])[] = [
  ["1.0 demands a status", { hi: 1 }, "1.0"],
  ["a status that is none", { statusCode: "abc" }],
  ["a status that ends nothing", { statusCode: 100 }],
  ["a switch of protocols", { statusCode: 101 }],
  ["a status beyond those there are", { statusCode: 600 }],
  ["a header that would begin another", { statusCode: 200, headers: { "x-a": "b\r\nset-cookie: c=1" } }],
  ["a header name that is none", { statusCode: 200, headers: { "x a": "b" } }],
];
for (const [title, payload, format] of malformed)
  test(`malformed: ${title}`, () => assert.equal(answer(payload, format), "malformed"));

test("what is no JSON is nobody's answer", () =>
  assert.equal(answerOf(Buffer.from("{oops"), { front: "http-api", format: "2.0" }), "malformed"));

const failures: readonly (readonly [Front, Failure, number, string])[] = [
  ["http-api", "failed", 500, '{"message":"Internal Server Error"}'],
  ["http-api", "gone", 500, '{"message":"Internal Server Error"}'],
  ["http-api", "too slow", 503, '{"message":"Service Unavailable"}'],
  ["http-api", "too large", 413, '{"message":"Request Entity Too Large"}'],
  ["http-api", "throttled", 429, '{"message":"Too Many Requests"}'],
  ["function-url", "failed", 502, "Internal Server Error"],
  ["function-url", "malformed", 502, "Internal Server Error"],
  ["function-url", "throttled", 429, '{"Message":"Rate Exceeded."}'],
  ["function-url", "forbidden", 403, '{"Message":"Forbidden"}'],
];
for (const [front, failure, status, body] of failures)
  test(`${front} ${failure}: ${status}`, () => {
    const said = failureAnswer(front, failure);
    assert.deepEqual([said.status, Buffer.from(said.body).toString()], [status, body]);
  });
