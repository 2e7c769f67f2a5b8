/** Events and responses of HTTP APIs and function URLs, by API Gateway's payload formats. */
import assert from "node:assert/strict";
import test from "node:test";
import { type EdgeRequest, eventV1, eventV2, type EventRoute, responseOf } from "./http-event.ts";

const REQUEST: EdgeRequest = {
  method: "POST",
  path: "/users/J%C3%BCrg",
  query: "a=1&b=2&a=3",
  headers: {
    host: "x.execute-api.localhost",
    cookie: "k=v; l=w",
    "content-type": "application/json",
    "user-agent": "test",
  },
  body: Buffer.from('{"x":1}'),
  sourceIp: "127.0.0.1",
  requestId: "id",
  atMs: Date.UTC(2026, 10, 23, 5, 4, 3),
};
const ROUTE: EventRoute = {
  routeKey: "POST /users/{id}",
  stage: "$default",
  apiId: "x",
  accountId: "000000000000",
  domainName: "x.execute-api.localhost",
  parameters: { id: "Jürg" },
};

test("payload format 2.0", () => {
  const event = eventV2(REQUEST, ROUTE) as Record<string, unknown> & {
    requestContext: Record<string, unknown>;
    headers: Record<string, string>;
  };
  assert.deepEqual(
    [event["version"], event["routeKey"], event["rawPath"], event["rawQueryString"]],
    ["2.0", "POST /users/{id}", "/users/Jürg", "a=1&b=2&a=3"],
  );
  assert.deepEqual(
    [event["cookies"], event["queryStringParameters"], event["pathParameters"]],
    [["k=v", "l=w"], { a: "1,3", b: "2" }, { id: "Jürg" }],
  );
  assert.deepEqual([event["body"], event["isBase64Encoded"], event.headers["cookie"]], ['{"x":1}', false, undefined]);
  assert.deepEqual(
    [event.requestContext["time"], event.requestContext["timeEpoch"]],
    ["23/Nov/2026:05:04:03 +0000", REQUEST.atMs],
  );
});

test("payload format 1.0 keeps several values of one name", () => {
  const event = eventV1(REQUEST, ROUTE);
  assert.deepEqual(
    [event["resource"], event["httpMethod"], event["queryStringParameters"], event["multiValueQueryStringParameters"]],
    ["/users/{id}", "POST", { a: "3", b: "2" }, { a: ["1", "3"], b: ["2"] }],
  );
});

test("a body that is no text travels as base64", () => {
  const event = eventV2({ ...REQUEST, headers: { "content-type": "image/png" }, body: Buffer.from([0xff, 0]) }, ROUTE);
  assert.deepEqual([event["body"], event["isBase64Encoded"]], ["/wA=", true]);
});

const responses: readonly {
  readonly title: string;
  readonly payload: unknown;
  readonly format: "1.0" | "2.0";
  readonly status: number | null;
  readonly body?: string;
  readonly type?: string;
}[] = [
  {
    title: "a whole response",
    payload: { statusCode: 201, headers: { "X-A": "b", "Content-Type": "text/html" }, body: "<p>" },
    format: "2.0",
    status: 201,
    body: "<p>",
    type: "text/html",
  },
  {
    title: "a base64 body",
    payload: { statusCode: 200, body: "aGk=", isBase64Encoded: true },
    format: "2.0",
    status: 200,
    body: "hi",
  },
  {
    title: "2.0 infers a JSON answer",
    payload: { hi: 1 },
    format: "2.0",
    status: 200,
    body: '{"hi":1}',
    type: "application/json",
  },
  { title: "2.0 infers a text", payload: "hi", format: "2.0", status: 200, body: "hi", type: "application/json" },
  { title: "1.0 demands a status", payload: { hi: 1 }, format: "1.0", status: null },
  { title: "a status that is none", payload: { statusCode: "abc" }, format: "2.0", status: null },
];
for (const { title, payload, format, status, body, type } of responses) {
  test(`response: ${title}`, () => {
    const response = responseOf(Buffer.from(JSON.stringify(payload)), format);
    assert.equal(response?.status ?? null, status);
    if (body !== undefined) assert.equal(Buffer.from(response?.body ?? []).toString(), body);
    if (type !== undefined) assert.equal(response?.headers["content-type"], type);
  });
}

test("cookies and several values of a header", () => {
  const response = responseOf(
    Buffer.from(JSON.stringify({ statusCode: 200, cookies: ["a=1", "b=2"], multiValueHeaders: { "X-M": ["1", "2"] } })),
    "2.0",
  );
  assert.deepEqual(
    [response?.headers["set-cookie"], response?.headers["x-m"]],
    [
      ["a=1", "b=2"],
      ["1", "2"],
    ],
  );
});

test("what is no JSON is nobody's response", () => assert.equal(responseOf(Buffer.from("{oops"), "2.0"), null));
