/** How long requests at the Kubernetes door's limits keep others waiting, and what slow readers cost: the door here, its clients in a child. About 20 seconds. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, type ClientHttp2Session } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { openKubeDoor } from "../tests/kube-door.ts";

// The goal is 50; a machine that shares its cores is given as much again.
const HELD_MS = 100;
const OBJECTS = 5_000;
const WATCHERS = 40;
const MAPS = "/api/v1/namespaces/default/configmaps";
const REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const APPLY = "application/apply-patch+yaml";

interface Asked {
  readonly title: string;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: () => string;
}

type Message = { readonly begin: string } | { readonly end: string; readonly status: string };

interface Access {
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const map = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`key-${i}`, "v"]));
const maps = (name: string, count: number): string =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: map(count) });
const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
const post = { method: "POST", path: MAPS, headers: { "content-type": "application/json" } };
const review = { ...post, path: REVIEWS };
const apply = { method: "PATCH", headers: { "content-type": APPLY } };

const rows: readonly Asked[] = [
  { ...post, title: "create: 100,000 keys", body: () => maps("x", 100_000) },
  { ...post, title: "create: 10,000 keys", body: () => maps("many", 10_000) },
  { ...post, title: "create: 45,000 keys", body: () => maps("crowded", 45_000) },
  { ...post, title: "create: 3 MiB in one key", body: () => JSON.stringify({ data: { a: "x".repeat(3_000_000) } }) },
  { ...post, title: "create: a million brackets", body: () => "[".repeat(1_000_000) },
  { ...apply, title: "apply: 60,000 keys", path: `${MAPS}/x?fieldManager=b`, body: () => maps("x", 60_000) },
  {
    ...apply,
    title: "apply: 10,000 keys",
    path: `${MAPS}/many?fieldManager=b&force=1`,
    body: () => maps("many", 10_000),
  },
  {
    method: "PATCH",
    headers: { "content-type": "application/json-patch+json" },
    title: "JSON patch: 10,000 adds",
    path: `${MAPS}/many`,
    body: () =>
      JSON.stringify(Array.from({ length: 10_000 }, (_, i) => ({ op: "add", path: `/data/key-${i}`, value: "w" }))),
  },
  {
    ...post,
    title: "YAML: 2.9 MB of comments",
    headers: { "content-type": "application/yaml" },
    body: () => "#\n".repeat(1_450_000),
  },
  {
    ...review,
    title: "review: 256 KiB",
    body: () => JSON.stringify({ spec: { nonResourceAttributes: { path: "/".repeat(255_000) } } }),
  },
  {
    ...review,
    title: "review: 256 KiB of YAML",
    headers: { "content-type": "application/yaml" },
    body: () => `spec:\n  nonResourceAttributes: {path: "${"/".repeat(255_000)}"}\n`,
  },
  { ...review, title: "review: 3 MiB", body: () => " ".repeat(3_000_000) },
  {
    title: "list: a selector of 60 KB",
    path: `${MAPS}?labelSelector=${encodeURIComponent(`a in (${Array.from({ length: 6_000 }, (_, i) => `v${i}`).join(",")})`)}`,
  },
  { title: `list: ${OBJECTS} objects`, path: MAPS },
  { title: `list: ${OBJECTS} objects as a table`, path: MAPS, headers: table },
  { title: "discovery: OpenAPI v2", path: "/openapi/v2" },
  {
    title: "discovery: OpenAPI v2 in protobuf",
    path: "/openapi/v2",
    headers: { accept: "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" },
  },
  { title: "discovery: OpenAPI v3, all of it", path: "/openapi/v3" },
  {
    title: "watch: first all objects",
    path: `${MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1`,
  },
  { method: "DELETE", title: `delete: a collection of ${OBJECTS}`, path: `${MAPS}?labelSelector=bench` },
];

if (process.argv[2] === "clients") await clients(JSON.parse(process.argv[3] ?? "{}") as Access);
else await server();

async function server(): Promise<void> {
  await using door = await openKubeDoor();
  const { cert = "", key = "" } = door.pki.clients["admin"] ?? {};
  const access: Access = { server: door.server, ca: door.pki.ca, cert, key };
  const child = fork(import.meta.filename, ["clients", JSON.stringify(access)]);
  let [lastMs, stallMs, startBytes, mostBytes] = [performance.now(), 0, 0, 0];
  const ticking = setInterval(() => {
    const now = performance.now();
    stallMs = Math.max(stallMs, now - lastMs);
    lastMs = now;
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss());
  }, 1);
  child.on("message", (message: Message) => {
    if ("begin" in message) {
      stallMs = 0;
      startBytes = mostBytes = process.memoryUsage.rss();
      return void child.send("go");
    }
    const isHeld = stallMs > HELD_MS;
    if (isHeld) process.exitCode = 1;
    const grown = `+${Math.round((mostBytes - startBytes) / 1e6)} MB`;
    console.log(
      `${stallMs.toFixed(0).padStart(6)} ms ${isHeld ? "FAILS" : "     "} ${grown.padStart(8)}  ${message.status.padEnd(6)} ${message.end}`,
    );
  });
  await once(child, "exit");
  clearInterval(ticking);
}

async function clients(access: Access): Promise<void> {
  const session = connect(access.server, access);
  const body = (name: string, value: string): string =>
    JSON.stringify({ metadata: { name, labels: { bench: "1" } }, data: { a: value } });
  for (let at = 0; at < OBJECTS; at += 50)
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        ask(session, { ...post, title: "", body: () => body(`m-${at + i}`, "x".repeat(2_000)) }),
      ),
    );
  await sleep(500);
  for (const asked of rows) await measured(asked.title, () => ask(session, asked));
  for (const [form, count] of [
    ["nothing", 0],
    ["objects", WATCHERS],
    ["metadata", WATCHERS],
  ] as const)
    await measured(`${count} watches of ${form} that never read, 30 MB of changes`, async () => {
      const accept =
        form !== "metadata" ? "application/json" : "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
      const watchers = Array.from({ length: count }, () => connect(access.server, access));
      for (const each of watchers)
        each
          .on("error", () => {})
          .request({ ":path": `${MAPS}?watch=1`, accept })
          .on("error", () => {})
          .pause();
      await sleep(500);
      const annotations = { a: "x".repeat(200_000) };
      for (let at = 0; at < 150; at++)
        await ask(session, {
          ...post,
          title: "",
          body: () => JSON.stringify({ metadata: { name: `${form}-${at}`, annotations } }),
        });
      for (const each of watchers) each.destroy();
      return "-";
    });
  session.close();
  process.disconnect();
}

async function measured(title: string, run: () => Promise<string>): Promise<void> {
  process.send?.({ begin: title } satisfies Message);
  await once(process, "message");
  const status = await run();
  await sleep(100);
  process.send?.({ end: title, status } satisfies Message);
}

async function ask(session: ClientHttp2Session, { method = "GET", path, headers, body }: Asked): Promise<string> {
  const stream = session.request({ ":method": method, ":path": path, ...headers }, { endStream: body === undefined });
  if (body !== undefined) stream.end(body());
  stream.resume();
  const [[answer]] = (await Promise.all([once(stream, "response"), once(stream, "end")])) as [
    [Record<string, unknown>],
    unknown,
  ];
  return String(answer[":status"]);
}
