/** APIs from OpenAPI documents with API Gateway's extensions, as SAM and the console write them, and what is refused of them. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { httpApiKind } from "#kinds/catamaran/http-api.ts";
import { pathOf, restApiKind } from "#kinds/catamaran/rest-api.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "./sample-door.ts";

type Members = Readonly<Record<string, unknown>>;

let door: SampleDoor;
before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
});
after(() => door[Symbol.asyncDispose]());

async function ask(
  method: string,
  path: string,
  input: unknown,
): Promise<{ readonly status: number; readonly json: Members }> {
  const answer = await door.send({ service: "apigateway", method, path, input });
  return { status: answer.status, json: (answer.json ?? {}) as Members };
}

async function found<T extends KubeObject>(kind: Kind<T>, id: string): Promise<T> {
  const object = await door.objects.get(kind, `default/${id}`);
  assert.ok(object);
  return object;
}

const URI =
  "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations";
const PROXY = { type: "aws_proxy", httpMethod: "POST", uri: URI };

const SWAGGER = {
  swagger: "2.0",
  info: { title: "orders", version: "2" },
  "x-amazon-apigateway-binary-media-types": ["image/png"],
  "x-amazon-apigateway-request-validators": { all: { validateRequestBody: true, validateRequestParameters: true } },
  "x-amazon-apigateway-gateway-responses": {
    DEFAULT_4XX: { statusCode: 418, responseParameters: { "gatewayresponse.header.a": "'b'" } },
  },
  securityDefinitions: {
    key: { type: "apiKey", name: "x-api-key", in: "header" },
    auth: {
      type: "apiKey",
      name: "Authorization",
      in: "header",
      "x-amazon-apigateway-authorizer": { type: "token", authorizerUri: URI, authorizerResultTtlInSeconds: 5 },
    },
    sigv4: { type: "apiKey", name: "Authorization", in: "header", "x-amazon-apigateway-authtype": "awsSigv4" },
  },
  definitions: {
    Order: { type: "object", properties: { item: { $ref: "#/definitions/Item" } } },
    Item: { type: "string" },
  },
  paths: {
    "/orders/{id}": {
      get: {
        operationId: "read",
        security: [{ auth: [] }, { key: [] }],
        parameters: [{ name: "q", in: "query", required: true }],
        "x-amazon-apigateway-integration": PROXY,
      },
      put: {
        "x-amazon-apigateway-request-validator": "all",
        parameters: [{ name: "o", in: "body", schema: { $ref: "#/definitions/Order" } }],
        responses: { 200: {} },
        "x-amazon-apigateway-integration": {
          type: "aws",
          uri: URI,
          requestTemplates: { "application/json": "$input.body" },
          responses: {
            default: { statusCode: "200", responseTemplates: { "application/json": "{}" } },
            "bad.*": { statusCode: 400 },
          },
        },
      },
    },
    "/{proxy+}": {
      "x-amazon-apigateway-any-method": { security: [{ sigv4: [] }], "x-amazon-apigateway-integration": PROXY },
    },
  },
};

test("a REST API from OpenAPI 2: its tree, guards, keys, models, validators and answers", async () => {
  const made = await ask("POST", "/restapis?mode=import", SWAGGER);
  assert.equal(made.status, 201, JSON.stringify(made.json));
  const { spec } = await found(restApiKind, String(made.json["id"]));
  const paths = new Map(spec.resources.map((one) => [pathOf(spec, one.id), one.resourceMethods ?? {}]));
  assert.deepEqual([...paths.keys()].toSorted(), ["/", "/orders", "/orders/{id}", "/{proxy+}"]);
  const { GET: read = {}, PUT: write = {} } = paths.get("/orders/{id}") ?? {};
  assert.deepEqual(
    [read.authorizationType, read.apiKeyRequired, read.operationName, read.requestParameters],
    ["CUSTOM", true, "read", { "method.request.querystring.q": true }],
  );
  const [authorizer] = spec.authorizers ?? [];
  const [validator] = spec.requestValidators ?? [];
  assert.equal(authorizer?.identitySource, "method.request.header.Authorization");
  assert.deepEqual([write.requestModels, write.requestValidatorId], [{ "application/json": "Order" }, validator?.id]);
  const { integrationResponses: answers = {} } = write.methodIntegration ?? {};
  assert.deepEqual(
    Object.entries(answers).map(([status, { selectionPattern }]) => [status, selectionPattern]),
    [
      ["200", undefined],
      ["400", "bad.*"],
    ],
  );
  assert.equal(paths.get("/{proxy+}")?.["ANY"]?.authorizationType, "AWS_IAM");
  const order = spec.models?.find(({ name }) => name === "Order");
  assert.match(order?.schema ?? "", /"\$ref":"models\/Item"/);
  const refusal = {
    statusCode: "418",
    responseParameters: { "gatewayresponse.header.a": "'b'" },
    responseTemplates: {},
  };
  assert.deepEqual([spec.binaryMediaTypes, spec.gatewayResponses], [["image/png"], { DEFAULT_4XX: refusal }]);
  const again = await ask("PUT", `/restapis/${String(made.json["id"])}?mode=overwrite`, {
    ...SWAGGER,
    info: { title: "renamed" },
    paths: {},
  });
  assert.deepEqual([again.status, again.json["name"]], [200, "renamed"]);
});

const OPENAPI = {
  openapi: "3.0.1",
  info: { title: "shop", version: "1" },
  "x-amazon-apigateway-cors": { allowOrigins: ["https://a.test"], maxAge: 5 },
  components: {
    securitySchemes: {
      users: {
        type: "oauth2",
        "x-amazon-apigateway-authorizer": {
          type: "jwt",
          identitySource: "$request.header.Authorization",
          jwtConfiguration: { issuer: "https://i.test", audience: ["a"] },
        },
      },
      fn: {
        type: "apiKey",
        name: "x",
        in: "header",
        "x-amazon-apigateway-authorizer": {
          type: "request",
          authorizerUri: URI,
          identitySource: "$request.header.x",
          authorizerPayloadFormatVersion: "2.0",
          enableSimpleResponses: true,
          authorizerResultTtlInSeconds: 9,
        },
      },
    },
    "x-amazon-apigateway-integrations": {
      shared: { type: "HTTP_PROXY", uri: "https://example.test/{id}", httpMethod: "GET", payloadFormatVersion: "1.0" },
    },
  },
  paths: {
    "/items/{id}": {
      get: {
        security: [{ users: ["read"] }],
        "x-amazon-apigateway-integration": { $ref: "#/components/x-amazon-apigateway-integrations/shared" },
      },
      post: {
        security: [{ fn: [] }],
        "x-amazon-apigateway-integration": { ...PROXY, payloadFormatVersion: "2.0", timeoutInMillis: 500 },
      },
    },
    "/$default": {
      "x-amazon-apigateway-any-method": { isDefaultRoute: true, "x-amazon-apigateway-integration": PROXY },
    },
  },
};

test("an HTTP API from OpenAPI 3: routes, integrations that are shared, authorizers and cross-origin rules", async () => {
  const made = await ask("PUT", "/v2/apis", { body: JSON.stringify(OPENAPI) });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  const id = String(made.json["apiId"]);
  const { spec } = (await door.objects.get(httpApiKind, `default/${id}`)) ?? {};
  assert.deepEqual(
    spec?.routes.map(({ routeKey, authorizationType, authorizationScopes }) => [
      routeKey,
      authorizationType,
      authorizationScopes,
    ]),
    [
      ["GET /items/{id}", "JWT", ["read"]],
      ["POST /items/{id}", "CUSTOM", undefined],
      ["$default", "NONE", undefined],
    ],
  );
  assert.deepEqual(
    spec?.integrations?.map(({ integrationType, timeoutInMillis }) => [integrationType, timeoutInMillis]),
    [
      ["HTTP_PROXY", 30_000],
      ["AWS_PROXY", 500],
      ["AWS_PROXY", 30_000],
    ],
  );
  assert.deepEqual(
    [spec?.cors, spec?.authorizers?.[0]?.jwtConfiguration?.audience],
    [{ allowOrigins: ["https://a.test"], allowMethods: [], allowHeaders: [], exposeHeaders: [], maxAge: 5 }, ["a"]],
  );
  const again = await ask("PUT", `/v2/apis/${id}`, { body: "openapi: 3.0.1\ninfo: { title: yaml }\npaths: {}\n" });
  assert.deepEqual([again.status, again.json["name"]], [201, "yaml"]);
});

const refused: readonly (readonly [title: string, path: string, document: unknown, says: RegExp])[] = [
  ["no document", "/restapis?mode=import", "[1]", /Invalid OpenAPI input/],
  ["another version", "/restapis?mode=import", { swagger: "1.2" }, /Invalid OpenAPI version/],
  [
    "an integration that is none",
    "/restapis?mode=import",
    { ...SWAGGER, paths: { "/": { get: { "x-amazon-apigateway-integration": { type: "ftp" } } } } },
    /Unsupported integration type FTP/,
  ],
  [
    "a role to call with",
    "/restapis?mode=import",
    { ...SWAGGER, paths: { "/": { get: { "x-amazon-apigateway-integration": { ...PROXY, credentials: "arn" } } } } },
    /credentials of integrations is not supported/,
  ],
  [
    "user pools",
    "/restapis?mode=import",
    { ...SWAGGER, securityDefinitions: { p: { "x-amazon-apigateway-authorizer": { type: "cognito_user_pools" } } } },
    /COGNITO_USER_POOLS are not supported/,
  ],
  [
    "a scheme that nobody checks",
    "/v2/apis",
    {
      ...OPENAPI,
      components: {},
      paths: { "/": { get: { security: [{ x: [] }], "x-amazon-apigateway-integration": PROXY } } },
    },
    /is no authorizer/,
  ],
];
for (const [title, path, document, says] of refused)
  test(`refused: ${title}`, async () => {
    const isHttp = path.startsWith("/v2");
    const answer = await ask(isHttp ? "PUT" : "POST", path, isHttp ? { body: JSON.stringify(document) } : document);
    assert.equal(answer.status, 400);
    assert.match(String(answer.json["message"]), says);
  });
