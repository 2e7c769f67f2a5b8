/** APIs under the real aws CLI, called over plain HTTP and WebSockets: what the guide shows, from the first command to the answer. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { get, type IncomingMessage, request } from "node:http";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zipSync } from "fflate";
import { WebSocket } from "ws";
import { openDoor, type TestDoor } from "./aws-door.ts";

const run = promisify(execFile);
const hasAws = await run("aws", ["--version"]).then(
  () => true,
  () => false,
);
const skip = hasAws ? false : "the aws CLI is not installed";

const CODE = `
export const handler = async (event) => {
  const id = event.requestContext?.connectionId;
  if (event.requestContext?.eventType === "MESSAGE") return { statusCode: 200, body: "heard " + event.body };
  return { statusCode: 200, body: JSON.stringify({ id, path: event.rawPath ?? event.path, who: event.requestContext?.authorizer }) };
};
export const authorize = async ({ authorizationToken, methodArn }) => ({
  principalId: "ann",
  policyDocument: { Version: "2012-10-17", Statement: [{ Action: "execute-api:Invoke", Effect: authorizationToken === "let me" ? "Allow" : "Deny", Resource: methodArn }] },
});
export const plain = async (event) => ({ ...event, seen: true });`;

let door: TestDoor;
before(async () => {
  door = await openDoor();
});
after(() => door[Symbol.asyncDispose]());

/** What the CLI prints, as text of one line. */
async function aws(...words: string[]): Promise<string> {
  const endpoint = words.includes("--endpoint-url")
    ? []
    : ["--endpoint-url", door.environment["AWS_ENDPOINT_URL"] ?? ""];
  const env = { ...process.env, ...door.environment };
  return (await run("aws", [...endpoint, "--output", "text", ...words], { env })).stdout.trim();
}

const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
const uriOf = (name: string): string =>
  `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${arnOf(name)}/invocations`;

async function createFunction(name: string, handler: string): Promise<void> {
  const file = join(door.folder, "api.zip");
  await writeFile(file, zipSync({ "index.mjs": Buffer.from(CODE) }));
  await aws(
    ..."lambda create-function --runtime nodejs24.x --role arn:aws:iam::000000000000:role/r".split(" "),
    "--function-name",
    name,
    "--handler",
    handler,
    "--zip-file",
    `fileb://${file}`,
  );
}

interface Told {
  readonly status: number;
  readonly text: string;
}

async function ask(path: string, headers: Readonly<Record<string, string>> = {}, body?: string): Promise<Told> {
  const url = door.gatewayUrl + path;
  const sent = body === undefined ? get(url, { headers }) : request(url, { method: "POST", headers });
  if (body !== undefined) sent.end(body);
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() };
}

test("an HTTP API by quick create, at both of its addresses", { skip }, async () => {
  await createFunction("api", "index.handler");
  const api = await aws(
    "apigatewayv2",
    "create-api",
    "--name",
    "shop",
    "--protocol-type",
    "HTTP",
    "--target",
    arnOf("api"),
    "--query",
    "ApiId",
  );
  const byPath = await ask(`/_apis/${api}/a`);
  assert.deepEqual([byPath.status, (JSON.parse(byPath.text) as { readonly path: string }).path], [200, "/a"]);
  assert.equal((await ask("/a", { host: `${api}.execute-api.localhost` })).status, 200);
  await aws("apigatewayv2", "delete-api", "--api-id", api);
  assert.equal((await ask(`/_apis/${api}/a`)).status, 404);
});

test("a REST API with a template, an authorizer, a key and a quota", { skip }, async () => {
  await createFunction("rest", "index.handler");
  await createFunction("authorize", "index.authorize");
  await createFunction("plain", "index.plain");
  const gateway = (...words: string[]): Promise<string> => aws("apigateway", ...words);
  const api = await gateway("create-rest-api", "--name", "orders", "--query", "id");
  const root = await gateway("get-resources", "--rest-api-id", api, "--query", "items[0].id");
  const of = ["--rest-api-id", api];
  const authorizer = await gateway(
    "create-authorizer",
    ...of,
    "--name",
    "a",
    "--type",
    "TOKEN",
    "--authorizer-uri",
    uriOf("authorize"),
    "--identity-source",
    "method.request.header.Authorization",
    "--query",
    "id",
  );
  const orders = await gateway("create-resource", ...of, "--parent-id", root, "--path-part", "orders", "--query", "id");
  const at = [...of, "--resource-id", orders, "--http-method"];
  await gateway("put-method", ...at, "GET", "--authorization-type", "CUSTOM", "--authorizer-id", authorizer);
  await gateway(
    "put-integration",
    ...at,
    "GET",
    "--type",
    "AWS_PROXY",
    "--integration-http-method",
    "POST",
    "--uri",
    uriOf("rest"),
  );
  await gateway("put-method", ...at, "POST", "--authorization-type", "NONE", "--api-key-required");
  const template = JSON.stringify({ "application/json": "{\"item\": $input.json('$.item')}" });
  await gateway(
    "put-integration",
    ...at,
    "POST",
    "--type",
    "AWS",
    "--integration-http-method",
    "POST",
    "--uri",
    uriOf("plain"),
    "--request-templates",
    template,
  );
  await gateway(
    "put-integration-response",
    ...at,
    "POST",
    "--status-code",
    "201",
    "--response-templates",
    JSON.stringify({ "application/json": "{\"kept\": $input.json('$.item')}" }),
  );
  await gateway("create-deployment", ...of, "--stage-name", "dev");
  const key = await gateway("create-api-key", "--name", "ann", "--enabled", "--query", "id");
  const value = await gateway("get-api-key", "--api-key", key, "--include-value", "--query", "value");
  const plan = await gateway(
    "create-usage-plan",
    "--name",
    "gold",
    "--api-stages",
    `apiId=${api},stage=dev`,
    "--quota",
    "limit=1,period=DAY",
    "--query",
    "id",
  );
  await gateway("create-usage-plan-key", "--usage-plan-id", plan, "--key-id", key, "--key-type", "API_KEY");

  const path = `/_apis/${api}/dev/orders`;
  assert.deepEqual(await ask(path), { status: 401, text: '{"message":"Unauthorized"}' });
  assert.equal((await ask(path, { authorization: "please" })).status, 403);
  const welcome = await ask(path, { authorization: "let me" });
  assert.deepEqual(
    [welcome.status, (JSON.parse(welcome.text) as { readonly who: { readonly principalId: string } }).who.principalId],
    [200, "ann"],
  );
  const json = { "content-type": "application/json" };
  assert.deepEqual(await ask(path, json, '{"item":"tea"}'), { status: 403, text: '{"message":"Forbidden"}' });
  const keyed = { ...json, "x-api-key": value };
  assert.deepEqual(await ask(path, keyed, '{"item":"tea"}'), { status: 201, text: '{"kept": "tea"}' });
  assert.deepEqual(await ask(path, keyed, '{"item":"tea"}'), { status: 429, text: '{"message":"Limit Exceeded"}' });
});

test("a WebSocket API that answers, and hears from outside by @connections", { skip }, async () => {
  await createFunction("chat", "index.handler");
  const v2 = (...words: string[]): Promise<string> => aws("apigatewayv2", ...words);
  const api = await v2(
    "create-api",
    "--name",
    "chat",
    "--protocol-type",
    "WEBSOCKET",
    "--route-selection-expression",
    "$request.body.action",
    "--query",
    "ApiId",
  );
  const of = ["--api-id", api];
  const integration = await v2(
    "create-integration",
    ...of,
    "--integration-type",
    "AWS_PROXY",
    "--integration-uri",
    arnOf("chat"),
    "--query",
    "IntegrationId",
  );
  const target = ["--target", `integrations/${integration}`];
  await v2("create-route", ...of, "--route-key", "say", "--route-response-selection-expression", "$default", ...target);
  await v2("create-stage", ...of, "--stage-name", "dev", "--auto-deploy");
  const socket = new WebSocket(`${door.gatewayUrl.replace("http", "ws")}/_apis/${api}/dev`);
  await once(socket, "open");
  const heard = once(socket, "message");
  socket.send('{"action":"say"}');
  assert.equal(String(((await heard) as [Buffer])[0]), 'heard {"action":"say"}');
  // Nobody but the API knows the id of a connection: a message to no route says it.
  const complaint = once(socket, "message");
  socket.send("{}");
  const { connectionId } = JSON.parse(String(((await complaint) as [Buffer])[0])) as { readonly connectionId: string };
  const management = ["apigatewaymanagementapi", "--endpoint-url", `${door.gatewayUrl}/_apis/${api}/dev`];
  const posted = once(socket, "message");
  const file = join(door.folder, "message");
  await writeFile(file, "hello");
  await aws(...management, "post-to-connection", "--connection-id", connectionId, "--data", `fileb://${file}`);
  assert.equal(String(((await posted) as [Buffer])[0]), "hello");
  assert.match(await aws(...management, "get-connection", "--connection-id", connectionId), /127\.0\.0\.1/);
  const closed = once(socket, "close");
  await aws(...management, "delete-connection", "--connection-id", connectionId);
  await closed;
});
