/** HTTP APIs over HTTP: stages, deployments, variables, throttles, cross-origin rules, Services and addresses behind routes, access logs. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createSecureServer } from "node:tls";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { apiDeploymentKind } from "#kinds/catamaran/api-deployment.ts";
import { httpApiKind, type HttpApiSpec } from "#kinds/catamaran/http-api.ts";
import { endpointSliceKind, type EndpointSlice } from "#kinds/networking/endpoint-slice.ts";
import { type Service, serviceKind } from "#kinds/core/service.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { openSampleEdge, type SampleEdge } from "../sample-edge.ts";

let edge: SampleEdge;
let pod: Server;
let port: number;
before(async () => {
  pod = createServer((request, response) => {
    const { host, "x-added": added = "" } = request.headers;
    response.writeHead(request.url === "/teapot" ? 418 : 200, { "x-pod": "1" });
    response.end(`${request.method} ${request.url} ${host} ${String(added)}`);
  });
  await new Promise<void>((resolve) => pod.listen(0, "127.0.0.1", resolve));
  port = (pod.address() as AddressInfo).port;
  edge = await openSampleEdge(new MemoryJournal(new FakeClock()), {
    invoke: (name, event) => ({ statusCode: 200, body: JSON.stringify({ name, event }), headers: { "x-fn": name } }),
  });
  const service = { metadata: { name: "web", namespace: "default" }, spec: { ports: [{ port: 80 }] } } as Service;
  await edge.objects.create(serviceKind, service);
  await edge.objects.create(endpointSliceKind, {
    metadata: { name: "web-1", namespace: "default", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    ports: [{ port, name: "" }],
    endpoints: [{ addresses: ["127.0.0.1"] }],
  } as unknown as EndpointSlice);
});
after(async () => {
  await edge[Symbol.asyncDispose]();
  pod.closeAllConnections();
  pod.close();
});

async function create(name: string, spec: Partial<HttpApiSpec>): Promise<void> {
  await edge.objects.create(httpApiKind, { metadata: { name, namespace: "default" }, spec: { routes: [], ...spec } });
}

const ARN = "arn:aws:lambda:us-east-1:000000000000:function:";
const seen = (text: string): { readonly name: string; readonly event: Readonly<Record<string, unknown>> } =>
  JSON.parse(text) as ReturnType<typeof seen>;

test("a stage with a name stands in the path, $default does not, and the event says both", async () => {
  await create("staged", {
    routes: [{ routeKey: "GET /a/{id}", function: "f" }],
    stages: [
      { stageName: "$default", autoDeploy: true },
      { stageName: "dev", autoDeploy: true, stageVariables: { color: "red" } },
    ],
  });
  const plain = seen((await edge.ask("GET staged.execute-api.localhost/a/1")).text).event;
  assert.deepEqual([plain["rawPath"], plain["stageVariables"]], ["/a/1", undefined]);
  for (const target of ["GET staged.execute-api.localhost/dev/a/1", "GET 127.0.0.1/_apis/staged/dev/a/1"]) {
    const { event } = seen((await edge.ask(target)).text);
    assert.deepEqual([event["rawPath"], event["stageVariables"]], ["/dev/a/1", { color: "red" }]);
  }
  const missing = await edge.ask("GET staged.execute-api.localhost/dev/b");
  assert.deepEqual([missing.status, missing.text], [404, '{"message":"Not Found"}']);
});

test("a stage without autoDeploy serves what its deployment kept, whatever the API says now", async () => {
  await create("kept", {
    routes: [{ routeKey: "GET /new", function: "f" }],
    stages: [{ stageName: "prod", deploymentId: "d1" }, { stageName: "empty" }],
  });
  const snapshot = { routes: [{ routeKey: "GET /old", function: "f" }], integrations: [], authorizers: [] };
  await edge.objects.create(apiDeploymentKind, {
    metadata: { name: "kept-d1", namespace: "default" },
    spec: { api: "kept", deploymentId: "d1", snapshot },
  });
  const statuses = async (...paths: readonly string[]): Promise<readonly number[]> =>
    Promise.all(paths.map(async (path) => (await edge.ask(`GET kept.execute-api.localhost${path}`)).status));
  assert.deepEqual(await statuses("/prod/old", "/prod/new", "/empty/new", "/new"), [200, 404, 404, 404]);
});

test("stage variables choose the function of an integration", async () => {
  const integrationUri = `${ARN}\${stageVariables.fn}`;
  await create("varied", {
    integrations: [{ integrationId: "i", integrationType: "AWS_PROXY", integrationUri }],
    routes: [{ routeKey: "$default", target: "integrations/i" }],
    stages: [
      { stageName: "blue", autoDeploy: true, stageVariables: { fn: "blue-fn" } },
      { stageName: "red", autoDeploy: true, stageVariables: { fn: "red-fn" } },
    ],
  });
  const answers = await Promise.all(
    ["blue", "red"].map((stage) => edge.ask(`GET varied.execute-api.localhost/${stage}/x`)),
  );
  assert.deepEqual(
    answers.map(({ text }) => seen(text).name),
    ["blue-fn", "red-fn"],
  );
  // Payload 1.0 is what an integration has that says none.
  assert.equal(seen(answers[0]?.text ?? "").event["version"], "1.0");
});

test("routes to pods: a Service in the route, a Service's name in an address, and any address with parameters", async () => {
  const mapping = { requestParameters: { "append:header.x-added": "$request.path.id" } };
  const http = { integrationType: "HTTP_PROXY" } as const;
  await create("pods", {
    integrations: [
      {
        ...http,
        integrationId: "svc",
        integrationUri: "http://web.default.svc.cluster.local/inner",
        integrationMethod: "POST",
      },
      { ...http, integrationId: "url", integrationUri: `http://127.0.0.1:${port}/users/{id}?k=1`, ...mapping },
      {
        ...http,
        integrationId: "tea",
        integrationUri: `http://127.0.0.1:${port}/teapot`,
        responseParameters: { "418": { "overwrite:statuscode": "200", "append:header.x-tea": "yes" } },
      },
      { ...http, integrationId: "gone", integrationUri: "http://127.0.0.1:1/", timeoutInMillis: 50 },
    ],
    routes: [
      { routeKey: "ANY /short/{proxy+}", service: { name: "web", port: 80 } },
      { routeKey: "GET /svc", target: "integrations/svc" },
      { routeKey: "GET /users/{id}", target: "integrations/url" },
      { routeKey: "GET /tea", target: "integrations/tea" },
      { routeKey: "GET /gone", target: "integrations/gone" },
    ],
  });
  const ask = (path: string): ReturnType<SampleEdge["ask"]> => edge.ask(`GET pods.execute-api.localhost${path}`);
  assert.equal((await ask("/short/a?b=1")).text, "GET /short/a?b=1 pods.execute-api.localhost ");
  assert.equal((await ask("/svc?a=1")).text, "POST /inner?a=1 web.default.svc.cluster.local ");
  assert.equal((await ask("/users/J%C3%BCrg")).text, `GET /users/J%C3%BCrg?k=1 127.0.0.1:${port} Jürg`);
  const tea = await ask("/tea");
  assert.deepEqual([tea.status, tea.headers["x-tea"], tea.headers["x-pod"]], [200, "yes", "1"]);
  const gone = await ask("/gone");
  assert.deepEqual([gone.status, gone.text], [503, '{"message":"Service Unavailable"}']);
});

test("a server proves the name that tlsConfig says, and one that proves none is not spoken to", async () => {
  const asked: string[] = [];
  const secure = createSecureServer({
    SNICallback: (name, done) => {
      asked.push(name);
      done(new Error("no certificate"));
    },
  });
  await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
  const integrationUri = `https://127.0.0.1:${(secure.address() as AddressInfo).port}/`;
  const tlsConfig = { serverNameToVerify: "shop.test" };
  await create("secure", {
    integrations: [{ integrationId: "i", integrationType: "HTTP_PROXY", integrationUri, tlsConfig }],
    routes: [{ routeKey: "$default", target: "integrations/i" }],
  });
  assert.equal((await edge.ask("GET secure.execute-api.localhost/")).status, 503);
  assert.deepEqual(asked, ["shop.test"]);
  secure.close();
});

test("a throttle of a stage is each route's own, and a route's goes before it", async () => {
  await create("throttled", {
    routes: ["GET /a", "GET /b", "GET /free"].map((routeKey) => ({ routeKey, function: "f" })),
    stages: [
      {
        stageName: "$default",
        autoDeploy: true,
        defaultRouteSettings: { throttlingRateLimit: 1, throttlingBurstLimit: 2 },
        routeSettings: { "GET /free": { throttlingBurstLimit: 1_000 } },
      },
    ],
  });
  const statuses = async (path: string): Promise<readonly number[]> => {
    const all: number[] = [];
    for (let i = 0; i < 3; i++) all.push((await edge.ask(`GET throttled.execute-api.localhost${path}`)).status);
    return all;
  };
  assert.deepEqual(await statuses("/a"), [200, 200, 429]);
  assert.deepEqual(await statuses("/b"), [200, 200, 429]);
  assert.deepEqual(await statuses("/free"), [200, 200, 200]);
  edge.clock.advance(1_000);
  assert.deepEqual(await statuses("/a"), [200, 429, 429]);
});

test("the API's cross-origin rules hold for every answer, also of a refusal; a route for OPTIONS goes before them", async () => {
  await create("crossed", {
    cors: { allowOrigins: ["https://a.test"], allowMethods: ["GET"] },
    routes: [
      { routeKey: "GET /x", function: "f" },
      { routeKey: "OPTIONS /own", function: "f" },
    ],
  });
  const from = { origin: "https://a.test", "access-control-request-method": "GET" };
  const preflight = await edge.ask("OPTIONS crossed.execute-api.localhost/x", from);
  assert.deepEqual([preflight.status, preflight.headers["access-control-allow-methods"]], [204, "GET"]);
  for (const target of ["GET crossed.execute-api.localhost/x", "GET crossed.execute-api.localhost/none"])
    assert.equal((await edge.ask(target, from)).headers["access-control-allow-origin"], "https://a.test");
  assert.equal((await edge.ask("OPTIONS crossed.execute-api.localhost/own", from)).headers["x-fn"], "f");
});

test("a line in the access log for each request, in the stage's own format", async () => {
  await create("logged", {
    routes: [{ routeKey: "GET /x", function: "f" }],
    stages: [
      {
        stageName: "$default",
        autoDeploy: true,
        accessLogSettings: {
          destinationArn: "arn:aws:logs:us-east-1:000000000000:log-group:/apis/logged:*",
          format:
            '{"m":"$context.httpMethod","r":"$context.routeKey","s":$context.status,"u":"$context.identity.userAgent","n":"$context.nothing"}',
        },
      },
    ],
  });
  await edge.ask("GET logged.execute-api.localhost/x", { "user-agent": 'a"b' });
  await edge.ask("GET logged.execute-api.localhost/none");
  edge.clock.advance(1_000);
  await new Promise((resolve) => setImmediate(resolve));
  const lines = edge.lines.filter(({ group }) => group === "/apis/logged");
  assert.deepEqual(
    lines.map(({ text }) => text),
    ['{"m":"GET","r":"GET /x","s":200,"u":"a\\"b","n":"-"}', '{"m":"GET","r":"-","s":404,"u":"-","n":"-"}'],
  );
});

test("an API whose own address is closed is not served there, and a route that leads nowhere fails", async () => {
  await create("closed", { disableExecuteApiEndpoint: true, routes: [{ routeKey: "GET /x", function: "f" }] });
  assert.equal((await edge.ask("GET closed.execute-api.localhost/x")).status, 404);
  await create("nowhere", { routes: [{ routeKey: "GET /x", operationName: "none" }] });
  assert.equal((await edge.ask("GET nowhere.execute-api.localhost/x")).status, 500);
});
