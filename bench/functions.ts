/** Measures functions in isolated sandboxes beside a bare node:http server in the same run: cold starts and the warm path. Needs root. */
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { silent } from "#base/log.ts";
import { startLauncher } from "#sandboxes/launcher-process.ts";
import { openSandboxes } from "#sandboxes/pool.ts";
import { Bench, FolderCode, realClock } from "../tests/functions-support.ts";

const COLD_RUNS = 30;
const WARM_RUNS = 3_000;
const BURST = 20;
const LOAD_MS = 3_000;
const LOAD_PARALLEL = 16;

const hello = { "index.js": "exports.handler = async (event) => ({ hello: event.name });" };

interface Figures {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

function figuresOf(times: readonly number[]): Figures {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (q: number): number =>
    Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0).toFixed(3));
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

async function timed(runs: number, work: (i: number) => Promise<unknown>): Promise<Figures> {
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const before = performance.now();
    await work(i);
    times.push(performance.now() - before);
  }
  return figuresOf(times);
}

/** Requests per second with `LOAD_PARALLEL` in flight. */
async function load(work: () => Promise<unknown>): Promise<number> {
  const until = performance.now() + LOAD_MS;
  let done = 0;
  const lane = async (): Promise<void> => {
    for (; performance.now() < until; done++) await work();
  };
  await Promise.all(Array.from({ length: LOAD_PARALLEL }, lane));
  return Math.round((done * 1000) / LOAD_MS);
}

async function measure(bench: Bench): Promise<void> {
  await bench.create("hello", hello);
  await bench.ask("hello", { name: "a" });
  await realClock.sleep(1500);
  const pooled = await coldStarts(bench, 250);
  print("cold start, pooled (ms)", pooled);
  print("cold start, pool empty (ms)", await emptyStarts(bench));
  await burst(bench);
  await bench.ask("hello", { name: "a" });
  print("warm invocation (ms)", await timed(WARM_RUNS, () => bench.invoke("hello", { name: "a" })));
  const frozen: number[] = [];
  for (let i = 0; i < 40; i++) {
    await realClock.sleep(40);
    const before = performance.now();
    await bench.invoke("hello", { name: "a" });
    frozen.push(performance.now() - before);
  }
  print("frozen environment, thaw and answer (ms)", figuresOf(frozen));
  print(
    `invocations/s, ${LOAD_PARALLEL} in flight, metered and logged`,
    await load(() => bench.invoke("hello", { name: "a" })),
  );
}

/** One at a time, with time to refill between. */
async function coldStarts(bench: Bench, pauseMs: number): Promise<Figures> {
  const times: number[] = [];
  for (let i = 0; i < COLD_RUNS; i++) {
    await bench.chill("hello");
    await realClock.sleep(pauseMs);
    const before = performance.now();
    const result = await bench.invoke("hello", { name: "a" });
    if (result.isCold) times.push(performance.now() - before);
  }
  return figuresOf(times);
}

/** Many at once where nothing is warm: the pool first, then boots as fast as the cores allow, or whoever comes free. */
async function burst(bench: Bench): Promise<void> {
  await bench.chill("hello");
  await realClock.sleep(1000);
  const before = performance.now();
  const times: number[] = [];
  const one = async (): Promise<void> => {
    await bench.invoke("hello", { name: "a" });
    times.push(performance.now() - before);
  };
  await Promise.all(Array.from({ length: BURST }, one));
  print(`burst of ${BURST} at once, no environment there (ms)`, figuresOf(times));
}

/** A memory class of its own for each function: nothing is in stock for the first of its class. */
async function emptyStarts(bench: Bench): Promise<Figures> {
  const times: number[] = [];
  for (const memoryMib of [256, 512, 1024, 2048, 3072, 10_240]) {
    await bench.create(`empty-${memoryMib}`, hello, { memoryMib });
    // The refills of the class before take half a second of both cores.
    await realClock.sleep(1000);
    const before = performance.now();
    await bench.invoke(`empty-${memoryMib}`, { name: "a" });
    times.push(performance.now() - before);
  }
  return figuresOf(times);
}

async function measureHttp(): Promise<void> {
  const server = http.createServer((request, response) => {
    request.resume();
    request.on("end", () => response.end('{"hello":"a"}'));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const agent = new http.Agent({ keepAlive: true, maxSockets: LOAD_PARALLEL });
  const { port } = server.address() as AddressInfo;
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const request = http.request({ port, host: "127.0.0.1", agent, method: "POST" }, (response) => {
        response.resume();
        response.on("end", resolve);
      });
      request.on("error", reject);
      request.end('{"name":"a"}');
    });
  await timed(500, ask);
  print("bare node:http, client and server in one process (ms)", await timed(WARM_RUNS, ask));
  print(`bare node:http requests/s, ${LOAD_PARALLEL} in flight`, await load(ask));
  agent.destroy();
  server.close();
}

function print(what: string, figures: Figures | number): void {
  const text =
    typeof figures === "number" ? String(figures) : `p50 ${figures.p50}  p90 ${figures.p90}  p99 ${figures.p99}`;
  process.stdout.write(`${what.padEnd(60)} ${text}\n`);
}

async function main(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error("this bench needs root");
  const folder = await mkdtemp("/run/ctm-bench-");
  {
    await using code = await FolderCode.open();
    await using launcher = await startLauncher({
      instance: path.basename(folder).slice(4),
      folder,
      node: process.execPath,
    });
    if (launcher === null) throw new Error("no launcher");
    await using sandboxes = await openSandboxes({
      code,
      clock: realClock,
      log: silent,
      region: "us-east-1",
      launcherFolder: folder,
    });
    await using bench = await Bench.open(sandboxes, code);
    print(`driver ${sandboxes.driver}, node ${process.version}`, 0);
    await measure(bench);
  }
  await rm(folder, { recursive: true, force: true });
  await measureHttp();
}

await main();
