/** Measures the Kubernetes door from outside, over HTTP/2 with TLS and a durable journal: the server here, its clients in a child. About 30 seconds, then two minutes of quiet to see what stays. */
import { fork, spawn } from "node:child_process";
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { childEnvironment, SMALL_NURSERY } from "#main/options.ts";
import { realClock } from "#machine/real-clock.ts";
import "#main/give-back-memory.ts";
import { openKubeDoor } from "../tests/kube-door.ts";
import { realisticPod } from "./store.ts";

interface Phase {
  readonly what: string;
  readonly operations: number;
  readonly seconds: number;
  readonly msP50?: number;
  readonly msP99?: number;
  readonly note?: string;
}

type Message = { readonly begin: string } | { readonly end: Phase };

const PHASE_MS = 2_500;
// Parsed objects and history are let go by then.
const AFTERWARDS_MS = 120_000;
const LISTED = 10_000;
const WATCHERS = 500;
const PODS = "/api/v1/namespaces/default/pods";

if (process.argv[2] === "clients") await clients(JSON.parse(process.argv[3] ?? "{}") as Access);
else if (process.argv[2] === "server") await server();
// Its memory is set up as that of a role.
else
  spawn(process.execPath, [SMALL_NURSERY, import.meta.filename, "server"], {
    env: childEnvironment(),
    stdio: "inherit",
  });

interface Access {
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

async function server(): Promise<void> {
  await using door = await openKubeDoor();
  const { cert = "", key = "" } = door.pki.clients["admin"] ?? {};
  const access: Access = { server: door.server, ca: door.pki.ca, cert, key };
  const child = fork(import.meta.filename, ["clients", JSON.stringify(access)]);
  let [lastMs, stallMs] = [performance.now(), 0];
  const ticking = setInterval(() => {
    const now = performance.now();
    stallMs = Math.max(stallMs, now - lastMs);
    lastMs = now;
  }, 1);
  let cpu = process.cpuUsage();
  const rows: Record<string, unknown>[] = [];
  child.on("message", (message: Message): unknown => {
    if ("begin" in message) {
      stallMs = 0;
      cpu = process.cpuUsage();
      return child.send("go");
    }
    const used = process.cpuUsage(cpu);
    const { what, operations, seconds, msP50, msP99, note } = message.end;
    rows.push({
      what,
      "per s": Math.round(operations / seconds),
      "p50 ms": msP50?.toFixed(2) ?? "",
      "p99 ms": msP99?.toFixed(2) ?? "",
      "server CPU µs/op": Math.round((used.user + used.system) / operations),
      "longest stall ms": stallMs.toFixed(1),
      "memory MB": megabytes(),
      note: note ?? "",
    });
    return undefined;
  });
  await new Promise((resolve) => child.once("exit", resolve));
  clearInterval(ticking);
  console.table(rows);
  await realClock.sleep(AFTERWARDS_MS);
  console.log(`memory ${megabytes()} MB after ${AFTERWARDS_MS / 1000} s of quiet`);
}

function megabytes(): number {
  return Math.round(process.memoryUsage.rss() / 1e6);
}

async function clients(access: Access): Promise<void> {
  const session = connect(access.server, {
    ca: access.ca,
    cert: access.cert,
    key: access.key,
    settings: { initialWindowSize: 4 * 1024 * 1024 },
  });
  await new Promise((resolve) => session.once("connect", resolve));
  session.setLocalWindowSize(64 * 1024 * 1024);
  const pod = JSON.stringify(realisticPod("NAME"));
  let made = 0;
  const create = (): Promise<Buffer> => ask(session, "POST", PODS, { body: pod.replace("NAME", `pod-${made++}`) });
  await rated("create, 1 client", 1, create);
  await rated("create, 64 clients", 64, create);
  await rated("get, 1 client", 1, () => ask(session, "GET", `${PODS}/pod-7`));
  await rated("get, 64 clients", 64, () => ask(session, "GET", `${PODS}/pod-7`));
  let edited = 0;
  await rated("patch, 64 clients", 64, () =>
    ask(session, "PATCH", `${PODS}/pod-${edited++ % Math.min(made, 1_000)}`, {
      body: JSON.stringify({ metadata: { annotations: { n: String(edited) } } }),
    }),
  );
  while (made < LISTED) await Promise.all(Array.from({ length: Math.min(64, LISTED - made) }, create));
  await counted(`list of ${made} pods`, made, () => ask(session, "GET", PODS));
  await counted(`list of ${made} pods as table`, made, () =>
    ask(session, "GET", PODS, { headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" } }),
  );
  await counted(`list of ${made} pods, gzip`, made, () =>
    ask(session, "GET", PODS, { headers: { "accept-encoding": "gzip" } }),
  );
  await watched(session);
  session.close();
  process.disconnect();
}

async function rated(what: string, writers: number, operation: () => Promise<Buffer>): Promise<void> {
  for (let i = 0; i < 50; i++) await operation();
  await begin(what);
  const times: number[] = [];
  const start = performance.now();
  const worker = async (): Promise<void> => {
    while (performance.now() - start < PHASE_MS) {
      const began = performance.now();
      await operation();
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: writers }, worker));
  tell({ end: { what, operations: times.length, seconds: (performance.now() - start) / 1000, ...percentiles(times) } });
}

async function counted(what: string, operations: number, operation: () => Promise<Buffer>): Promise<void> {
  await operation();
  await begin(what);
  const start = performance.now();
  const bytes = (await operation()).length;
  const ms = performance.now() - start;
  tell({ end: { what, operations, seconds: ms / 1000, note: `${ms.toFixed(0)} ms, ${(bytes / 1e6).toFixed(1)} MB` } });
}

/** One write, seen by all: how long until the last watcher has it. */
async function watched(session: ClientHttp2Session): Promise<void> {
  let seen = 0;
  let all = Promise.withResolvers<void>();
  const streams: ClientHttp2Stream[] = [];
  const rv = (
    JSON.parse((await ask(session, "GET", `${PODS}?limit=1`)).toString()) as {
      readonly metadata: { readonly resourceVersion: string };
    }
  ).metadata.resourceVersion;
  for (let i = 0; i < WATCHERS; i++) {
    const stream = session.request({ ":path": `${PODS}?watch=1&resourceVersion=${rv}` });
    stream.on("data", (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 10) seen++;
      if (seen >= WATCHERS) all.resolve();
    });
    streams.push(stream);
    await new Promise((resolve) => stream.once("response", resolve));
  }
  const times: number[] = [];
  await begin("watch");
  const start = performance.now();
  for (let i = 0; i < 30; i++) {
    [seen, all] = [0, Promise.withResolvers<void>()];
    const began = performance.now();
    await ask(session, "PATCH", `${PODS}/pod-1`, {
      body: JSON.stringify({ metadata: { annotations: { w: String(i) } } }),
    });
    await all.promise;
    times.push(performance.now() - began);
  }
  tell({
    end: {
      what: `one write to ${WATCHERS} watchers`,
      operations: times.length * WATCHERS,
      seconds: (performance.now() - start) / 1000,
      ...percentiles(times),
      note: "per event",
    },
  });
  for (const stream of streams) stream.close();
}

interface Sent {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask(
  session: ClientHttp2Session,
  method: string,
  path: string,
  { body, headers = {} }: Sent = {},
): Promise<Buffer> {
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const stream = session.request({
    ":method": method,
    ":path": path,
    ...(body !== undefined && { "content-type": type }),
    ...headers,
  });
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status = 0;
    stream.once("response", (answer) => (status = Number(answer[":status"])));
    stream.on("data", (chunk: Buffer) => void chunks.push(chunk));
    stream.once("error", reject);
    stream.once("end", () =>
      status < 300
        ? resolve(Buffer.concat(chunks))
        : reject(new Error(`${method} ${path}: ${status} ${Buffer.concat(chunks).toString().slice(0, 300)}`)),
    );
    stream.end(body);
  });
}

function percentiles(times: number[]): { readonly msP50: number; readonly msP99: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { msP50: at(0.5), msP99: at(0.99) };
}

/** Resolves when the server's meters are at zero. */
function begin(what: string): Promise<unknown> {
  tell({ begin: what });
  return new Promise((resolve) => process.once("message", resolve));
}

function tell(message: Message): void {
  process.send?.(message);
}
