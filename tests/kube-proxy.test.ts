/** pods/proxy, services/proxy and nodes/proxy from the client through door and node agent to servers that stand for pods, over real TLS. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { silent } from "#base/log.ts";
import { podKind } from "#kinds/core/pod.ts";
import { realClock as clock } from "#machine/real-clock.ts";
import type { Agent } from "#node/agent.ts";
import { listenEndpoint } from "#node/endpoint.ts";
import { openKubeDoor, type TestKubeDoor } from "./kube-door.ts";
import { type Answered, ask, jsonOf, type Protocol } from "./kube-requests.ts";

const HERE = "/api/v1/namespaces/default";
const stack = new AsyncDisposableStack();
let door: TestKubeDoor;
let port = 0;
let tlsPort = 0;
let agentPort = 0;

/** What a pod answers, by path. */
const pod: RequestListener = (request, response) => {
  const [path = ""] = (request.url ?? "").split("?");
  switch (path) {
    case "/page":
      return void response
        .writeHead(200, { "content-type": "text/html; charset=utf-8", "access-control-allow-origin": "*" })
        .end('<a href="/rewriteme">test</a>');
    case "/packed":
      return void response
        .writeHead(200, { "content-type": "text/html", "content-encoding": "gzip" })
        .end(gzipSync('<a href="/rewriteme">test</a>'));
    case "/large":
      return void response.writeHead(200, { "content-type": "text/html" }).end(`<a href="/x">${"x".repeat(2_000_000)}`);
    case "/moved":
      return void response.writeHead(302, { location: "/page?x" }).end();
    case "/cookies":
      return void response.writeHead(204, { "set-cookie": ["a=1", "b=2"] }).end();
    case "/broken":
      response.writeHead(200, { "content-length": "100" });
      return void response.write("half", () => response.destroy());
    default:
      return void echo(request).then((told) =>
        response.writeHead(200, { "content-type": "application/json" }).end(told),
      );
  }
};

async function echo(request: IncomingMessage): Promise<string> {
  const body = (await buffer(request)).toString();
  return JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body });
}

before(async () => {
  door = stack.use(await openKubeDoor());
  port = await served(
    createServer(pod).on("upgrade", (_request, socket: Duplex) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n");
      socket.pipe(socket);
    }),
  );
  tlsPort = await served(createTlsServer(door.pki.server, pod));
  agentPort = await agent();
  await make("POST", `${HERE}/serviceaccounts`, { metadata: { name: "default" } });
  await make("POST", "/api/v1/nodes", { metadata: { name: "one" } });
  const addresses = [{ type: "InternalIP", address: "127.0.0.1" }];
  await make("PATCH", "/api/v1/nodes/one/status", {
    status: { addresses, daemonEndpoints: { kubeletEndpoint: { Port: agentPort } } },
  });
  for (const [name, podIP] of [
    ["web", "127.0.0.1"],
    ["liar", "10.9.9.9"],
  ] as const) {
    const containers = [{ name: "c", image: "i", ports: [{ containerPort: port }] }];
    await make("POST", `${HERE}/pods`, { metadata: { name }, spec: { nodeName: "one", containers } });
    await make("PATCH", `${HERE}/pods/${name}/status`, { status: { phase: "Running", podIP } });
  }
  await make("POST", `${HERE}/services`, {
    metadata: { name: "shop" },
    spec: {
      ports: [
        { name: "plain", port: 80 },
        { name: "tls", port: 443 },
      ],
    },
  });
  const targetRef = { kind: "Pod", namespace: "default", name: "web" };
  await make("POST", `${HERE}/endpoints`, {
    metadata: { name: "shop" },
    subsets: [
      {
        addresses: [{ ip: "127.0.0.1", targetRef }, { ip: "127.0.0.2" }],
        ports: [
          { name: "plain", port },
          { name: "tls", port: tlsPort },
        ],
      },
    ],
  });
  await make("POST", `${HERE}/services`, { metadata: { name: "empty" }, spec: { ports: [{ port: 80 }] } });
  await make("POST", `${HERE}/endpoints`, { metadata: { name: "empty" } });
});

after(() => stack.disposeAsync());

async function served(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(() => {
    server.closeAllConnections();
    return new Promise((resolve) => void server.close(() => resolve()));
  });
  return (server.address() as AddressInfo).port;
}

async function agent(): Promise<number> {
  const pods = stack.use(door.objects.view(podKind));
  const { cert = "", key = "" } = door.pki.clients["node-one"] ?? {};
  const endpoint = await listenEndpoint({
    agent: {
      pods,
      facts: { ip: "127.0.0.9", podCidr: "127.0.0.0/24" },
      containerd: { cri: { version: () => Promise.resolve({}) } },
    } as unknown as Agent,
    host: "127.0.0.1",
    port: 0,
    shownLogs: {},
    ca: door.pki.ca,
    cert,
    key,
    clock,
    log: silent,
  });
  stack.use(endpoint);
  return endpoint.port;
}

async function make(method: string, path: string, body: object): Promise<void> {
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const answer = await ask(door, "HTTP/2", {
    method,
    path,
    headers: { "content-type": type },
    body: JSON.stringify(body),
  });
  assert.ok(answer.status < 300, `${path}: ${answer.bytes.toString()}`);
}

const get = (path: string, protocol: Protocol = "HTTP/2"): Promise<Answered> => ask(door, protocol, { path });

for (const protocol of ["HTTP/1.1", "HTTP/2"] as const) {
  test(`a pod's page comes with its links led through the proxy: ${protocol}`, async () => {
    const { status, headers, bytes } = await get(`${HERE}/pods/web/proxy/page`, protocol);
    assert.deepEqual([status, bytes.toString()], [200, `<a href="${HERE}/pods/web/proxy/rewriteme">test</a>`]);
    assert.equal(headers["access-control-allow-origin"], undefined);
  });

  test(`method, query and body reach the pod, credentials do not: ${protocol}`, async () => {
    const answer = await ask(door, protocol, {
      method: "PUT",
      path: `${HERE}/pods/web/proxy/a%2Fb/?x=%20y`,
      headers: { "content-type": "text/plain", "x-own": "1", cookie: "c=1" },
      body: "hello",
    });
    const told = jsonOf(answer) as unknown as { url: string; body: string; headers: Record<string, string> };
    assert.deepEqual([told.url, told.body], ["/a%2Fb/?x=%20y", "hello"]);
    assert.equal(told.headers["x-own"], "1");
    assert.equal(told.headers["x-forwarded-for"], "127.0.0.1");
    assert.equal(told.headers["x-forwarded-uri"], `${HERE}/pods/web/proxy/a%2Fb/`);
    assert.equal(told.headers["authorization"], undefined);
  });
}

const ways = [
  ["a pod's port", (): string => `pods/web:${port}`],
  ["a pod's port by http", (): string => `pods/http:web:${port}`],
  ["a pod's port by https", (): string => `pods/https:web:${tlsPort}`],
  ["a service's port by name", (): string => "services/shop:plain"],
  ["a service's port by number", (): string => "services/shop:80"],
  ["a service's port by https", (): string => "services/https:shop:tls"],
] as const;
for (const [title, way] of ways)
  test(`the proxy leads to ${title}`, async () => {
    const { status, bytes } = await get(`${HERE}/${way()}/proxy/page`);
    assert.deepEqual([status, bytes.toString()], [200, `<a href="${HERE}/${way()}/proxy/rewriteme">test</a>`]);
  });

test("packed pages are unpacked, rewritten and packed again; large ones stay as they are", async () => {
  const { bytes, headers } = await get(`${HERE}/pods/web/proxy/packed`);
  assert.equal(headers["content-encoding"], "gzip");
  assert.equal(gunzipSync(bytes).toString(), `<a href="${HERE}/pods/web/proxy/rewriteme">test</a>`);
  const large = await get(`${HERE}/pods/web/proxy/large`);
  assert.equal(large.bytes.length, 2_000_013);
});

test("redirects of the pod lead through the proxy, a missing slash is a redirect", async () => {
  const moved = await get(`${HERE}/pods/web/proxy/moved`);
  assert.deepEqual([moved.status, moved.headers["location"]], [302, `${HERE}/pods/web/proxy/page?x`]);
  const bare = await get(`${HERE}/pods/web/proxy?a=b`);
  assert.deepEqual([bare.status, bare.headers["location"]], [301, `${HERE}/pods/web/proxy/?a=b`]);
  const cookies = await get(`${HERE}/pods/web/proxy/cookies`, "HTTP/1.1");
  assert.deepEqual(cookies.headers["set-cookie"], ["a=1", "b=2"]);
});

const refusals = [
  ["a pod that is not there", "pods/none/proxy/", 404, /pods "none" not found/],
  ["a pod whose status names a foreign address", "pods/liar/proxy/", 503, /no address on this node/],
  ["a port that is no number", "pods/web:http/proxy/", 400, /invalid port/],
  ["a port nobody listens at", "pods/web:1/proxy/", 503, /error trying to reach service: connect ECONNREFUSED/],
  ["a name in too many parts", "pods/a:b:c:d/proxy/", 400, /invalid pod request/],
  ["another scheme", "pods/ftp:web:21/proxy/", 400, /invalid pod request/],
  ["a service without endpoints", "services/empty/proxy/", 503, /no endpoints available for service "empty"/],
  ["a service's port that is not there", "services/shop:81/proxy/", 503, /no service port 81 found for service "shop"/],
] as const;
for (const [title, path, status, words] of refusals)
  test(`the proxy refuses ${title}`, async () => {
    const answer = await get(`${HERE}/${path}`);
    assert.equal(answer.status, status, answer.bytes.toString());
    assert.match(String(jsonOf(answer)["message"]), words);
  });

test("an answer that breaks off breaks off at the client", async () => {
  await assert.rejects(get(`${HERE}/pods/web/proxy/broken`, "HTTP/1.1"));
});

test("a node's agent is reached by name and by its port; other ports are refused by name", async () => {
  const own = await get("/api/v1/nodes/one/proxy/healthz");
  assert.deepEqual([own.status, own.bytes.toString()], [200, "ok"]);
  assert.equal((await get(`/api/v1/nodes/one:${agentPort}/proxy/healthz`)).status, 200);
  // Kubelet's, which clients name without asking.
  assert.equal((await get("/api/v1/nodes/one:10250/proxy/healthz")).status, 200);
  assert.equal((await get("/api/v1/nodes/one:1/proxy/healthz")).status, 400);
  assert.equal((await get("/api/v1/nodes/none/proxy/healthz")).status, 404);
});

test("who upgrades speaks with the pod", async () => {
  const { cert = "", key = "" } = door.pki.clients["admin"] ?? {};
  const request = httpsRequest(new URL(`${HERE}/pods/web/proxy/socket`, door.server), {
    ca: door.pki.ca,
    cert,
    key,
    agent: false,
    headers: { connection: "Upgrade", upgrade: "echo" },
  }).end();
  const [response, socket] = (await once(request, "upgrade")) as [IncomingMessage, Duplex];
  assert.equal(response.headers.upgrade, "echo");
  socket.write("hello");
  const [told] = (await once(socket, "data")) as [Buffer];
  assert.equal(told.toString(), "hello");
  socket.destroy();
});

test("the method says which verb must be allowed", async () => {
  const rules = [{ apiGroups: [""], resources: ["pods/proxy"], verbs: ["get"] }];
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" };
  const subjects = [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "jane" }];
  const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
  await make("POST", `${rbac}/roles`, { metadata: { name: "reader" }, rules });
  await make("POST", `${rbac}/rolebindings`, { metadata: { name: "reader" }, roleRef, subjects });
  const asJane = async (method: string, path: string): Promise<number> =>
    (await ask(door, "HTTP/2", { method, path, headers: { "impersonate-user": "jane" } })).status;
  const verbs: readonly (readonly [string, number])[] = [
    ["GET", 200],
    ["HEAD", 200],
    ["POST", 403],
    ["PUT", 403],
    ["PATCH", 403],
    ["DELETE", 403],
    ["OPTIONS", 403],
  ];
  for (const [method, status] of verbs)
    assert.deepEqual([method, await asJane(method, `${HERE}/pods/web/proxy/x`)], [method, status]);
  assert.equal(await asJane("GET", `${HERE}/services/shop:plain/proxy/x`), 403);
  assert.equal(await asJane("GET", "/api/v1/nodes/one/proxy/healthz"), 403);
});
