/** REST APIs over HTTP: methods, integrations with their templates, validation, guards, keys, plans, canaries, caches, logs and the gateway's own answers. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { FakeClock } from "#deck/fake-clock.ts";
import { Fault } from "#base/fault.ts";
import { apiDeploymentKind } from "#kinds/catamaran/api-deployment.ts";
import { apiKeyKind } from "#kinds/catamaran/api-key.ts";
import { restApiKind, type RestApiSpec } from "#kinds/catamaran/rest-api.ts";
import type { RestAuthorizer, RestMethod, RestStage } from "#kinds/catamaran/rest-api-parts.ts";
import { usagePlanKind, type UsagePlanSpec } from "#kinds/catamaran/usage-plan.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { openSampleEdge, type SampleEdge } from "../sample-edge.ts";

let edge: SampleEdge;
let backend: Server;
let port: number;
before(async () => {
  backend = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const status = request.url?.includes("missing") === true ? 404 : 200;
      response.writeHead(status, { "x-backend": "b", "content-type": "application/json", server: "own" });
      response.end(
        JSON.stringify({
          method: request.method,
          url: request.url,
          body: Buffer.concat(chunks).toString(),
          added: request.headers["x-added"],
        }),
      );
    });
  });
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  port = (backend.address() as AddressInfo).port;
  edge = await openSampleEdge(new MemoryJournal(new FakeClock()), { invoke: run });
});
after(async () => {
  await edge[Symbol.asyncDispose]();
  backend.closeAllConnections();
  backend.close();
});

let calls = 0;

function run(name: string, event: unknown): unknown {
  const seen = event as Readonly<Record<string, unknown>>;
  switch (name) {
    case "proxy":
      return { statusCode: 200, headers: { "x-fn": "1" }, body: JSON.stringify(event) };
    case "counted":
      return { statusCode: 200, body: String(++calls) };
    case "nonsense":
      return "no answer";
    case "picture":
      return {
        statusCode: 200,
        headers: { "content-type": "image/png" },
        body: Buffer.from([1, 255]).toString("base64"),
        isBase64Encoded: true,
      };
    case "long":
      return { statusCode: 200, body: "x".repeat(2_000) };
    case "slow":
      throw new Fault("Unavailable", "no room");
    case "token":
      return policy(String(seen["authorizationToken"]), String(seen["methodArn"]));
    case "request":
      return policy((seen["headers"] as Readonly<Record<string, string>>)["X-Who"] ?? "", "*");
    default:
      return { got: event };
  }
}

function policy(who: string, resource: string): unknown {
  const Effect = who === "Bearer deny" ? "Deny" : "Allow";
  const Statement = who === "Bearer nobody" ? [] : [{ Action: "execute-api:Invoke", Effect, Resource: resource }];
  return { principalId: who, policyDocument: { Statement }, context: { level: 3 }, usageIdentifierKey: KEY };
}

const KEY = "k".repeat(24);
const lambda = (
  name: string,
  type: "AWS" | "AWS_PROXY" = "AWS_PROXY",
): NonNullable<RestMethod["methodIntegration"]> => ({
  type,
  httpMethod: "POST",
  uri: `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:${name}/invocations`,
});

/** An API with one resource "/x" below its root, whose methods these are. */
async function create(
  name: string,
  methods: Readonly<Record<string, RestMethod>>,
  rest: Partial<RestApiSpec> = {},
): Promise<void> {
  const resources = [
    { id: "root" },
    { id: "x", parentId: "root", pathPart: "x", resourceMethods: methods },
    ...(rest.resources ?? []),
  ];
  const stages: readonly RestStage[] = [{ stageName: "dev" }];
  await edge.objects.create(restApiKind, {
    metadata: { name, namespace: "default" },
    spec: { stages, ...rest, resources },
  });
}

const ask = (
  target: string,
  headers: Readonly<Record<string, string>> = {},
  body = "",
): ReturnType<SampleEdge["ask"]> => {
  const [method, name, path] = target.split(" ");
  return edge.ask(`${method} ${name}.execute-api.localhost${path}`, headers, body);
};

test("a proxied function has the request as REST APIs give it, with headers as they were written", async () => {
  await create(
    "proxied",
    {},
    {
      resources: [
        { id: "u", parentId: "root", pathPart: "users", resourceMethods: {} },
        { id: "i", parentId: "u", pathPart: "{id}", resourceMethods: { ANY: { methodIntegration: lambda("proxy") } } },
        {
          id: "p",
          parentId: "root",
          pathPart: "{proxy+}",
          resourceMethods: { GET: { methodIntegration: lambda("proxy") } },
        },
      ],
      stages: [{ stageName: "dev", variables: { color: "red" } }],
    },
  );
  const answer = await ask("PUT proxied /dev/users/J%C3%BCrg?a=1&a=2", { "X-Mixed-Case": "v" }, '{"b":1}');
  assert.deepEqual([answer.status, answer.headers["x-fn"]], [200, "1"]);
  assert.match(String(answer.headers["x-amzn-requestid"]), /^[0-9a-f-]{36}$/);
  const event = JSON.parse(answer.text) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  assert.deepEqual(
    [event["resource"], event["path"], event["httpMethod"], event["body"], event["isBase64Encoded"]],
    ["/users/{id}", "/users/Jürg", "PUT", '{"b":1}', false],
  );
  assert.deepEqual(
    [
      event["pathParameters"],
      event["stageVariables"],
      event["queryStringParameters"],
      event["multiValueQueryStringParameters"],
    ],
    [{ id: "Jürg" }, { color: "red" }, { a: "2" }, { a: ["1", "2"] }],
  );
  assert.equal(event["headers"]?.["X-Mixed-Case"], "v");
  const { requestContext: about } = event;
  assert.deepEqual(
    [about?.["stage"], about?.["path"], about?.["resourcePath"], about?.["resourceId"], about?.["apiId"]],
    ["dev", "/dev/users/J%C3%BCrg", "/users/{id}", "i", "proxied"],
  );
  const greedy = JSON.parse((await ask("GET proxied /dev/a/b/c")).text) as typeof event;
  assert.deepEqual([greedy["pathParameters"], greedy["body"]], [{ proxy: "a/b/c" }, null]);
});

const own: readonly (readonly [title: string, target: string, status: number, body: string, type?: string])[] = [
  [
    "a path without a method",
    "GET words /dev/none",
    403,
    '{"message":"Missing Authentication Token"}',
    "MissingAuthenticationTokenException",
  ],
  [
    "another method",
    "POST words /dev/x",
    403,
    '{"message":"Missing Authentication Token"}',
    "MissingAuthenticationTokenException",
  ],
  ["a stage that is not there", "GET words /prod/x", 403, '{"message":"Forbidden"}', "ForbiddenException"],
  [
    "a function that answers nonsense",
    "GET words /dev/nonsense",
    502,
    '{"message":"Internal server error"}',
    "InternalServerErrorException",
  ],
  ["a function that does not run", "GET words /dev/slow", 502, '{"message":"Internal server error"}'],
  ["a method without an integration", "GET words /dev/nothing", 500, '{"message":"Internal server error"}'],
];
for (const [title, target, status, body, type] of own)
  test(`the gateway's own words: ${title}`, async () => {
    if ((await edge.objects.get(restApiKind, "default/words")) === null)
      await create(
        "words",
        { GET: { methodIntegration: lambda("proxy") } },
        {
          resources: ["nonsense", "slow"]
            .map((name) => ({
              id: name,
              parentId: "root",
              pathPart: name,
              resourceMethods: { GET: { methodIntegration: lambda(name) } },
            }))
            .concat({ id: "n", parentId: "root", pathPart: "nothing", resourceMethods: { GET: {} } } as never),
        },
      );
    const answer = await ask(target);
    assert.deepEqual([answer.status, answer.text], [status, body]);
    if (type !== undefined) assert.equal(answer.headers["x-amzn-errortype"], type);
  });

test("gateway responses change status, headers and words, each type or all of a kind", async () => {
  await create(
    "answered",
    { GET: { methodIntegration: lambda("nonsense") } },
    {
      gatewayResponses: {
        MISSING_AUTHENTICATION_TOKEN: {
          statusCode: "404",
          responseParameters: {
            "gatewayresponse.header.x-from": "method.request.header.x-who",
            "gatewayresponse.header.x-plain": "'p'",
          },
          responseTemplates: { "application/json": '{"why":$context.error.messageString,"at":"$context.stage"}' },
        },
        DEFAULT_5XX: { responseParameters: { "gatewayresponse.header.access-control-allow-origin": "'*'" } },
      },
    },
  );
  const none = await ask("GET answered /dev/none", { "x-who": "ann" });
  assert.deepEqual([none.status, none.headers["x-from"], none.headers["x-plain"]], [404, "ann", "p"]);
  assert.equal(none.text, '{"why":"Missing Authentication Token","at":"dev"}');
  const bad = await ask("GET answered /dev/x");
  assert.deepEqual([bad.status, bad.headers["access-control-allow-origin"]], [502, "*"]);
});

test("templates make the request of a function, and its answer by the pattern of its error", async () => {
  const mapped: RestMethod = {
    methodResponses: {
      200: {
        responseParameters: { "method.response.header.x-user": true },
        responseModels: { "application/json": "Empty" },
      },
    },
    methodIntegration: {
      type: "AWS",
      uri: "arn:aws:lambda:us-east-1:000000000000:function:plain",
      requestTemplates: {
        "application/json": `#set($in = $input.path('$'))
{"name": "$in.name", "tags": $input.json('$.tags'), "id": "$input.params('id')", "all": [#foreach($t in $in.tags)"$t"#if($foreach.hasNext),#end#end], "who": "$context.identity.sourceIp", "v": "$stageVariables.color", "e": "$util.escapeJavaScript($in.quote)"}`,
      },
      integrationResponses: {
        200: {
          responseParameters: { "method.response.header.x-user": "integration.response.body.got.name" },
          responseTemplates: {
            "application/json": '{"was":$input.json(\'$.got.tags\'),"said":"$input.path(\'$.got.e\')"}',
          },
        },
      },
    },
  };
  await create("templated", { POST: mapped }, { stages: [{ stageName: "dev", variables: { color: "red" } }] });
  const headers = { "content-type": "application/json" };
  const answer = await ask("POST templated /dev/x?id=7", headers, '{"name":"ann","tags":["a","b"],"quote":"x/\\"y"}');
  assert.deepEqual(
    [answer.status, answer.text, answer.headers["x-user"]],
    [200, '{"was":["a","b"],"said":"x/"y"}', "ann"],
  );
});

for (const [passthroughBehavior, type, status] of [
  ["WHEN_NO_MATCH", "text/plain", 200],
  ["WHEN_NO_TEMPLATES", "text/plain", 415],
  ["NEVER", "text/plain", 415],
  ["NEVER", "application/json", 200],
] as const)
  test(`a body of ${type} where passthroughBehavior is ${passthroughBehavior}: ${status}`, async () => {
    const name = `pass${passthroughBehavior}${type}`.replaceAll(/\W|_/g, "").toLowerCase();
    const requestTemplates = { "application/json": '{"statusCode": 200}' };
    const uri = "arn:aws:lambda:us-east-1:000000000000:function:plain";
    const methodIntegration = {
      type: "AWS",
      uri,
      passthroughBehavior,
      requestTemplates,
      integrationResponses: { 200: {} },
    } as const;
    await create(name, { POST: { methodIntegration } });
    assert.equal((await ask(`POST ${name} /dev/x`, { "content-type": type }, '{"a":1}')).status, status);
  });

test("MOCK answers with the status of its template, and overrides of its own", async () => {
  await create("mocked", {
    OPTIONS: {
      methodIntegration: {
        type: "MOCK",
        requestTemplates: { "application/json": '{"statusCode": 200}' },
        integrationResponses: {
          200: {
            responseParameters: { "method.response.header.Access-Control-Allow-Origin": "'*'" },
            responseTemplates: { "application/json": "#set($context.responseOverride.status = 204)" },
          },
        },
      },
    },
    GET: {
      methodIntegration: {
        type: "MOCK",
        requestTemplates: { "application/json": "{}" },
        integrationResponses: { 200: {} },
      },
    },
  });
  const answer = await ask("OPTIONS mocked /dev/x");
  assert.deepEqual([answer.status, answer.headers["access-control-allow-origin"]], [204, "*"]);
  assert.equal((await ask("GET mocked /dev/x")).status, 500);
});

test("HTTP and HTTP_PROXY: mapped parts go out, answers come back whole or by their status", async () => {
  const uri = `http://127.0.0.1:${port}/inner/{name}`;
  const requestParameters = {
    "integration.request.path.name": "method.request.querystring.n",
    "integration.request.header.x-added": "'added'",
    "integration.request.querystring.q": "context.stage",
  };
  await create("http", {
    GET: { methodIntegration: { type: "HTTP_PROXY", httpMethod: "GET", uri, requestParameters } },
    POST: {
      methodIntegration: {
        type: "HTTP",
        httpMethod: "PUT",
        uri,
        requestParameters,
        timeoutInMillis: 5_000,
        requestTemplates: { "application/json": '{"sent":$input.body}' },
        integrationResponses: {
          200: { responseTemplates: { "application/json": "$input.json('$.body')" } },
          410: { selectionPattern: "4\\d\\d", responseTemplates: { "text/plain": "gone" } },
        },
      },
    },
  });
  const proxied = await ask("GET http /dev/x?n=a%20b");
  assert.deepEqual(JSON.parse(proxied.text), {
    method: "GET",
    url: "/inner/a%20b?n=a%20b&q=dev",
    body: "",
    added: "added",
  });
  assert.deepEqual([proxied.headers["x-backend"], proxied.headers["x-amzn-remapped-server"]], ["b", "own"]);
  const mapped = await ask("POST http /dev/x?n=a", { "content-type": "application/json" }, "1");
  assert.deepEqual([mapped.status, JSON.parse(mapped.text)], [200, '{"sent":1}']);
  const gone = await ask("POST http /dev/x?n=missing", { "content-type": "application/json" }, "1");
  assert.deepEqual([gone.status, gone.text, gone.headers["content-type"]], [410, "gone", "text/plain"]);
});

test("what a method asks for must be there, and its body be what the model takes", async () => {
  const method: RestMethod = {
    requestValidatorId: "all",
    requestParameters: {
      "method.request.querystring.q": true,
      "method.request.header.X-Must": true,
      "method.request.header.X-May": false,
    },
    requestModels: { "application/json": "User" },
    methodIntegration: lambda("proxy"),
    operationName: "make",
  };
  await create(
    "validated",
    { POST: method, PUT: { ...method, requestValidatorId: "none" } },
    {
      requestValidators: [
        { id: "all", name: "all", validateRequestBody: true, validateRequestParameters: true },
        { id: "none", validateRequestBody: false, validateRequestParameters: false },
      ],
      models: [
        {
          name: "User",
          contentType: "application/json",
          description: "d",
          schema:
            '{"type":"object","required":["name"],"properties":{"name":{"type":"string","minLength":1},"pet":{"$ref":"https://apigateway.amazonaws.com/restapis/validated/models/Pet"}}}',
        },
        { name: "Pet", schema: '{"type":"string","enum":["cat"]}' },
      ],
    },
  );
  const headers = { "content-type": "application/json", "x-must": "1" };
  const missing = await ask("POST validated /dev/x", { "content-type": "application/json" }, '{"name":"a"}');
  assert.deepEqual(
    [missing.status, missing.text],
    [400, '{"message":"Missing required request parameters: [q, X-Must]"}'],
  );
  for (const body of ["{", "{}", '{"name":""}', '{"name":1}', '{"name":"a","pet":"dog"}']) {
    const refused = await ask("POST validated /dev/x?q=1", headers, body);
    assert.deepEqual([refused.status, refused.text], [400, '{"message":"Invalid request body"}'], body);
  }
  assert.equal((await ask("POST validated /dev/x?q=1", headers, '{"name":"a","pet":"cat"}')).status, 200);
  assert.equal((await ask("PUT validated /dev/x", headers, "{")).status, 200);
});

const AUTHORIZERS: readonly RestAuthorizer[] = [
  {
    id: "t",
    name: "t",
    type: "TOKEN",
    authorizerUri: "arn:aws:lambda:us-east-1:000000000000:function:token",
    identityValidationExpression: "Bearer \\w+",
    authorizerResultTtlInSeconds: 60,
  },
  {
    id: "r",
    name: "r",
    type: "REQUEST",
    authorizerUri: "arn:aws:lambda:us-east-1:000000000000:function:request",
    identitySource: "method.request.header.X-Who",
    authorizerResultTtlInSeconds: 0,
  },
];

test("TOKEN and REQUEST authorizers let in, keep what they said, and refuse in API Gateway's words", async () => {
  const custom = (authorizerId: string): RestMethod => ({
    authorizationType: "CUSTOM",
    authorizerId,
    methodIntegration: lambda("proxy"),
  });
  await create(
    "guarded",
    { GET: custom("t"), PUT: custom("r"), POST: { authorizationType: "NONE", methodIntegration: lambda("proxy") } },
    { authorizers: AUTHORIZERS },
  );
  const told = async (authorization?: string): Promise<readonly unknown[]> => {
    const { status, text } = await ask("GET guarded /dev/x", authorization === undefined ? {} : { authorization });
    return [status, status === 200 ? "in" : text];
  };
  assert.deepEqual(await told(), [401, '{"message":"Unauthorized"}']);
  assert.deepEqual(await told("Basic x"), [401, '{"message":"Unauthorized"}']);
  assert.deepEqual(await told("Bearer deny"), [
    403,
    '{"Message":"User is not authorized to access this resource with an explicit deny"}',
  ]);
  assert.deepEqual(await told("Bearer nobody"), [403, '{"Message":"User is not authorized to access this resource"}']);
  assert.deepEqual(await told("Bearer ann"), [200, "in"]);
  const asked = edge.ran.filter((name) => name === "token").length;
  assert.deepEqual(await told("Bearer ann"), [200, "in"]);
  assert.equal(edge.ran.filter((name) => name === "token").length, asked);
  const event = JSON.parse((await ask("PUT guarded /dev/x", { "X-Who": "bob" })).text) as {
    readonly requestContext: { readonly authorizer: object };
  };
  assert.deepEqual(event.requestContext.authorizer, { level: "3", principalId: "bob", integrationLatency: 0 });
  assert.equal((await ask("POST guarded /dev/x")).status, 200);
});

async function plan(name: string, spec: Partial<UsagePlanSpec>): Promise<void> {
  await edge.objects.create(usagePlanKind, {
    apiVersion: "catamaran.dev/v1",
    kind: "UsagePlan",
    metadata: { name, namespace: "default" },
    spec: { keys: [`${name}-key`], ...spec },
  });
}

async function key(name: string, value: string, enabled = true): Promise<void> {
  await edge.objects.create(apiKeyKind, {
    apiVersion: "catamaran.dev/v1",
    kind: "ApiKey",
    metadata: { name, namespace: "default" },
    spec: { value, enabled },
  });
}

const keyed: RestMethod = { apiKeyRequired: true, methodIntegration: lambda("proxy") };
const valueOf = (letter: string): string => letter.repeat(24);

test("a key lets in where a plan of the stage has it, as fast and as often as the plan says", async () => {
  await create("keyed", { GET: keyed, PUT: keyed });
  await key("fast-key", valueOf("f"));
  await key("off-key", valueOf("o"), false);
  await key("lost-key", valueOf("l"));
  await plan("fast", {
    keys: ["fast-key", "off-key"],
    apiStages: [{ apiId: "keyed", stage: "dev", throttle: { "/x/PUT": { rateLimit: 1, burstLimit: 1 } } }],
    throttle: { rateLimit: 10, burstLimit: 3 },
  });
  const status = async (method: string, value?: string): Promise<number> =>
    (await ask(`${method} keyed /dev/x`, value === undefined ? {} : { "x-api-key": value })).status;
  assert.deepEqual(
    await Promise.all([
      status("GET"),
      status("GET", valueOf("o")),
      status("GET", valueOf("l")),
      status("GET", "short"),
    ]),
    [403, 403, 403, 403],
  );
  const tries: number[] = [];
  for (let i = 0; i < 4; i++) tries.push(await status("GET", valueOf("f")));
  assert.deepEqual(tries, [200, 200, 200, 429]);
  assert.deepEqual([await status("PUT", valueOf("f")), await status("PUT", valueOf("f"))], [200, 429]);
  edge.clock.advance(1_000);
  assert.equal(await status("GET", valueOf("f")), 200);
  const event = JSON.parse((await ask("GET keyed /dev/x", { "x-api-key": valueOf("f") })).text) as {
    readonly requestContext: { readonly identity: Readonly<Record<string, unknown>> };
  };
  assert.equal(event.requestContext.identity["apiKeyId"], "fast-key");
});

for (const [period, days] of [
  ["DAY", 1],
  ["WEEK", 7],
  ["MONTH", 31],
] as const)
  test(`a quota of a ${period} is used up, and begins anew`, async () => {
    const name = `quota${period.toLowerCase()}`;
    await create(name, { GET: keyed });
    await key(`${name}-key`, valueOf(period[0] ?? ""));
    await plan(name, { apiStages: [{ apiId: name, stage: "dev" }], quota: { limit: 3, offset: 1, period } });
    const told = async (): Promise<string> =>
      (await ask(`GET ${name} /dev/x`, { "x-api-key": valueOf(period[0] ?? "") })).text;
    const first = [await told(), await told(), await told()];
    assert.deepEqual(
      first.map((text) => text === '{"message":"Limit Exceeded"}'),
      [false, false, true],
    );
    edge.clock.advance(days * 86_400_000);
    assert.notEqual(await told(), '{"message":"Limit Exceeded"}');
  });

for (const [apiKeySource, headers, status] of [
  ["HEADER", {}, 403],
  ["AUTHORIZER", {}, 200],
] as const)
  test(`a key that the ${apiKeySource} says`, async () => {
    const name = `source${apiKeySource.toLowerCase()}`;
    const method: RestMethod = { ...keyed, authorizationType: "CUSTOM", authorizerId: "r" };
    await create(name, { GET: method }, { authorizers: AUTHORIZERS, apiKeySource });
    if ((await edge.objects.get(apiKeyKind, "default/said-key")) === null) await key("said-key", KEY);
    await plan(name, { keys: ["said-key"], apiStages: [{ apiId: name, stage: "dev" }] });
    assert.equal((await ask(`GET ${name} /dev/x`, { "x-who": "ann", ...headers })).status, status);
  });

test("a canary serves its share from its own deployment, with its own variables", async () => {
  await create(
    "canaried",
    {},
    {
      stages: [
        {
          stageName: "prod",
          deploymentId: "old",
          variables: { v: "1" },
          canarySettings: { deploymentId: "new", percentTraffic: 30, stageVariableOverrides: { v: "2" } },
        },
      ],
    },
  );
  for (const [deploymentId, status] of [
    ["old", "200"],
    ["new", "202"],
  ] as const) {
    const methodIntegration = {
      type: "MOCK",
      requestTemplates: { "application/json": `{"statusCode": ${status}}` },
      integrationResponses: {
        [status]: { selectionPattern: status, responseTemplates: { "text/plain": "$stageVariables.v" } },
      },
    };
    await edge.objects.create(apiDeploymentKind, {
      metadata: { name: `canaried-${deploymentId}`, namespace: "default" },
      spec: {
        api: "canaried",
        deploymentId,
        snapshot: { resources: [{ id: "r", resourceMethods: { GET: { methodIntegration } } }] } as never,
      },
    });
  }
  const told = new Map<string, number>();
  for (let i = 0; i < 200; i++) {
    const { status, text } = await ask("GET canaried /prod/");
    told.set(`${status} ${text}`, (told.get(`${status} ${text}`) ?? 0) + 1);
  }
  assert.deepEqual([...told.keys()].toSorted(), ["200 1", "202 2"]);
  assert.ok(Math.abs((told.get("202 2") ?? 0) - 60) < 25, JSON.stringify([...told]));
});

test("binary types, compression, and bodies that come compressed", async () => {
  await create(
    "bytes",
    {
      GET: { methodIntegration: lambda("picture") },
      PUT: { methodIntegration: lambda("proxy") },
      POST: { methodIntegration: lambda("long") },
    },
    { binaryMediaTypes: ["image/png"], minimumCompressionSize: 1_000 },
  );
  await create("texts", { GET: { methodIntegration: lambda("picture") } });
  assert.equal((await ask("GET bytes /dev/x", { accept: "image/png" })).text, Buffer.from([1, 255]).toString());
  assert.equal((await ask("GET texts /dev/x", { accept: "image/png" })).text, Buffer.from([1, 255]).toString("base64"));
  const event = JSON.parse((await ask("PUT bytes /dev/x", { "content-type": "image/png" }, "png")).text) as {
    readonly isBase64Encoded: boolean;
  };
  assert.equal(event.isBase64Encoded, true);
  const long = await ask("POST bytes /dev/x", { "accept-encoding": "gzip" });
  assert.equal(long.headers["content-encoding"], "gzip");
  assert.equal((await ask("POST bytes /dev/x")).headers["content-encoding"], undefined);
  assert.ok(gunzipSync(gzipSync("x")).length === 1);
});

test("a stage with a cache answers again for its time, by the parameters that the integration names", async () => {
  const methodIntegration = {
    ...lambda("counted"),
    type: "AWS_PROXY" as const,
    cacheKeyParameters: ["method.request.querystring.q"],
    cacheNamespace: "n",
  };
  await create(
    "cached",
    { GET: { methodIntegration } },
    {
      stages: [
        {
          stageName: "dev",
          cacheClusterEnabled: true,
          methodSettings: { "*/*": { cachingEnabled: true, cacheTtlInSeconds: 60 } },
        },
      ],
    },
  );
  const told = async (query: string, headers = {}): Promise<string> =>
    (await ask(`GET cached /dev/x${query}`, headers)).text;
  const first = await told("?q=1");
  assert.equal(await told("?q=1&other=2"), first);
  assert.notEqual(await told("?q=2"), first);
  assert.notEqual(await told("?q=1", { "cache-control": "max-age=0" }), first);
  edge.clock.advance(60_001);
  assert.notEqual(await told("?q=1"), first);
});

test("throttles of methods, access logs and execution logs are the stage's", async () => {
  const destinationArn = "arn:aws:logs:us-east-1:000000000000:log-group:/rest";
  await create(
    "logged",
    {
      GET: { methodIntegration: lambda("proxy") },
      PUT: { methodIntegration: lambda("nonsense") },
      POST: { methodIntegration: lambda("proxy") },
    },
    {
      stages: [
        {
          stageName: "dev",
          description: "d",
          accessLogSettings: { destinationArn, format: "$context.requestId $context.status $context.resourcePath" },
          methodSettings: {
            "x/GET": { throttlingRateLimit: 1, throttlingBurstLimit: 1, loggingLevel: "INFO", dataTraceEnabled: true },
            "x/PUT": { loggingLevel: "ERROR" },
            "x/POST": { loggingLevel: "OFF" },
          },
        },
      ],
    },
  );
  const statuses = [];
  for (const target of ["GET", "GET", "PUT", "POST"]) statuses.push((await ask(`${target} logged /dev/x`)).status);
  assert.deepEqual(statuses, [200, 429, 502, 200]);
  edge.clock.advance(1_000);
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  const access = edge.lines
    .filter(({ group }) => group === "/rest")
    .map(({ text }) => text.split(" ").slice(1).join(" "));
  assert.deepEqual(access, ["200 /x", "429 /x", "502 /x", "200 /x"]);
  const execution = edge.lines
    .filter(({ group }) => group === "API-Gateway-Execution-Logs_logged/dev")
    .map(({ text }) => text);
  assert.ok(execution.some((text) => text.includes("Method response body after transformations: {")));
  assert.ok(
    execution.some((text) => text.includes("Gateway response type: API_CONFIGURATION_ERROR with status code: 502")),
  );
  assert.equal(execution.filter((text) => text.includes("Starting execution")).length, 3);
});

test("contentHandling turns texts into bytes and back", async () => {
  const uri = "arn:aws:lambda:us-east-1:000000000000:function:plain";
  const answered = (contentHandling: "CONVERT_TO_BINARY" | "CONVERT_TO_TEXT"): RestMethod => ({
    methodIntegration: { type: "AWS", uri, integrationResponses: { 200: { contentHandling } } },
  });
  await create("handled", { GET: answered("CONVERT_TO_TEXT"), PUT: answered("CONVERT_TO_BINARY") });
  assert.equal((await ask("GET handled /dev/x")).text, Buffer.from('{"got":{}}').toString("base64"));
  assert.equal((await ask("PUT handled /dev/x")).text, Buffer.from('{"got":{}}', "base64").toString());
});

test("an API whose own address is closed is not served there", async () => {
  await create("shut", { GET: { methodIntegration: lambda("proxy") } }, { disableExecuteApiEndpoint: true });
  assert.equal((await ask("GET shut /dev/x")).status, 404);
});
