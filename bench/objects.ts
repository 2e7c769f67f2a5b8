/**
 * Measures buckets of a running instance (catamaran up first) beside a bare file server in the same run: megabytes a second of one large
 * object, small objects a second, and how much memory the large one takes. Usage: node bench/objects.ts [--name NAME]
 */
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { signedHeaders } from "#aws/sign.ts";

const LARGE_BYTES = 1024 * 1024 * 1024;
const CHUNK = Buffer.alloc(256 * 1024, "catamaran");
const SMALL = Buffer.alloc(10 * 1024, "small");
const LANES = 16;
const LOAD_MS = 4_000;

interface Target {
  readonly title: string;
  readonly port: number;
  readonly headersFor: (method: string, path: string) => Readonly<Record<string, string>>;
}

const agent = new Agent({ keepAlive: true, maxSockets: LANES });

/** Resolves to how many bytes the answer had. */
function ask(target: Target, method: string, path: string, body?: Readable | Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const length = body instanceof Buffer ? body.length : LARGE_BYTES;
    const headers = { ...target.headersFor(method, path), ...(body && { "content-length": length }) };
    const sent = request({ port: target.port, host: "127.0.0.1", method, path, headers, agent }, (response) => {
      let size = 0;
      response.on("data", (piece: Buffer) => (size += piece.length));
      response.on("end", () =>
        (response.statusCode ?? 500) < 300
          ? resolve(size)
          : reject(new Error(`${method} ${path}: ${response.statusCode}`)),
      );
    });
    sent.on("error", reject);
    if (body instanceof Readable) void pipeline(body, sent).catch(reject);
    else sent.end(body);
  });
}

function* large(): Generator<Buffer> {
  for (let size = 0; size < LARGE_BYTES; size += CHUNK.length) yield CHUNK;
}

async function megabytesASecond(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return Math.round(LARGE_BYTES / 1_000 / (performance.now() - before));
}

async function perSecond(work: (n: number) => Promise<unknown>): Promise<number> {
  const until = performance.now() + LOAD_MS;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < until) await work(done++);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return Math.round((done * 1_000) / LOAD_MS);
}

async function measure(target: Target): Promise<readonly (number | string)[]> {
  const put = await megabytesASecond(() => ask(target, "PUT", "/bench/large", Readable.from(large())));
  const got = await megabytesASecond(() => ask(target, "GET", "/bench/large"));
  const smallPuts = await perSecond((n) => ask(target, "PUT", `/bench/small-${n % 1_000}`, SMALL));
  const smallGets = await perSecond((n) => ask(target, "GET", `/bench/small-${n % 1_000}`));
  return [target.title, put, got, smallPuts, smallGets];
}

/** What a file server does at least: bytes to a file, fsynced before the answer; bytes from it. */
function serveFiles(folder: string): void {
  const server = createServer((asked, response) => {
    const file = join(folder, (asked.url ?? "").replaceAll("/", "-"));
    if (asked.method === "GET") return void createReadStream(file, { highWaterMark: 256 * 1024 }).pipe(response);
    void pipeline(asked, createWriteStream(file)).then(async () => {
      const handle = await open(file, "r+");
      await handle.sync();
      await handle.close();
      response.end();
    });
  });
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
}

async function bare(): Promise<{ readonly target: Target; readonly end: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "bench-objects-"));
  const child = fork(import.meta.filename, ["--serve", folder]);
  const [port] = (await once(child, "message")) as [number];
  const end = (): void => {
    child.kill();
    rmSync(folder, { recursive: true });
  };
  return { target: { title: "bare file server", port, headersFor: () => ({}) }, end };
}

function instance(name: string): Target {
  const { stdout } = spawnSync("npx", ["catamaran", "env", "--name", name, "-o", "json"], { encoding: "utf8" });
  const env = JSON.parse(stdout) as Readonly<Record<string, string>>;
  const { port, host } = new URL(env["AWS_ENDPOINT_URL"] ?? "");
  const key = { accessKeyId: env["AWS_ACCESS_KEY_ID"] ?? "", secretAccessKey: env["AWS_SECRET_ACCESS_KEY"] ?? "" };
  const to = { region: "us-east-1", service: "s3" };
  const headersFor: Target["headersFor"] = (method, path) => {
    const headers = { host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
    return signedHeaders({ method, path, query: "", headers, body: new Uint8Array() }, key, to, Date.now()); // oxlint-disable-line
  };
  return { title: "buckets", port: Number(port), headersFor };
}

/** The most that the process ever had, in MiB. */
function peakMib(name: string): number {
  const found = spawnSync("pgrep", ["-f", `run control.*${name}`], { encoding: "utf8" }).stdout.split("\n")[0] ?? "";
  const kib = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${found}/status`, "utf8"))?.[1];
  return Math.round(Number(kib) / 1_024);
}

if (process.argv[2] === "--serve") serveFiles(process.argv[3] ?? "");
else {
  const name = process.argv[process.argv.indexOf("--name") + 1] ?? "default";
  const buckets = instance(name);
  await ask(buckets, "PUT", "/bench", Buffer.alloc(0));
  const before = peakMib(name);
  const { target, end } = await bare();
  const rows = [await measure(buckets), await measure(target)];
  const columns = ["", "PUT 1 GiB, MB/s", "GET 1 GiB, MB/s", "PUT 10 KiB /s", "GET 10 KiB /s"];
  for (const row of [columns, ...rows]) process.stdout.write(`${row.map((one) => String(one).padEnd(18)).join("")}\n`);
  process.stdout.write(`control's largest memory: ${before} MiB before, ${peakMib(name)} MiB after\n`);
  end();
  agent.destroy();
}
