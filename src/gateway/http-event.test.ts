/** Events of HTTP APIs and function URLs, by API Gateway's payload formats. */
import assert from "node:assert/strict";
import test from "node:test";
import { type EdgeRequest, eventV1, eventV2, type EventRoute } from "./http-event.ts";

const REQUEST: EdgeRequest = {
  method: "POST",
  path: "/users/J%C3%BCrg",
  query: "a=1&b=2&a=3",
  headers: new Map([
    ["host", ["x.execute-api.localhost"]],
    ["cookie", ["k=v; l=w"]],
    ["content-type", ["application/json"]],
    ["user-agent", ["test"]],
    ["x-two", ["1", "2"]],
  ]),
  body: Buffer.from('{"x":1}'),
  sourceIp: "127.0.0.1",
  requestId: "id",
  atMs: Date.UTC(2026, 10, 23, 5, 4, 3),
};
const ROUTE: EventRoute = {
  front: "http-api",
  routeKey: "POST /users/{id}",
  stage: "$default",
  apiId: "x",
  accountId: "000000000000",
  domainName: "x.execute-api.localhost",
  parameters: new Map([["id", "Jürg"]]),
};

type Event = Readonly<Record<string, unknown>> & {
  readonly requestContext: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
};

test("payload format 2.0", () => {
  const event = eventV2(REQUEST, ROUTE) as Event;
  assert.deepEqual(
    [event["version"], event["routeKey"], event["rawPath"], event["rawQueryString"]],
    ["2.0", "POST /users/{id}", "/users/Jürg", "a=1&b=2&a=3"],
  );
  assert.deepEqual(
    [event["cookies"], event["queryStringParameters"], event["pathParameters"]],
    [["k=v", "l=w"], { a: "1,3", b: "2" }, { id: "Jürg" }],
  );
  assert.deepEqual([event["body"], event["isBase64Encoded"], event.headers["cookie"]], ['{"x":1}', false, undefined]);
  assert.equal(event.headers["x-two"], "1,2");
  assert.deepEqual(
    [event.requestContext["time"], event.requestContext["timeEpoch"]],
    ["23/Nov/2026:05:04:03 +0000", REQUEST.atMs],
  );
});

test("a function URL has the path as it was sent beside the decoded one, and the caller that signed", () => {
  const caller = { accessKey: "AKIA", accountId: "1", callerId: "c", userArn: "arn", userId: "u" };
  const event = eventV2(REQUEST, { ...ROUTE, front: "function-url", authorized: { is: "iam", caller } }) as Event;
  assert.equal(event["rawPath"], "/users/J%C3%BCrg");
  assert.equal((event.requestContext["http"] as { readonly path: string }).path, "/users/Jürg");
  assert.deepEqual(event.requestContext["authorizer"], {
    iam: { ...caller, cognitoIdentity: null, principalOrgId: null },
  });
  const open = eventV2(REQUEST, { ...ROUTE, front: "function-url" }) as Event;
  assert.deepEqual([open.requestContext["accountId"], open.requestContext["authorizer"]], ["anonymous", undefined]);
});

test("payload format 1.0 keeps several values of one name", () => {
  const event = eventV1(REQUEST, ROUTE) as Event & {
    readonly multiValueHeaders: Readonly<Record<string, readonly string[]>>;
  };
  assert.deepEqual(
    [event["resource"], event["httpMethod"], event["queryStringParameters"], event["multiValueQueryStringParameters"]],
    ["/users/{id}", "POST", { a: "3", b: "2" }, { a: ["1", "3"], b: ["2"] }],
  );
  assert.deepEqual([event.headers["x-two"], event.multiValueHeaders["x-two"]], ["2", ["1", "2"]]);
});

const bodies: readonly (readonly [
  title: string,
  type: string | null,
  body: Buffer,
  isText: boolean,
  coded?: string,
])[] = [
  ["JSON", "application/json", Buffer.from('{"ü":1}'), true],
  ["text in UTF-8", "text/plain; charset=utf-8", Buffer.from("Grüße"), true],
  ["a kind of JSON", "application/vnd.api+json", Buffer.from("{}"), true],
  ["text that is no UTF-8", "text/plain", Buffer.from([0x47, 0xfc]), false],
  ["compressed JSON", "application/json", Buffer.from([0x1f, 0x8b, 0]), false, "gzip"],
  ["compressed, though it would be text", "text/plain", Buffer.from("abc"), false, "br"],
  ["a form", "application/x-www-form-urlencoded", Buffer.from("a=1"), false],
  ["an image", "image/png", Buffer.from([0xff, 0]), false],
  ["no type at all", null, Buffer.from("a"), false],
];
for (const [title, type, body, isText, coded] of bodies)
  test(`a body arrives byte for byte: ${title}`, () => {
    const headers = new Map<string, string[]>();
    if (type !== null) headers.set("content-type", [type]);
    if (coded !== undefined) headers.set("content-encoding", [coded]);
    for (const eventOf of [eventV1, eventV2]) {
      const event = eventOf({ ...REQUEST, headers, body }, ROUTE);
      assert.equal(event["isBase64Encoded"], !isText);
      assert.deepEqual(Buffer.from(event["body"] as string, isText ? "utf8" : "base64"), body);
    }
  });

test("no query name is special", () => {
  const request = { ...REQUEST, query: "__proto__=a&toString=b&constructor=c&__proto__=d" };
  const { queryStringParameters: query } = JSON.parse(JSON.stringify(eventV2(request, ROUTE))) as Event & {
    readonly queryStringParameters: object;
  };
  assert.deepEqual(Object.entries(query), [
    ["__proto__", "a,d"],
    ["toString", "b"],
    ["constructor", "c"],
  ]);
});
