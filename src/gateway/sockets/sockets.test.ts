/** WebSocket APIs over real sockets: who comes, what is said, who goes, and what is said to clients from outside. */
import assert from "node:assert/strict";
import { once } from "node:events";
import test, { after, before } from "node:test";
import { WebSocket } from "ws";
import { FakeClock } from "#deck/fake-clock.ts";
import type { HttpApiSpec } from "#kinds/catamaran/http-api.ts";
import { webSocketApiKind } from "#kinds/catamaran/web-socket-api.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { openSampleEdge, type SampleEdge } from "../sample-edge.ts";

let edge: SampleEdge;
const seen: Readonly<Record<string, unknown>>[] = [];
before(async () => {
  edge = await openSampleEdge(new MemoryJournal(new FakeClock()), {
    invoke: run,
    authorize: async (asked) =>
      "authorization" in asked.headers
        ? { is: "allowed", caller: { accessKey: "a", accountId: "0", callerId: "c", userArn: "u", userId: "i" } }
        : { is: "refused", status: 403, code: "x", message: "Forbidden" },
  });
  await edge.objects.create(webSocketApiKind, {
    metadata: { name: "chat", namespace: "default" },
    spec: spec(),
  });
});
after(() => edge[Symbol.asyncDispose]());

function run(name: string, event: unknown): unknown {
  const about = event as Readonly<Record<string, Readonly<Record<string, unknown>>>> & { readonly body?: string };
  seen.push({ name, ...about });
  switch (name) {
    case "guard":
      return {
        principalId: "p",
        policyDocument: {
          Statement: {
            Effect: about["queryStringParameters"]?.["key"] === "good" ? "Allow" : "Deny",
            Action: "*",
            Resource: "*",
          },
        },
        context: { level: "3" },
      };
    case "door":
      return { statusCode: about["queryStringParameters"]?.["full"] === undefined ? 200 : 403 };
    case "echo":
      return { statusCode: 200, body: `echo ${about.body ?? ""}` };
    default:
      return { statusCode: 200, body: "unheard" };
  }
}

function spec(): HttpApiSpec {
  const integration = (name: string): object => ({
    integrationId: name,
    integrationType: "AWS_PROXY",
    integrationUri: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
  });
  const route = (routeKey: string, name: string, rest: object = {}): object => ({
    routeKey,
    target: `integrations/${name}`,
    ...rest,
  });
  const authorizer = {
    authorizerId: "g",
    name: "g",
    authorizerType: "REQUEST",
    authorizerUri: "arn:aws:lambda:us-east-1:000000000000:function:guard",
    identitySource: ["route.request.querystring.key"],
  };
  return {
    routeSelectionExpression: "$request.body.action",
    authorizers: [authorizer],
    integrations: ["door", "echo", "silent", "gone"].map(integration),
    routes: [
      route("$connect", "door", { authorizationType: "CUSTOM", authorizerId: "g" }),
      route("$disconnect", "gone"),
      route("$default", "silent"),
      route("say", "echo", { routeResponseSelectionExpression: "$default" }),
    ],
    stages: [
      {
        stageName: "dev",
        autoDeploy: true,
        stageVariables: { color: "red" },
        routeSettings: { say: { throttlingBurstLimit: 1_000, throttlingRateLimit: 1_000 } },
      },
    ],
  } as unknown as HttpApiSpec;
}

const url = (query = "?key=good"): string => `ws://127.0.0.1:${edge.port}/_apis/chat/dev${query}`;

async function open(query?: string): Promise<WebSocket> {
  const socket = new WebSocket(url(query));
  await once(socket, "open");
  return socket;
}

async function refusalOf(query: string): Promise<number | undefined> {
  const socket = new WebSocket(url(query));
  socket.on("error", () => {});
  const [, answer] = (await once(socket, "unexpected-response")) as [unknown, { readonly statusCode?: number }];
  socket.terminate();
  return answer.statusCode;
}

async function said(socket: WebSocket, message: string): Promise<string> {
  const heard = once(socket, "message");
  socket.send(message);
  const [data] = (await heard) as [Buffer];
  return data.toString();
}

const contextOf = (event: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, unknown>> =>
  (event?.["requestContext"] ?? {}) as Readonly<Record<string, unknown>>;
const last = (name: string): Readonly<Record<string, unknown>> | undefined =>
  seen.findLast((event) => event["name"] === name);

test("$connect lets in whom the authorizer and its function let in", async () => {
  assert.deepEqual(
    await Promise.all([refusalOf(""), refusalOf("?key=bad"), refusalOf("?key=good&full=1")]),
    [401, 403, 403],
  );
  const socket = await open();
  const { eventType, routeKey, stage, authorizer, connectionId } = contextOf(last("door"));
  assert.deepEqual(
    [eventType, routeKey, stage, authorizer],
    ["CONNECT", "$connect", "dev", { level: "3", principalId: "p" }],
  );
  assert.match(String(connectionId), /=$/);
  socket.terminate();
});

test("a message goes to the route that it names, else to $default; a route with a response answers", async () => {
  const socket = await open();
  assert.equal(await said(socket, '{"action":"say","text":"hi"}'), 'echo {"action":"say","text":"hi"}');
  const { messageId, eventType, connectionId } = contextOf(last("echo"));
  assert.deepEqual([eventType, typeof messageId], ["MESSAGE", "string"]);
  assert.deepEqual(last("echo")?.["stageVariables"], { color: "red" });
  socket.send("no json");
  // The answer to the next one shows that the first is done: they are run in their order.
  await said(socket, '{"action":"say"}');
  assert.deepEqual([last("silent")?.["body"], contextOf(last("silent"))["connectionId"]], ["no json", connectionId]);
  socket.terminate();
});

test("whoever goes is heard of, with the code that he gave", async () => {
  const socket = await open();
  socket.close(4_001, "bye");
  await once(socket, "close");
  while (last("gone") === undefined || contextOf(last("gone"))["disconnectReason"] !== "bye")
    await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    [contextOf(last("gone"))["eventType"], contextOf(last("gone"))["disconnectStatusCode"]],
    ["DISCONNECT", 4_001],
  );
});

test("@connections says, tells and ends, for whoever signs; who is gone is gone", async () => {
  const socket = await open();
  const id = encodeURIComponent(String(contextOf(last("door"))["connectionId"]));
  const path = `127.0.0.1/_apis/chat/dev/@connections/${id}`;
  const signed = { authorization: "signed" };
  assert.equal((await edge.ask(`POST ${path}`, {}, "x")).status, 403);
  const heard = once(socket, "message");
  assert.equal((await edge.ask(`POST ${path}`, signed, "hello")).status, 200);
  assert.equal(String(((await heard) as [Buffer])[0]), "hello");
  const told = JSON.parse((await edge.ask(`GET ${path}`, signed)).text) as Readonly<Record<string, unknown>>;
  assert.deepEqual(Object.keys(told), ["connectedAt", "identity", "lastActiveAt"]);
  const closed = once(socket, "close");
  assert.equal((await edge.ask(`DELETE ${path}`, signed)).status, 200);
  await closed;
  const gone = await edge.ask(`POST ${path}`, signed, "x");
  assert.deepEqual([gone.status, gone.headers["x-amzn-errortype"]], [410, "GoneException"]);
});

test("who says nothing for ten minutes is let go", async () => {
  const socket = await open();
  const closed = once(socket, "close");
  edge.clock.advance(10 * 60_000);
  edge.clock.advance(30_000);
  assert.equal((await closed)[0], 1_001);
});

test("a thousand clients at once, each with a word of its own from outside", async () => {
  const sockets: WebSocket[] = [];
  for (let i = 0; i < 10; i++) sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => open()))));
  const ids = seen
    .filter((event) => event["name"] === "door")
    .slice(-1_000)
    .map((event) => String(contextOf(event)["connectionId"]));
  assert.equal(new Set(ids).size, 1_000);
  const heard = Promise.all(sockets.map(async (socket) => String(((await once(socket, "message")) as [Buffer])[0])));
  for (const id of ids)
    await edge.ask(
      `POST 127.0.0.1/_apis/chat/dev/@connections/${encodeURIComponent(id)}`,
      { authorization: "signed" },
      id,
    );
  assert.deepEqual((await heard).toSorted(), ids.toSorted());
  for (const socket of sockets) socket.terminate();
});
