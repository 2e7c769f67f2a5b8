/** What the Kubernetes door does with requests that no well-behaved client sends, and with clients that come and go. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { text } from "node:stream/consumers";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { gunzipSync } from "node:zlib";
import { configMapKind } from "#kinds/core/config-map.ts";
import { openKubeDoor, type TestKubeDoor } from "./kube-door.ts";
import { ask, askOver, type Asked, jsonOf, openSession, type Protocol } from "./kube-requests.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";
const JSON_BODY = { "content-type": "application/json" };

interface Refusal extends Asked {
  readonly title: string;
  readonly code: number;
  readonly reason: string;
  readonly message?: RegExp;
}

const post = { method: "POST", path: MAPS, headers: JSON_BODY };
const refusals: readonly Refusal[] = [
  { title: "an unknown path", path: "/nope", code: 404, reason: "NotFound" },
  { title: "an unknown kind", path: "/api/v1/nope", code: 404, reason: "NotFound" },
  { title: "an unknown group", path: "/apis/foo/v1", code: 404, reason: "NotFound" },
  { title: "an unknown subresource", path: `${MAPS}/x/y`, code: 404, reason: "NotFound" },
  {
    title: "a namespace before a cluster-wide kind",
    path: "/api/v1/namespaces/default/nodes",
    code: 404,
    reason: "NotFound",
  },
  {
    title: "a collection that is put",
    method: "PUT",
    path: MAPS,
    headers: JSON_BODY,
    body: "{}",
    code: 405,
    reason: "MethodNotAllowed",
  },
  {
    title: "an object that is posted to",
    method: "POST",
    path: `${MAPS}/x`,
    headers: JSON_BODY,
    body: "{}",
    code: 405,
    reason: "MethodNotAllowed",
  },
  {
    title: "a bad percent sign",
    path: `${MAPS}/%zz`,
    code: 400,
    reason: "BadRequest",
    message: /malformed percent sign/,
  },
  {
    title: "a bad label selector",
    path: `${MAPS}?labelSelector=a%20in%20`,
    code: 400,
    reason: "BadRequest",
    message: /unable to parse requirement/,
  },
  {
    title: "a bad field selector",
    path: `${MAPS}?fieldSelector=spec.x%3Dy`,
    code: 400,
    reason: "BadRequest",
    message: /field label not supported: spec\.x/,
  },
  { title: "a bad limit", path: `${MAPS}?limit=x`, code: 400, reason: "BadRequest" },
  { title: "a continue token of somebody else", path: `${MAPS}?continue=x`, code: 400, reason: "BadRequest" },
  {
    title: "a revision that is not there yet",
    path: `${MAPS}?resourceVersion=99999999`,
    code: 504,
    reason: "Timeout",
    message: /Too large resource version/,
  },
  {
    title: "initial events without their match",
    path: `${MAPS}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true`,
    code: 422,
    reason: "Invalid",
  },
  {
    title: "a broken JSON body",
    ...post,
    body: '{"metadata":',
    code: 400,
    reason: "BadRequest",
    message: /not valid JSON/,
  },
  { title: "a body that is no object", ...post, body: "[]", code: 400, reason: "BadRequest" },
  { title: "no body", ...post, body: "", code: 400, reason: "BadRequest" },
  {
    title: "a body of the wrong kind",
    ...post,
    body: '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"}}',
    code: 400,
    reason: "BadRequest",
  },
  { title: "metadata that is no object", ...post, body: '{"metadata":"x"}', code: 400, reason: "BadRequest" },
  {
    title: "a name that is no text",
    ...post,
    body: '{"metadata":{"name":5}}',
    code: 400,
    reason: "BadRequest",
    message: /cannot unmarshal number/,
  },
  {
    title: "an object without a name",
    ...post,
    body: '{"metadata":{}}',
    code: 422,
    reason: "Invalid",
    message: /name or generateName is required/,
  },
  {
    title: "another namespace than the path's",
    ...post,
    body: '{"metadata":{"name":"x","namespace":"y"}}',
    code: 400,
    reason: "BadRequest",
  },
  {
    title: "a namespace that is not there",
    ...post,
    path: "/api/v1/namespaces/nowhere/configmaps",
    body: '{"metadata":{"name":"x"}}',
    code: 404,
    reason: "NotFound",
    message: /namespaces "nowhere" not found/,
  },
  {
    title: "JSON that nests too deeply",
    ...post,
    body: `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`,
    code: 400,
    reason: "BadRequest",
    message: /nests deeper/,
  },
  { title: "JSON that only opens", ...post, body: "[".repeat(500_000), code: 400, reason: "BadRequest" },
  {
    title: "broken YAML",
    ...post,
    headers: { "content-type": "application/yaml" },
    body: "a: b: c",
    code: 400,
    reason: "BadRequest",
  },
  {
    title: "YAML that names one value too often",
    ...post,
    headers: { "content-type": "application/yaml" },
    body: `a: &a [${"x,".repeat(1_000)}]\nb: &b [${"*a,".repeat(1_000)}]\nc: [${"*b,".repeat(1_000)}]\n`,
    code: 400,
    reason: "BadRequest",
  },
  {
    title: "protobuf without its mark",
    ...post,
    headers: { "content-type": "application/vnd.kubernetes.protobuf" },
    body: "xxxx",
    code: 400,
    reason: "BadRequest",
  },
  {
    title: "protobuf that breaks off",
    ...post,
    headers: { "content-type": "application/vnd.kubernetes.protobuf" },
    body: Buffer.from("6b3873000a0f0a02763112", "hex"),
    code: 400,
    reason: "BadRequest",
  },
  { title: "bytes that are no UTF-8", ...post, body: Buffer.from("7b22a3ff", "hex"), code: 400, reason: "BadRequest" },
  {
    title: "a body of an unknown type",
    ...post,
    headers: { "content-type": "text/plain" },
    body: "x",
    code: 415,
    reason: "UnsupportedMediaType",
  },
  {
    title: "a patch of an unknown type",
    method: "PATCH",
    path: "/api/v1/namespaces/default",
    headers: JSON_BODY,
    body: "{}",
    code: 415,
    reason: "UnsupportedMediaType",
  },
  {
    title: "a body of more than 3 MiB",
    ...post,
    body: `{"metadata":{"name":"x"},"data":{"a":"${"x".repeat(4_000_000)}"}}`,
    code: 413,
    reason: "RequestEntityTooLarge",
  },
  {
    title: "a foreign dryRun",
    ...post,
    path: `${MAPS}?dryRun=Some`,
    body: '{"metadata":{"name":"x"}}',
    code: 422,
    reason: "Invalid",
    message: /^CreateOptions\.meta\.k8s\.io "" is invalid: dryRun: Unsupported value: "Some": supported values: "All"$/,
  },
];

describe("the Kubernetes door", () => {
  let door: TestKubeDoor;
  before(async () => {
    door = await openKubeDoor();
  });
  after(() => door[Symbol.asyncDispose]());

  for (const protocol of ["HTTP/2", "HTTP/1.1"] as const) {
    describe(protocol, () => {
      for (const { title, code, reason, message, ...asked } of refusals) {
        test(`refuses ${title}`, async () => {
          const answer = await ask(door, protocol, asked);
          const status = jsonOf(answer);
          assert.equal(answer.status, code, JSON.stringify(status).slice(0, 300));
          assert.deepEqual([status["kind"], status["reason"], status["code"]], ["Status", reason, code]);
          if (message !== undefined) assert.match(String(status["message"]), message);
        });
      }
      test("answers HEAD as GET, without a body", () => headLikeGet(door, protocol));
      test("packs large answers for those who accept it", () => packsLarge(door, protocol));
    });
  }

  test("a path of half a megabyte is read, one of two is refused", async () => {
    const path = (length: number): string => `${MAPS}/none?x=${"y".repeat(length)}`;
    assert.equal((await ask(door, "HTTP/1.1", { path: path(500_000) })).status, 404);
    await ask(door, "HTTP/1.1", { path: path(2_000_000) }).then(
      ({ status }) => assert.equal(status, 431),
      // The server closes while the client still writes.
      (thrown: NodeJS.ErrnoException) => assert.match(thrown.code ?? "", /ECONNRESET|EPIPE/),
    );
  });

  test("a request that comes before the last answer was taken is answered too", async () => {
    // More than the kernel's buffers hold, so that the answer waits in the door.
    const names = Array.from({ length: 12 }, (_, i) => `large-${i}`);
    const body = (name: string): string => JSON.stringify({ metadata: { name }, data: { x: "y".repeat(900_000) } });
    for (const name of names) await ask(door, "HTTP/2", { ...post, body: body(name) });
    const { cert = "", key = "" } = door.pki.clients["admin"] ?? {};
    const socket = connectTls({ port: door.port, host: "127.0.0.1", ca: door.pki.ca, cert, key });
    await once(socket, "secureConnect");
    socket.write(`GET ${MAPS} HTTP/1.1\r\nhost: x\r\n\r\n`);
    const [begun] = (await once(socket, "data")) as [Buffer];
    socket.pause();
    // Head and body come together: Node's parser pauses at the head, and must not be fed the rest then.
    const late = body("late");
    const head = `POST ${MAPS} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${late.length}\r\n\r\n`;
    socket.write(head + late);
    const rest = await text(socket);
    assert.match(begun.toString(), /^HTTP\/1\.1 200/);
    assert.match(rest, /HTTP\/1\.1 201/);
    for (const name of [...names, "late"]) await ask(door, "HTTP/2", { method: "DELETE", path: `${MAPS}/${name}` });
  });

  test("reviews are small: a body of 256 KiB is too large for one", async () => {
    const body = JSON.stringify({ spec: { nonResourceAttributes: { path: "/".repeat(256 * 1024), verb: "get" } } });
    const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    assert.equal((await ask(door, "HTTP/2", { method: "POST", path, headers: JSON_BODY, body })).status, 413);
  });

  const TABLE = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
  const review = { method: "POST", path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body: "{}" };
  for (const [title, asked] of [
    ["a review as a table", review],
    ["a scale as a table", { path: "/apis/apps/v1/namespaces/default/deployments/none/scale" }],
    ["the removal of many as a table", { method: "DELETE", path: MAPS }],
    ["an object as a page", { path: MAPS, headers: { accept: "text/html" } }],
  ] as const)
    test(`what cannot be given is not acceptable: ${title}`, async () => {
      const answer = await ask(door, "HTTP/2", { headers: { ...JSON_BODY, ...TABLE }, ...asked });
      const code = title.includes("scale") ? 404 : 406;
      assert.equal(answer.status, code, answer.bytes.toString());
    });

  test("a write is answered in the form that was asked for", async () => {
    const body = JSON.stringify({ metadata: { name: "as-table" } });
    const answer = await ask(door, "HTTP/2", { ...post, headers: { ...JSON_BODY, ...TABLE }, body });
    const table = jsonOf(answer) as unknown as { kind: string; rows: { cells: unknown[] }[] };
    assert.deepEqual([answer.status, table.kind, table.rows[0]?.cells[0]], [201, "Table", "as-table"]);
    await ask(door, "HTTP/2", { method: "DELETE", path: `${MAPS}/as-table` });
  });

  test("discovery says which version of a kind is stored", async () => {
    const list = async (path: string): Promise<Map<string, unknown>> => {
      const { resources } = jsonOf(await ask(door, "HTTP/2", { path })) as unknown as {
        resources: { name: string; storageVersionHash?: string }[];
      };
      return new Map(resources.map(({ name, storageVersionHash }) => [name, storageVersionHash]));
    };
    // The words of upstream's server for these kinds.
    assert.equal((await list("/api/v1")).get("pods"), "xPOwRZ+Yhw8=");
    assert.equal((await list("/apis/apps/v1")).get("deployments"), "8aSe+NMegvE=");
    const scaler = "horizontalpodautoscalers";
    assert.equal((await list("/apis/autoscaling/v1")).get(scaler), (await list("/apis/autoscaling/v2")).get(scaler));
    assert.equal((await list("/apis/authorization.k8s.io/v1")).get("selfsubjectaccessreviews"), undefined);
  });

  test("nobody may only ask for health and version", async () => {
    const session = openSession(door, "nobody");
    for (const [path, status] of [
      ["/healthz", 200],
      ["/version", 200],
      ["/api", 401],
      [MAPS, 401],
      ["/metrics", 401],
    ] as const)
      assert.equal((await askOver(session, { path })).status, status, path);
    assert.equal(
      (await askOver(session, { path: "/version", headers: { authorization: "Bearer nonsense" } })).status,
      401,
    );
    session.close();
  });

  test("a client that dies in the middle of its body harms nobody", async () => {
    const session = openSession(door);
    const stream = session.request({ ":method": "POST", ":path": MAPS, ...JSON_BODY });
    stream.on("error", () => {});
    stream.write('{"metadata":');
    await askOver(session, { path: "/healthz" });
    session.destroy();
    const socket = connectTls({ host: "127.0.0.1", port: door.port, rejectUnauthorized: false });
    socket.on("error", () => {});
    await once(socket, "secureConnect");
    socket.write("POST /api HTTP/1.1\r\nContent-Length: 100\r\n\r\nx");
    socket.destroy();
    assert.equal((await ask(door, "HTTP/2", { path: "/healthz" })).status, 200);
  });

  test("a client that goes away leaves no watch behind", async () => {
    const watching = async (count: number): Promise<boolean> =>
      (await ask(door, "HTTP/2", { path: "/metrics" })).bytes.includes(`WATCH"} ${count}\n`);
    const session = openSession(door);
    const [first, second] = [0, 1].map(() => session.request({ ":path": `${MAPS}?watch=1` }));
    for (const stream of [first, second]) stream?.on("error", () => {});
    while (!(await watching(2))) continue;
    first?.close(8);
    while (!(await watching(1))) continue;
    session.destroy();
    while (!(await watching(0))) continue;
  });

  test("a page that is forgotten is refused with a token for the rest", async () => {
    for (const name of ["page-a", "page-b", "page-c"])
      await door.objects.create(configMapKind, { metadata: { name, namespace: "default" } });
    const first = jsonOf(await ask(door, "HTTP/2", { path: `${MAPS}?limit=2` }))["metadata"] as {
      readonly continue: string;
      readonly resourceVersion: string;
    };
    await door.objects.create(configMapKind, { metadata: { name: "page-d", namespace: "default" } });
    await door.deck.compact(Number(first.resourceVersion) + 1);
    const answer = await ask(door, "HTTP/2", { path: `${MAPS}?limit=2&continue=${first.continue}` });
    const status = jsonOf(answer);
    assert.equal(status["reason"], "Expired");
    const rest = jsonOf(
      await ask(door, "HTTP/2", {
        path: `${MAPS}?continue=${(status["metadata"] as { readonly continue: string }).continue}`,
      }),
    );
    const names = (rest["items"] as readonly { readonly metadata: { readonly name: string } }[]).map(
      ({ metadata }) => metadata.name,
    );
    assert.deepEqual(names, ["page-c", "page-d"]);
    const watched = await ask(door, "HTTP/2", { path: `${MAPS}?watch=1&resourceVersion=1` });
    const event = jsonOf(watched) as { readonly type: string; readonly object: { readonly code: number } };
    assert.deepEqual([event.type, event.object.code], ["ERROR", 410]);
  });

  test("a watcher that does not read is cut off", () => cutsOffSleeper(door));
});

test("closing ends open watches at once, over both protocols", async () => {
  const door = await openKubeDoor();
  const session = openSession(door);
  const watch = session.request({ ":path": `${MAPS}?watch=1` });
  await once(watch, "response");
  watch.resume();
  const old = ask(door, "HTTP/1.1", { path: `${MAPS}?watch=1` });
  while (!/WATCH"\} 2/.test((await ask(door, "HTTP/2", { path: "/metrics" })).bytes.toString())) continue;
  const startMs = performance.now();
  const ended = once(watch, "end");
  await door[Symbol.asyncDispose]();
  await ended;
  assert.equal((await old).status, 200);
  assert.ok(performance.now() - startMs < 2_000, `took ${performance.now() - startMs} ms`);
});

describe("connections that are not used are closed", () => {
  let door: TestKubeDoor;
  before(async () => {
    door = await openKubeDoor({ patience: { handshakeMs: 150, headMs: 150, idleMs: 150, checkMs: 20 } });
  });
  after(() => door[Symbol.asyncDispose]());

  /** All that the door says until it closes the connection. */
  async function saidUntilClosed(socket: Socket): Promise<string> {
    socket.on("error", () => {});
    const words: Buffer[] = [];
    socket.on("data", (bytes: Buffer) => void words.push(bytes));
    await once(socket, "close");
    return Buffer.concat(words).toString("latin1");
  }

  async function secure(protocol: "http/1.1" | "h2"): Promise<TLSSocket> {
    const options = { host: "127.0.0.1", port: door.port, rejectUnauthorized: false, ALPNProtocols: [protocol] };
    const socket = connectTls(options);
    await once(socket, "secureConnect");
    return socket;
  }

  test("without a handshake", async () => assert.equal(await saidUntilClosed(connectTcp(door.port, "127.0.0.1")), ""));

  test("with a head that does not end, however often a byte of it comes", async () => {
    const socket = await secure("http/1.1");
    socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\na: ");
    const trickle = setInterval(() => void socket.write("a"), 10);
    assert.match(await saidUntilClosed(socket), /^HTTP\/1\.1 408 /);
    clearInterval(trickle);
  });

  test("after an answer over HTTP/1.1", async () => {
    const socket = await secure("http/1.1");
    socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    assert.match(await saidUntilClosed(socket), /^HTTP\/1\.1 200 .*ok$/s);
  });

  test("over HTTP/2 when nothing is open; a silent watch is left alone", async () => {
    const [idle, watching] = [openSession(door), openSession(door)];
    const watch = watching.request({ ":path": `${MAPS}?watch=1` });
    watch.resume();
    await once(watch, "response");
    await once(idle, "close");
    assert.equal((await askOver(watching, { path: "/healthz" })).status, 200);
    watching.destroy();
  });
});

async function headLikeGet(door: TestKubeDoor, protocol: Protocol): Promise<void> {
  for (const path of ["/version", "/api/v1/namespaces/default", `${MAPS}?limit=1`, "/healthz"]) {
    const [head, get] = [await ask(door, protocol, { method: "HEAD", path }), await ask(door, protocol, { path })];
    assert.deepEqual(
      [head.status, head.headers["content-length"], head.bytes.length],
      [200, get.headers["content-length"], 0],
      path,
    );
  }
}

async function packsLarge(door: TestKubeDoor, protocol: Protocol): Promise<void> {
  const path = "/openapi/v2";
  const [plain, packed] = [
    await ask(door, protocol, { path }),
    await ask(door, protocol, { path, headers: { "accept-encoding": "gzip, deflate" } }),
  ];
  assert.equal(packed.headers["content-encoding"], "gzip");
  assert.ok(packed.bytes.length * 4 < plain.bytes.length);
  assert.deepEqual(gunzipSync(packed.bytes), plain.bytes);
  const refused = await ask(door, protocol, { path, headers: { "accept-encoding": "gzip;q=0" } });
  assert.equal(refused.headers["content-encoding"], undefined);
}

async function cutsOffSleeper(door: TestKubeDoor): Promise<void> {
  const session = openSession(door);
  const watch = session.request({ ":path": `${MAPS}?watch=1&fieldSelector=metadata.name%3Dloud` });
  await once(watch, "response");
  await door.objects.create(configMapKind, { metadata: { name: "loud", namespace: "default" } });
  const blob = "x".repeat(900_000);
  for (let i = 0; i < 12; i++)
    await ask(door, "HTTP/2", {
      method: "PUT",
      path: `${MAPS}/loud`,
      headers: JSON_BODY,
      body: JSON.stringify({ metadata: { name: "loud" }, data: { a: `${i}${blob}` } }),
    });
  // What was cut off ends when it is read at last; otherwise this would wait for ever.
  watch.resume();
  await once(watch, "end");
  session.close();
}
