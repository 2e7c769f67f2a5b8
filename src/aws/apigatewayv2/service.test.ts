/** HTTP APIs at the door: what is made is an object, what is wrong is refused in API Gateway's words (API Gateway V2 API Reference). */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { apiDeploymentKind } from "#kinds/catamaran/api-deployment.ts";
import { webSocketApiKind } from "#kinds/catamaran/web-socket-api.ts";
import { httpApiKind } from "#kinds/catamaran/http-api.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "../sample-door.ts";

type Members = Readonly<Record<string, unknown>>;

let door: SampleDoor;
before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
});
after(() => door[Symbol.asyncDispose]());

/** "POST /apis" with an input; the status must be `status`. */
async function ask(request: string, input?: Members, status?: number): Promise<Members> {
  const [method = "GET", path = ""] = request.split(" ");
  const answer = await door.send({
    service: "apigateway",
    method,
    path: `/v2${path}`,
    ...(input !== undefined && { input }),
  });
  assert.equal(answer.status, status ?? { POST: 201, DELETE: 204 }[method] ?? 200, `${request}: ${answer.text}`);
  return (answer.json ?? {}) as Members;
}

const ARN = "arn:aws:lambda:us-east-1:000000000000:function:f";

async function apiWithRoute(): Promise<{ readonly api: string; readonly route: string; readonly integration: string }> {
  const api = String((await ask("POST /apis", { name: "shop", protocolType: "HTTP" }))["apiId"]);
  const made = await ask(`POST /apis/${api}/integrations`, { integrationType: "AWS_PROXY", integrationUri: ARN });
  const integration = String(made["integrationId"]);
  const target = `integrations/${integration}`;
  const route = await ask(`POST /apis/${api}/routes`, { routeKey: "GET /a", target });
  return { api, route: String(route["routeId"]), integration };
}

test("an API is made, described, changed and removed, and is an object all the while", async () => {
  const made = await ask("POST /apis", {
    name: "shop",
    description: "d",
    version: "1",
    protocolType: "HTTP",
    corsConfiguration: { allowOrigins: ["https://a.test"], maxAge: 5 },
    tags: { team: "a" },
  });
  const id = String(made["apiId"]);
  assert.deepEqual(
    [made["name"], made["description"], made["version"], made["apiEndpoint"], made["tags"], made["corsConfiguration"]],
    ["shop", "d", "1", `http://gateway/_apis/${id}`, { team: "a" }, { allowOrigins: ["https://a.test"], maxAge: 5 }],
  );
  assert.deepEqual((await door.objects.get(httpApiKind, `default/${id}`))?.spec, {
    name: "shop",
    description: "d",
    version: "1",
    cors: { allowOrigins: ["https://a.test"], maxAge: 5 },
    tags: { team: "a" },
    routes: [],
    stages: [],
  });
  const changed = await ask(`PATCH /apis/${id}`, { name: "store", disableExecuteApiEndpoint: true });
  assert.deepEqual(
    [changed["name"], changed["disableExecuteApiEndpoint"], changed["description"]],
    ["store", true, "d"],
  );
  await ask(`DELETE /apis/${id}/cors`);
  assert.equal((await ask(`GET /apis/${id}`))["corsConfiguration"], undefined);
  assert.ok(((await ask("GET /apis"))["items"] as readonly Members[]).some((one) => one["apiId"] === id));
  await ask(`DELETE /apis/${id}`);
  assert.equal(
    (await ask(`GET /apis/${id}`, undefined, 404))["message"],
    `Invalid API identifier specified 000000000000:${id}`,
  );
});

test("quick create makes an integration, a route to it and a stage that follows the API", async () => {
  const made = await ask("POST /apis", { name: "quick", protocolType: "HTTP", target: ARN, routeKey: "GET /x" });
  const id = String(made["apiId"]);
  const { spec } = (await door.objects.get(httpApiKind, `default/${id}`)) ?? {};
  const [integration] = spec?.integrations ?? [];
  assert.deepEqual([integration?.integrationUri, integration?.payloadFormatVersion], [ARN, "2.0"]);
  assert.equal(spec?.routes[0]?.target, `integrations/${integration?.integrationId}`);
  assert.deepEqual(spec?.stages, [{ stageName: "$default", autoDeploy: true }]);
  await ask(`PATCH /apis/${id}`, { target: "https://example.test", routeKey: "$default" });
  const after = await door.objects.get(httpApiKind, `default/${id}`);
  assert.deepEqual(
    [after?.spec.routes[0]?.routeKey, after?.spec.integrations?.[0]?.integrationUri],
    ["$default", "https://example.test"],
  );
});

test("routes and integrations hold on to each other", async () => {
  const { api, route, integration } = await apiWithRoute();
  const kept = await ask(`DELETE /apis/${api}/integrations/${integration}`, undefined, 409);
  assert.match(String(kept["message"]), /some Routes using it: GET \/a/);
  const twin = await ask(`POST /apis/${api}/routes`, { routeKey: "GET /a" }, 409);
  assert.equal(twin["message"], "Route with key GET /a already exists for this API");
  await ask(`POST /apis/${api}/routes`, { routeKey: "GET /b", target: "integrations/none" }, 400);
  const moved = await ask(`PATCH /apis/${api}/routes/${route}`, { routeKey: "POST /a", operationName: "make" });
  assert.deepEqual(
    [moved["routeKey"], moved["operationName"], moved["target"]],
    ["POST /a", "make", `integrations/${integration}`],
  );
  assert.equal(((await ask(`GET /apis/${api}/routes`))["items"] as readonly unknown[]).length, 1);
  await ask(`DELETE /apis/${api}/routes/${route}`);
  await ask(`DELETE /apis/${api}/integrations/${integration}`);
  await ask(`GET /apis/${api}/routes/${route}`, undefined, 404);
});

test("mappings of an integration are changed name by name, and an empty one goes", async () => {
  const { api, integration } = await apiWithRoute();
  const path = `PATCH /apis/${api}/integrations/${integration}`;
  await ask(path, { requestParameters: { "append:header.a": "1", "append:header.b": "2" }, timeoutInMillis: 500 });
  const changed = await ask(path, {
    requestParameters: { "append:header.a": "" },
    description: "mapped",
    responseParameters: { "200": { "overwrite:statuscode": "202" } },
  });
  assert.deepEqual(
    [changed["requestParameters"], changed["responseParameters"], changed["timeoutInMillis"], changed["description"]],
    [{ "append:header.b": "2" }, { "200": { "overwrite:statuscode": "202" } }, 500, "mapped"],
  );
});

const AUTHORIZER = { name: "a", identitySource: ["$request.header.x"] };
const refused: readonly (readonly [title: string, path: string, input: Members, says: RegExp])[] = [
  [
    "a function that is none",
    "integrations",
    { integrationType: "AWS_PROXY", integrationUri: "lambda" },
    /Invalid function ARN/,
  ],
  [
    "an address that is none",
    "integrations",
    { integrationType: "HTTP_PROXY", integrationUri: "ftp://a" },
    /Invalid HTTP endpoint/,
  ],
  [
    "payload 2.0 to an address",
    "integrations",
    { integrationType: "HTTP_PROXY", integrationUri: "http://a", payloadFormatVersion: "2.0" },
    /must be 1.0/,
  ],
  [
    "a mapping of nothing",
    "integrations",
    { integrationType: "AWS_PROXY", integrationUri: ARN, requestParameters: { "set:header.a": "1" } },
    /Invalid mapping expression/,
  ],
  ["an integration of REST APIs", "integrations", { integrationType: "MOCK" }, /IntegrationType=MOCK is not supported/],
  [
    "a private link",
    "integrations",
    { integrationType: "HTTP_PROXY", integrationUri: "http://a", connectionType: "VPC_LINK" },
    /name a Service instead/,
  ],
  ["an API key", "routes", { routeKey: "GET /b", apiKeyRequired: true }, /ApiKeyRequired=true is not supported/],
  [
    "an authorizer that is not there",
    "routes",
    { routeKey: "GET /b", authorizationType: "JWT", authorizerId: "x" },
    /must name an authorizer/,
  ],
  ["a route key that is none", "routes", { routeKey: "FETCH /b" }, /must be "\$default" or a method/],
  ["a JWT authorizer without an issuer", "authorizers", { ...AUTHORIZER, authorizerType: "JWT" }, /needs an Issuer/],
  [
    "a REQUEST authorizer without a format",
    "authorizers",
    { ...AUTHORIZER, authorizerType: "REQUEST", authorizerUri: ARN },
    /AuthorizerPayloadFormatVersion is a required/,
  ],
  [
    "results kept by nothing",
    "authorizers",
    {
      name: "a",
      identitySource: [],
      authorizerType: "REQUEST",
      authorizerUri: ARN,
      authorizerPayloadFormatVersion: "2.0",
      authorizerResultTtlInSeconds: 5,
    },
    /needs an identity source/,
  ],
  [
    "an identity source that is none",
    "authorizers",
    {
      name: "a",
      identitySource: ["header.x"],
      authorizerType: "REQUEST",
      authorizerUri: ARN,
      authorizerPayloadFormatVersion: "2.0",
    },
    /Invalid identity source/,
  ],
  ["a stage's name with a slash", "stages", { stageName: "a b" }, /must be "\$default" or letters/],
  [
    "execution logs",
    "stages",
    { stageName: "a", defaultRouteSettings: { loggingLevel: "INFO" } },
    /LoggingLevel is not supported/,
  ],
  [
    "an access log without a request id",
    "stages",
    {
      stageName: "a",
      accessLogSettings: {
        destinationArn: "arn:aws:logs:us-east-1:000000000000:log-group:a",
        format: "$context.status",
      },
    },
    /at least one of/,
  ],
  [
    "an access log that is no group",
    "stages",
    {
      stageName: "a",
      accessLogSettings: {
        destinationArn: "arn:aws:firehose:us-east-1:000000000000:deliverystream/a",
        format: "$context.requestId",
      },
    },
    /go to a log group/,
  ],
];
for (const [title, path, input, says] of refused)
  test(`refused: ${title}`, async () => {
    const { api } = await apiWithRoute();
    assert.match(String((await ask(`POST /apis/${api}/${path}`, input, 400))["message"]), says);
  });

test("an authorizer is made, changed, and kept as long as a route needs it", async () => {
  const { api, route } = await apiWithRoute();
  const jwtConfiguration = { issuer: "https://issuer.test", audience: ["a"] };
  const made = await ask(`POST /apis/${api}/authorizers`, { ...AUTHORIZER, authorizerType: "JWT", jwtConfiguration });
  const authorizerId = String(made["authorizerId"]);
  assert.deepEqual(made["jwtConfiguration"], jwtConfiguration);
  await ask(`PATCH /apis/${api}/routes/${route}`, {
    authorizationType: "JWT",
    authorizerId,
    authorizationScopes: ["s"],
  });
  await ask(`DELETE /apis/${api}/authorizers/${authorizerId}`, undefined, 409);
  const renamed = await ask(`PATCH /apis/${api}/authorizers/${authorizerId}`, { name: "b" });
  assert.deepEqual([renamed["name"], renamed["identitySource"]], ["b", ["$request.header.x"]]);
  assert.equal(((await ask(`GET /apis/${api}/authorizers`))["items"] as readonly unknown[]).length, 1);
  await ask(`PATCH /apis/${api}/routes/${route}`, { authorizationType: "NONE" });
});

test("a stage says its throttles, variables and log, and they are changed and taken away one by one", async () => {
  const { api } = await apiWithRoute();
  await ask(`POST /apis/${api}/stages`, {
    stageName: "dev",
    description: "for us",
    autoDeploy: true,
    stageVariables: { a: "1", b: "2" },
    defaultRouteSettings: { throttlingRateLimit: 2.5, throttlingBurstLimit: 5, detailedMetricsEnabled: false },
    routeSettings: { "GET /a": { throttlingRateLimit: 1 } },
  });
  await ask(`POST /apis/${api}/stages`, { stageName: "dev" }, 409);
  const changed = await ask(`PATCH /apis/${api}/stages/dev`, {
    stageVariables: { a: "" },
    routeSettings: { "GET /a": { throttlingBurstLimit: 3 } },
  });
  assert.deepEqual(
    [changed["stageVariables"], changed["routeSettings"], changed["defaultRouteSettings"]],
    [
      { b: "2" },
      { "GET /a": { throttlingRateLimit: 1, throttlingBurstLimit: 3 } },
      { detailedMetricsEnabled: false, throttlingRateLimit: 2.5, throttlingBurstLimit: 5 },
    ],
  );
  assert.deepEqual(
    [changed["description"], changed["createdDate"], changed["lastUpdatedDate"]],
    ["for us", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"],
  );
  await ask(`DELETE /apis/${api}/stages/dev/routesettings/${encodeURIComponent("GET /a")}`);
  assert.deepEqual((await ask(`GET /apis/${api}/stages/dev`))["routeSettings"], {});
  await ask(`DELETE /apis/${api}/stages/dev`);
  await ask(`GET /apis/${api}/stages/dev`, undefined, 404);
});

test("a deployment keeps what the API said, and lives as long as a stage serves it", async () => {
  const { api, route } = await apiWithRoute();
  await ask(`POST /apis/${api}/stages`, { stageName: "prod" });
  const { deploymentId } = await ask(`POST /apis/${api}/deployments`, { stageName: "prod", description: "first" });
  assert.equal((await ask(`GET /apis/${api}/stages/prod`))["deploymentId"], deploymentId);
  await ask(`DELETE /apis/${api}/routes/${route}`);
  const refusal = await ask(`POST /apis/${api}/deployments`, {}, 400);
  assert.equal(refusal["message"], "Unable to deploy API because no routes exist in this API");
  await ask(`DELETE /apis/${api}/deployments/${String(deploymentId)}`, undefined, 400);
  const told = await ask(`PATCH /apis/${api}/deployments/${String(deploymentId)}`, { description: "second" });
  assert.deepEqual([told["description"], told["deploymentStatus"]], ["second", "DEPLOYED"]);
  const object = await door.objects.get(apiDeploymentKind, `default/${api}-${String(deploymentId)}`);
  assert.deepEqual(
    [object?.apiVersion, object?.kind, object?.metadata.ownerReferences?.[0]?.name],
    ["catamaran.dev/v1", "ApiDeployment", api],
  );
  await ask(`DELETE /apis/${api}/stages/prod`);
  await ask(`DELETE /apis/${api}/deployments/${String(deploymentId)}`);
  await ask(`GET /apis/${api}/deployments/${String(deploymentId)}`, undefined, 404);
});

test("a WebSocket API is an object of its own kind, with routes by what messages say", async () => {
  assert.match(
    String((await ask("POST /apis", { name: "chat", protocolType: "WEBSOCKET" }, 400))["message"]),
    /RouteSelectionExpression is required/,
  );
  const routeSelectionExpression = "$request.body.action";
  const made = await ask("POST /apis", { name: "chat", protocolType: "WEBSOCKET", routeSelectionExpression });
  const api = String(made["apiId"]);
  assert.deepEqual(
    [made["protocolType"], made["routeSelectionExpression"], made["apiEndpoint"]],
    ["WEBSOCKET", routeSelectionExpression, `ws://gateway/_apis/${api}`],
  );
  const { integrationId } = await ask(`POST /apis/${api}/integrations`, {
    integrationType: "AWS_PROXY",
    integrationUri: ARN,
  });
  const target = `integrations/${String(integrationId)}`;
  const authorizer = await ask(`POST /apis/${api}/authorizers`, {
    name: "a",
    authorizerType: "REQUEST",
    authorizerUri: ARN,
    identitySource: ["route.request.header.Auth"],
  });
  const guarded = { authorizationType: "CUSTOM", authorizerId: authorizer["authorizerId"] };
  await ask(`POST /apis/${api}/routes`, { routeKey: "$connect", target, apiKeyRequired: false, ...guarded });
  await ask(`POST /apis/${api}/routes`, { routeKey: "late", target, ...guarded }, 400);
  const said = await ask(`POST /apis/${api}/routes`, {
    routeKey: "say",
    target,
    routeResponseSelectionExpression: "$default",
  });
  assert.equal(said["routeResponseSelectionExpression"], "$default");
  await ask(`PATCH /apis/${api}`, { corsConfiguration: { allowOrigins: ["*"] } }, 400);
  await ask(`POST /apis/${api}/stages`, { stageName: "dev" });
  const { deploymentId } = await ask(`POST /apis/${api}/deployments`, { stageName: "dev" });
  const object = await door.objects.get(apiDeploymentKind, `default/${api}-${String(deploymentId)}`);
  assert.equal(object?.metadata.ownerReferences?.[0]?.kind, "WebSocketApi");
  assert.equal((await door.objects.get(webSocketApiKind, `default/${api}`))?.apiVersion, "catamaran.dev/v1");
  await ask(`DELETE /apis/${api}`);
});

test("tags are the API's and its stages', by ARN", async () => {
  const { api } = await apiWithRoute();
  await ask(`POST /apis/${api}/stages`, { stageName: "dev", tags: { x: "0" } });
  for (const arn of [
    `arn:aws:apigateway:us-east-1::/apis/${api}`,
    `arn:aws:apigateway:us-east-1::/apis/${api}/stages/dev`,
  ]) {
    const path = `/tags/${encodeURIComponent(arn)}`;
    await ask(`POST ${path}`, { tags: { a: "1", b: "2" } });
    await ask(`DELETE ${path}?tagKeys=b&tagKeys=x`);
    assert.deepEqual((await ask(`GET ${path}`))["tags"], { a: "1" });
  }
});
