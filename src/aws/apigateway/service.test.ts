/** REST APIs at the door: what is made is an object, patches change it, what is wrong is refused in API Gateway's words (API Gateway API Reference). */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { apiDeploymentKind } from "#kinds/catamaran/api-deployment.ts";
import { apiKeyKind } from "#kinds/catamaran/api-key.ts";
import { restApiKind } from "#kinds/catamaran/rest-api.ts";
import { usagePlanKind } from "#kinds/catamaran/usage-plan.ts";
import { KeyUsage } from "#managed/api/key-usage.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "../sample-door.ts";

type Members = Readonly<Record<string, unknown>>;

const database = new MemoryDatabase();
let door: SampleDoor;
before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database });
});
after(() => door[Symbol.asyncDispose]());

async function ask(request: string, input?: Members, status?: number): Promise<Members> {
  const [method = "GET", path = ""] = request.split(" ");
  const sent = { service: "apigateway", method, path, ...(input !== undefined && { input }) };
  const answer = await door.send(sent);
  const usual = { POST: [201], PUT: [200, 201, 204], DELETE: [202, 204], PATCH: [200, 201] }[method] ?? [200];
  assert.ok(
    (status === undefined ? usual : [status]).includes(answer.status),
    `${request}: ${answer.status} ${answer.text}`,
  );
  return (answer.json ?? {}) as Members;
}

const patch = (
  ...operations: readonly (readonly [op: string, path: string, value?: string | undefined, from?: string])[]
): Members => ({
  patchOperations: operations.map(([op, path, value, from]) => ({
    op,
    path,
    ...(value !== undefined && { value }),
    ...(from !== undefined && { from }),
  })),
});

const URI =
  "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations";

async function apiWithMethod(): Promise<{ readonly api: string; readonly root: string; readonly id: string }> {
  const made = await ask("POST /restapis", { name: "shop" });
  const [api, root] = [String(made["id"]), String(made["rootResourceId"])];
  const id = String((await ask(`POST /restapis/${api}/resources/${root}`, { pathPart: "users" }))["id"]);
  await ask(`PUT /restapis/${api}/resources/${id}/methods/GET`, { authorizationType: "NONE" });
  await ask(`PUT /restapis/${api}/resources/${id}/methods/GET/integration`, {
    type: "AWS_PROXY",
    httpMethod: "POST",
    uri: URI,
  });
  return { api, root, id };
}

test("an API is made with a root and two models, described, patched and removed", async () => {
  const made = await ask("POST /restapis", {
    name: "shop",
    description: "d",
    version: "1",
    binaryMediaTypes: ["image/png"],
    endpointConfiguration: { types: ["REGIONAL"] },
    tags: { team: "a" },
  });
  const id = String(made["id"]);
  const { spec, kind, apiVersion, metadata } = (await door.objects.get(restApiKind, `default/${id}`)) ?? {};
  assert.deepEqual(
    [kind, apiVersion, metadata?.name, spec?.endpointType, spec?.tags],
    ["RestApi", "catamaran.dev/v1", id, "REGIONAL", { team: "a" }],
  );
  assert.deepEqual(
    spec?.models?.map(({ name }) => name),
    ["Empty", "Error"],
  );
  const changed = await ask(
    `PATCH /restapis/${id}`,
    patch(
      ["replace", "/name", "store"],
      ["add", "/binaryMediaTypes/text~1css"],
      ["remove", "/binaryMediaTypes/image~1png"],
      ["replace", "/minimumCompressionSize", "5"],
      ["replace", "/endpointConfiguration/types/REGIONAL", "EDGE"],
    ),
  );
  assert.deepEqual(
    [
      changed["name"],
      changed["description"],
      changed["binaryMediaTypes"],
      changed["minimumCompressionSize"],
      changed["endpointConfiguration"],
    ],
    ["store", "d", ["text/css"], 5, { types: ["EDGE"], ipAddressType: "ipv4" }],
  );
  await ask(`PATCH /restapis/${id}`, patch(["replace", "/nothing", "x"]), 400);
  assert.ok(((await ask("GET /restapis?limit=500"))["item"] as readonly Members[]).some((one) => one["id"] === id));
  await ask(`DELETE /restapis/${id}`);
  assert.equal(
    (await ask(`GET /restapis/${id}`, undefined, 404))["message"],
    `Invalid API identifier specified 000000000000:${id}`,
  );
});

test("resources are a tree: a twin, a root and a circle are refused, and what is below goes with it", async () => {
  const { api, root, id } = await apiWithMethod();
  const twin = await ask(`POST /restapis/${api}/resources/${root}`, { pathPart: "users" }, 409);
  assert.equal(twin["message"], "Another resource with the same parent already has this name: users");
  const below = String((await ask(`POST /restapis/${api}/resources/${id}`, { pathPart: "{id}" }))["id"]);
  assert.equal((await ask(`GET /restapis/${api}/resources/${below}`))["path"], "/users/{id}");
  await ask(`PATCH /restapis/${api}/resources/${id}`, patch(["replace", "/parentId", below]), 400);
  assert.equal(
    (await ask(`PATCH /restapis/${api}/resources/${below}`, patch(["replace", "/pathPart", "{name}"])))["path"],
    "/users/{name}",
  );
  const whole = (await ask(`GET /restapis/${api}/resources?embed=methods`))["item"] as readonly Members[];
  assert.equal(JSON.stringify(whole).includes('"methodIntegration"'), true);
  await ask(`DELETE /restapis/${api}/resources/${root}`, undefined, 400);
  await ask(`DELETE /restapis/${api}/resources/${id}`);
  await ask(`GET /restapis/${api}/resources/${below}`, undefined, 404);
});

test("methods, their answers and their integrations are made, patched and removed one by one", async () => {
  const { api, id } = await apiWithMethod();
  const at = `/restapis/${api}/resources/${id}/methods/GET`;
  await ask(`PUT ${at}`, { authorizationType: "NONE" }, 409);
  await ask(`PUT ${at}/responses/200`, { responseModels: { "application/json": "Empty" } });
  await ask(`PATCH ${at}/responses/200`, patch(["add", "/responseParameters/method.response.header.x", "true"]));
  await ask(`PUT ${at}/integration/responses/200`, { selectionPattern: "" });
  await ask(
    `PATCH ${at}/integration/responses/200`,
    patch(["add", "/responseTemplates/application~1json", "$input.body"]),
  );
  await ask(
    `PATCH ${at}/integration`,
    patch(["replace", "/timeoutInMillis", "500"], ["add", "/requestParameters/integration.request.header.a", "'b'"]),
  );
  await ask(
    `PATCH ${at}`,
    patch(
      ["replace", "/apiKeyRequired", "true"],
      ["add", "/requestParameters/method.request.querystring.q", "true"],
      ["replace", "/operationName", "list"],
    ),
  );
  const method = await ask(`GET ${at}`);
  assert.deepEqual(method["methodResponses"], {
    200: {
      statusCode: "200",
      responseModels: { "application/json": "Empty" },
      responseParameters: { "method.response.header.x": true },
    },
  });
  assert.deepEqual(
    [method["apiKeyRequired"], method["requestParameters"], method["operationName"]],
    [true, { "method.request.querystring.q": true }, "list"],
  );
  const integration = await ask(`GET ${at}/integration`);
  assert.deepEqual(
    [integration["timeoutInMillis"], integration["requestParameters"], integration["integrationResponses"]],
    [
      500,
      { "integration.request.header.a": "'b'" },
      { 200: { statusCode: "200", selectionPattern: "", responseTemplates: { "application/json": "$input.body" } } },
    ],
  );
  for (const path of [`${at}/integration/responses/200`, `${at}/responses/200`, `${at}/integration`, at]) {
    await ask(`GET ${path}`);
    await ask(`DELETE ${path}`);
    await ask(`GET ${path}`, undefined, 404);
  }
});

const refused: readonly (readonly [
  title: string,
  request: (api: string, id: string) => string,
  input: Members,
  says: RegExp,
])[] = [
  [
    "an integration of a service",
    (api, id) => `PUT /restapis/${api}/resources/${id}/methods/GET/integration`,
    { type: "AWS", httpMethod: "POST", uri: "arn:aws:apigateway:us-east-1:sqs:path/000000000000/q" },
    /lead to functions here/,
  ],
  [
    "an address that is none",
    (api, id) => `PUT /restapis/${api}/resources/${id}/methods/GET/integration`,
    { type: "HTTP", httpMethod: "GET", uri: "x" },
    /Invalid HTTP endpoint/,
  ],
  [
    "a private link",
    (api, id) => `PUT /restapis/${api}/resources/${id}/methods/GET/integration`,
    { type: "HTTP", httpMethod: "GET", uri: "http://a", connectionType: "VPC_LINK" },
    /name a Service instead/,
  ],
  [
    "a user pool",
    (api) => `POST /restapis/${api}/authorizers`,
    { name: "p", type: "COGNITO_USER_POOLS", providerARNs: ["arn:aws:cognito-idp:us-east-1:000000000000:userpool/x"] },
    /no user pools/,
  ],
  [
    "an authorizer without a function",
    (api) => `POST /restapis/${api}/authorizers`,
    { name: "p", type: "TOKEN" },
    /Invalid Authorizer URI/,
  ],
  [
    "kept results without an identity",
    (api) => `POST /restapis/${api}/authorizers`,
    { name: "p", type: "REQUEST", authorizerUri: URI },
    /Identity source cannot be empty/,
  ],
  [
    "a model that is no JSON",
    (api) => `POST /restapis/${api}/models`,
    { name: "M", contentType: "application/json", schema: "{" },
    /not valid JSON/,
  ],
  [
    "an authorizer that is not there",
    (api, id) => `PUT /restapis/${api}/resources/${id}/methods/POST`,
    { authorizationType: "CUSTOM", authorizerId: "x" },
    /must name an authorizer/,
  ],
  ["a resource policy", () => "POST /restapis", { name: "a", policy: "{}" }, /policy is not supported/],
  [
    "traces",
    (api) => `POST /restapis/${api}/deployments`,
    { tracingEnabled: true },
    /tracingEnabled=true is not supported/,
  ],
];
for (const [title, request, input, says] of refused)
  test(`refused: ${title}`, async () => {
    const { api, id } = await apiWithMethod();
    assert.match(String((await ask(request(api, id), input, 400))["message"]), says);
  });

test("authorizers, models, validators and gateway responses are parts of the API", async () => {
  const { api, id } = await apiWithMethod();
  const authorizer = await ask(`POST /restapis/${api}/authorizers`, {
    name: "a",
    type: "TOKEN",
    authorizerUri: URI,
    identitySource: "method.request.header.Authorization",
  });
  const validator = await ask(`POST /restapis/${api}/requestvalidators`, { name: "v", validateRequestBody: true });
  await ask(`POST /restapis/${api}/models`, {
    name: "User",
    contentType: "application/json",
    schema: "{}",
    description: "d",
  });
  await ask(
    `PATCH /restapis/${api}/resources/${id}/methods/GET`,
    patch(
      ["replace", "/authorizationType", "CUSTOM"],
      ["replace", "/authorizerId", String(authorizer["id"])],
      ["replace", "/requestValidatorId", String(validator["id"])],
      ["add", "/requestModels/application~1json", "User"],
    ),
  );
  await ask(`DELETE /restapis/${api}/authorizers/${String(authorizer["id"])}`, undefined, 409);
  assert.equal(
    (
      await ask(
        `PATCH /restapis/${api}/authorizers/${String(authorizer["id"])}`,
        patch(["replace", "/authorizerResultTtlInSeconds", "5"]),
      )
    )["authorizerResultTtlInSeconds"],
    5,
  );
  assert.equal(
    (
      await ask(
        `PATCH /restapis/${api}/requestvalidators/${String(validator["id"])}`,
        patch(["replace", "/validateRequestParameters", "true"]),
      )
    )["validateRequestParameters"],
    true,
  );
  assert.equal(
    (await ask(`PATCH /restapis/${api}/models/User`, patch(["replace", "/description", "e"])))["description"],
    "e",
  );
  assert.equal((await ask(`GET /restapis/${api}/gatewayresponses/THROTTLED`))["defaultResponse"], true);
  await ask(`PUT /restapis/${api}/gatewayresponses/THROTTLED`, {
    statusCode: "430",
    responseTemplates: { "text/plain": "slow" },
  });
  const told = await ask(`PATCH /restapis/${api}/gatewayresponses/THROTTLED`, patch(["replace", "/statusCode", "431"]));
  assert.deepEqual(
    [told["statusCode"], told["defaultResponse"], told["responseTemplates"]],
    ["431", false, { "text/plain": "slow" }],
  );
  await ask(`DELETE /restapis/${api}/gatewayresponses/THROTTLED`);
  for (const [list, count] of [
    ["authorizers", 1],
    ["models", 3],
    ["requestvalidators", 1],
    ["gatewayresponses", 21],
  ] as const)
    assert.equal(((await ask(`GET /restapis/${api}/${list}`))["item"] as readonly unknown[]).length, count, list);
});

test("a deployment keeps what the API said; stages serve it, with a canary that can be promoted", async () => {
  const { api, id } = await apiWithMethod();
  const first = String(
    (
      await ask(`POST /restapis/${api}/deployments`, {
        stageName: "prod",
        description: "one",
        variables: { v: "1" },
        cacheClusterEnabled: true,
        cacheClusterSize: "0.5",
        stageDescription: "s",
      })
    )["id"],
  );
  await ask(`DELETE /restapis/${api}/resources/${id}/methods/GET`);
  assert.equal(
    (await ask(`POST /restapis/${api}/deployments`, {}, 400))["message"],
    "The REST API doesn't contain any methods",
  );
  const object = await door.objects.get(apiDeploymentKind, `default/${api}-${first}`);
  assert.equal(JSON.stringify(object?.spec.snapshot).includes("AWS_PROXY"), true);
  assert.deepEqual((await ask(`GET /restapis/${api}/deployments/${first}?embed=apisummary`))["apiSummary"], {
    "/users": { GET: { authorizationType: "NONE", apiKeyRequired: false } },
  });
  await ask(`PUT /restapis/${api}/resources/${id}/methods/GET`, { authorizationType: "NONE" });
  await ask(`PUT /restapis/${api}/resources/${id}/methods/GET/integration`, { type: "MOCK" });
  const second = String(
    (
      await ask(`POST /restapis/${api}/deployments`, {
        stageName: "prod",
        canarySettings: { percentTraffic: 10, stageVariableOverrides: { v: "2" } },
      })
    )["id"],
  );
  const stage = await ask(`GET /restapis/${api}/stages/prod`);
  assert.deepEqual(
    [
      stage["deploymentId"],
      stage["canarySettings"],
      stage["variables"],
      stage["description"],
      stage["cacheClusterSize"],
      stage["createdDate"] === undefined,
      stage["lastUpdatedDate"] === undefined,
    ],
    [
      first,
      { percentTraffic: 10, stageVariableOverrides: { v: "2" }, deploymentId: second },
      { v: "1" },
      "s",
      "0.5",
      false,
      false,
    ],
  );
  const promoted = await ask(
    `PATCH /restapis/${api}/stages/prod`,
    patch(["copy", "/deploymentId", undefined, "/canarySettings/deploymentId"], ["remove", "/canarySettings"]),
  );
  assert.deepEqual([promoted["deploymentId"], promoted["canarySettings"]], [second, undefined]);
  await ask(`DELETE /restapis/${api}/deployments/${second}`, undefined, 400);
  await ask(`DELETE /restapis/${api}/deployments/${first}`);
});

test("a stage is patched setting by setting", async () => {
  const { api } = await apiWithMethod();
  const { id: deploymentId } = await ask(`POST /restapis/${api}/deployments`, {});
  await ask(`POST /restapis/${api}/stages`, { stageName: "dev", deploymentId, tags: { a: "1" } });
  await ask(`POST /restapis/${api}/stages`, { stageName: "dev", deploymentId }, 409);
  await ask(`POST /restapis/${api}/stages`, { stageName: "other", deploymentId: "none" }, 404);
  const changed = await ask(
    `PATCH /restapis/${api}/stages/dev`,
    patch(
      ["replace", "/*/*/throttling/rateLimit", "2.5"],
      ["replace", "/~1users/GET/throttling/burstLimit", "3"],
      ["replace", "/*/*/logging/loglevel", "INFO"],
      ["replace", "/*/*/metrics/enabled", "false"],
      ["replace", "/variables/v", "1"],
      ["replace", "/tracingEnabled", "false"],
      ["add", "/accessLogSettings/destinationArn", "arn:aws:logs:us-east-1:000000000000:log-group:a"],
      ["add", "/accessLogSettings/format", "$context.requestId"],
    ),
  );
  assert.deepEqual(changed["methodSettings"], {
    "*/*": { metricsEnabled: false, throttlingRateLimit: 2.5, loggingLevel: "INFO" },
    "users/GET": { metricsEnabled: false, throttlingBurstLimit: 3 },
  });
  assert.deepEqual([changed["variables"], changed["tags"]], [{ v: "1" }, { a: "1" }]);
  await ask(`PATCH /restapis/${api}/stages/dev`, patch(["replace", "/*/*/metrics/enabled", "true"]), 400);
  await ask(`PATCH /restapis/${api}/stages/dev`, patch(["replace", "/accessLogSettings/format", "no id"]), 400);
  assert.equal(((await ask(`GET /restapis/${api}/stages`))["item"] as readonly unknown[]).length, 1);
  await ask(`DELETE /restapis/${api}/stages/dev`);
});

test("keys and plans: made, joined, patched, counted and removed", async () => {
  const { api } = await apiWithMethod();
  await ask(`POST /restapis/${api}/deployments`, { stageName: "dev" });
  const value = "v".repeat(30);
  const key = await ask("POST /apikeys", {
    name: "ann",
    description: "d",
    enabled: true,
    value,
    customerId: "c",
    stageKeys: [{ restApiId: api, stageName: "dev" }],
    tags: { t: "1" },
  });
  const keyId = String(key["id"]);
  const object = await door.objects.get(apiKeyKind, `default/${keyId}`);
  assert.deepEqual(
    [object?.kind, object?.apiVersion, object?.spec.customerId, object?.spec.tags, object?.spec.stageKeys],
    ["ApiKey", "catamaran.dev/v1", "c", { t: "1" }, [`${api}/dev`]],
  );
  await ask("POST /apikeys", { name: "twin", value }, 409);
  assert.deepEqual(
    [(await ask(`GET /apikeys/${keyId}`))["value"], (await ask(`GET /apikeys/${keyId}?includeValue=true`))["value"]],
    [undefined, value],
  );
  assert.equal((await ask(`PATCH /apikeys/${keyId}`, patch(["replace", "/description", "e"])))["description"], "e");
  const plan = await ask("POST /usageplans", {
    name: "gold",
    description: "p",
    apiStages: [{ apiId: api, stage: "dev" }],
    throttle: { rateLimit: 5, burstLimit: 6 },
    quota: { limit: 10, period: "DAY" },
    tags: { t: "2" },
  });
  const planId = String(plan["id"]);
  const declared = await door.objects.get(usagePlanKind, `default/${planId}`);
  assert.deepEqual(
    [declared?.kind, declared?.apiVersion, declared?.spec.name, declared?.spec.description, declared?.spec.tags],
    ["UsagePlan", "catamaran.dev/v1", "gold", "p", { t: "2" }],
  );
  await ask(`POST /usageplans/${planId}/keys`, { keyId, keyType: "API_KEY" });
  await ask(`POST /usageplans/${planId}/keys`, { keyId, keyType: "API_KEY" }, 409);
  assert.equal(((await ask(`GET /usageplans?keyId=${keyId}`))["item"] as readonly unknown[]).length, 1);
  assert.deepEqual(((await ask(`GET /usageplans/${planId}/keys`))["item"] as readonly Members[])[0]?.["name"], "ann");
  const usage = new KeyUsage(database);
  await usage.add([{ plan: planId, key: keyId, day: "2026-01-02", count: 3 }]);
  await usage.add([{ plan: planId, key: keyId, day: "2026-01-02", count: 1 }]);
  const used = await ask(`GET /usageplans/${planId}/usage?startDate=2026-01-01&endDate=2026-01-02`);
  assert.deepEqual(used["values"], {
    [keyId]: [
      [0, 10],
      [4, 6],
    ],
  });
  const changed = await ask(
    `PATCH /usageplans/${planId}`,
    patch(
      ["replace", "/quota/limit", "20"],
      ["replace", "/throttle/rateLimit", "1"],
      ["remove", "/apiStages", `${api}:dev`],
    ),
  );
  assert.deepEqual(
    [changed["quota"], changed["throttle"], changed["apiStages"]],
    [{ limit: 20, period: "DAY" }, { rateLimit: 1, burstLimit: 6 }, []],
  );
  await ask(`DELETE /usageplans/${planId}/keys/${keyId}`);
  await ask(`DELETE /usageplans/${planId}`);
  await ask(`DELETE /apikeys/${keyId}`);
});

test("tags, by ARN, of whatever has them", async () => {
  const { api } = await apiWithMethod();
  await ask(`POST /restapis/${api}/deployments`, { stageName: "dev" });
  const key = String((await ask("POST /apikeys", { name: "t" }))["id"]);
  const plan = String((await ask("POST /usageplans", { name: "t" }))["id"]);
  for (const path of [`restapis/${api}`, `restapis/${api}/stages/dev`, `apikeys/${key}`, `usageplans/${plan}`]) {
    const tags = `/tags/${encodeURIComponent(`arn:aws:apigateway:us-east-1::/${path}`)}`;
    await ask(`PUT ${tags}`, { tags: { a: "1", b: "2" } });
    await ask(`DELETE ${tags}?tagKeys=b`);
    assert.deepEqual((await ask(`GET ${tags}`))["tags"], { a: "1" });
  }
});
