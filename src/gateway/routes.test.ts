/** What Ingresses, HTTP APIs and function URLs say becomes a route, member by member. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FunctionAlias } from "#kinds/catamaran/function-alias.ts";
import type { FunctionObject } from "#kinds/catamaran/function.ts";
import type { HttpApi } from "#kinds/catamaran/http-api.ts";
import type { Ingress } from "#kinds/networking/ingress.ts";
import type { Route } from "./route.ts";
import { routesOf, type RouteSources, stripPrefix } from "./routes.ts";

/** Lets everybody in. */
const OPEN = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Principal: "*", Action: "lambda:InvokeFunctionUrl", Resource: "*" },
});
const PLACE = { accountId: "000000000000", region: "us-east-1" };
const none: RouteSources = {
  ingresses: [],
  httpApis: [],
  restApis: [],
  webSocketApis: [],
  deployments: [],
  apiKeys: [],
  usagePlans: [],
  functions: [],
  aliases: [],
};

function routesFrom(sources: Partial<RouteSources>): readonly Route[] {
  return [...routesOf({ ...none, ...sources }, PLACE).byHost.values()].flat();
}

function backendOf(sources: Partial<RouteSources>): object {
  return routesFrom(sources)[0]?.backends[0] ?? {};
}

const apiOf = (payloadFormatVersion?: "1.0" | "2.0"): HttpApi => ({
  metadata: { name: "api", namespace: "default", uid: "u" },
  spec: {
    stages: [{ stageName: "$default", autoDeploy: true }],
    routes: [{ routeKey: "GET /", function: "f", ...(payloadFormatVersion !== undefined && { payloadFormatVersion }) }],
  },
});

for (const [asked, payload] of [
  [undefined, "2.0"],
  ["1.0", "1.0"],
  ["2.0", "2.0"],
] as const)
  test(`a route of an HTTP API with payloadFormatVersion ${asked ?? "unsaid"} sends events of ${payload}`, () => {
    const { apis } = routesOf({ ...none, httpApis: [apiOf(asked)] }, PLACE);
    const served = apis.get("api.execute-api.localhost");
    const target = served?.is === "http" ? served.stages.get("$default")?.routes[0]?.target : undefined;
    assert.equal(target?.is === "function" && target.payload, payload);
  });

for (const authType of ["NONE", "AWS_IAM"] as const)
  test(`a function URL with authType ${authType} is a route that asks for it`, () => {
    const fn = {
      metadata: { name: "f", namespace: "default", uid: "u" },
      spec: {
        runtime: "nodejs22.x",
        handler: "a.b",
        role: "r",
        code: { sha256: "x", size: 1 },
        url: { authType },
        policy: OPEN,
      },
    } as FunctionObject;
    const backend = backendOf({ functions: [fn] });
    assert.equal("auth" in backend && backend.auth, authType);
  });

test("a function URL without signatures is closed unless a policy opens it", () => {
  const fn: FunctionObject = {
    metadata: { name: "f", namespace: "default", uid: "u" },
    spec: { runtime: "nodejs24.x", handler: "a.b", code: { sha256: "x", size: 1 }, url: { authType: "NONE" } },
  };
  const backend = backendOf({ functions: [fn] });
  assert.equal("auth" in backend && backend.auth, "CLOSED");
});

for (const [invokeMode, isStreamed] of [
  ["BUFFERED", undefined],
  ["RESPONSE_STREAM", true],
] as const)
  test(`a function URL with invokeMode ${invokeMode} is ${isStreamed === true ? "" : "not "}streamed`, () => {
    const fn: FunctionObject = {
      metadata: { name: "f", namespace: "default", uid: "u" },
      spec: {
        runtime: "nodejs24.x",
        handler: "a.b",
        code: { sha256: "x", size: 1 },
        url: { authType: "NONE", invokeMode },
      },
    };
    const backend = backendOf({ functions: [fn] });
    assert.equal("isStreamed" in backend ? backend.isStreamed : undefined, isStreamed);
  });

test("the URL of an alias leads to the alias", () => {
  const alias: FunctionAlias = {
    metadata: { name: "f.live", namespace: "default", uid: "u" },
    spec: { function: "f", alias: "live", version: "1", url: { authType: "NONE" } },
  };
  const [route] = routesFrom({ aliases: [alias] });
  const [backend] = route?.backends ?? [];
  assert.equal(route?.host, "f.live.default.lambda-url.localhost");
  assert.deepEqual(backend?.is === "function" && [backend.name, backend.qualifier], ["f", "live"]);
});

for (const [pathType, expected] of [
  ["Exact", "Exact"],
  ["Prefix", "Prefix"],
  ["ImplementationSpecific", "Prefix"],
] as const)
  test(`a path of an Ingress with pathType ${pathType} is matched as ${expected}`, () => {
    const backend = { service: { name: "web", port: { number: 80 } } };
    const ingress: Ingress = {
      metadata: { name: "i", namespace: "default" },
      spec: { rules: [{ http: { paths: [{ path: "/a", pathType, backend }] } }] },
    };
    assert.equal(routesFrom({ ingresses: [ingress] })[0]?.pathType, expected);
  });

for (const [host, path, expected] of [
  ["a", "/_apis/Shop/dev/x", ["shop.execute-api.localhost", "/dev/x"]],
  ["a", "/_apis/shop", ["shop.execute-api.localhost", "/"]],
  ["shop.execute-api.us-east-1.amazonaws.com", "/dev/x", ["shop.execute-api.localhost", "/dev/x"]],
  ["shop.execute-api.us-east-1.localhost", "/", ["shop.execute-api.localhost", "/"]],
  ["shop.execute-api.localhost", "/", ["shop.execute-api.localhost", "/"]],
  ["execute-api.us-east-1.amazonaws.com.evil.test", "/", ["execute-api.us-east-1.amazonaws.com.evil.test", "/"]],
  ["a", "/_functions/default/f/x", ["f.default.lambda-url.localhost", "/x"]],
] as const)
  test(`${host}${path} is an address of ${expected[0]}`, () => {
    const found = stripPrefix(host, path);
    assert.deepEqual([found.host, found.path], expected);
  });
