/**
 * Measures the signed Invoke API and the gateway of a running instance (catamaran up first): cold start, warm latency and requests a second,
 * beside a bare node:http server in the same run. Usage: node bench/invoke.ts [--name NAME]
 */
import { fork, spawnSync } from "node:child_process";
import { createServer } from "node:http";
import net, { type AddressInfo } from "node:net";
import { join } from "node:path";
import { zipSync } from "fflate";
import { signedHeaders } from "#aws/sign.ts";
import { Histogram } from "#base/histogram.ts";

const LOAD_MS = 4_000;
const LANES = 32;
const COLD_RUNS = 30;
const WARM_RUNS = 2_000;
const BODY = Buffer.from('{"name":"bench"}');

interface Target {
  readonly port: number;
  readonly path: string;
  readonly headers: () => Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One kept connection. Node's own client takes as much of the two cores as the servers that are measured here. */
class Lane {
  readonly #socket: net.Socket;
  readonly #target: Target;
  #text = "";
  #answered: (answer: Answer) => void = () => {};

  constructor(target: Target) {
    this.#target = target;
    this.#socket = net.connect(target.port, "127.0.0.1").setNoDelay().setEncoding("latin1");
    this.#socket.on("data", (chunk: string) => this.#take(chunk));
  }

  send(method = "POST", path: string = this.#target.path, body: Buffer = BODY): Promise<Answer> {
    const head = Object.entries({ ...this.#target.headers(), "content-length": body.length })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join("");
    this.#socket.write(`${method} ${path} HTTP/1.1\r\n${head}\r\n${body.toString("latin1")}`, "latin1");
    return new Promise((resolve) => (this.#answered = resolve));
  }

  #take(chunk: string): void {
    this.#text += chunk;
    const end = this.#text.indexOf("\r\n\r\n") + 4;
    const length = Number(/content-length: (\d+)/i.exec(this.#text)?.[1] ?? 0);
    if (end < 4 || this.#text.length < end + length) return;
    const answer = { status: Number(this.#text.slice(9, 12)), text: this.#text.slice(end) };
    this.#text = "";
    this.#answered(answer);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

async function serial(target: Target, runs: number): Promise<Histogram> {
  const times = new Histogram();
  using lane = new Lane(target);
  for (let i = 0; i < runs; i++) {
    const before = performance.now();
    await lane.send();
    times.record((performance.now() - before) * 1000);
  }
  return times;
}

async function load(
  target: Target,
): Promise<{ readonly perSecond: number; readonly times: Histogram; readonly failed: number }> {
  const times = new Histogram();
  const until = performance.now() + LOAD_MS;
  let failed = 0;
  const lane = async (): Promise<void> => {
    using connection = new Lane(target);
    while (performance.now() < until) {
      const before = performance.now();
      if ((await connection.send()).status !== 200) failed++;
      times.record((performance.now() - before) * 1000);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return { perSecond: Math.round((times.count * 1000) / LOAD_MS), times, failed };
}

function row(what: string, times: Histogram, more = ""): void {
  const ms = (share: number): string => (times.quantile(share) / 1000).toFixed(2).padStart(8);
  process.stdout.write(`${what.padEnd(34)} p50${ms(0.5)} ms  p99${ms(0.99)} ms  ${more}\n`);
}

/** Null when no instance runs; the command has said why on stderr. */
function environmentOf(words: readonly string[]): Readonly<Record<string, string>> | null {
  const bin = join(import.meta.dirname, "..", "tools", "catamaran.mjs");
  const { status, stdout } = spawnSync(process.execPath, [bin, "env", "-o", "json", ...words], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return status === 0 ? (JSON.parse(stdout) as Readonly<Record<string, string>>) : null;
}

async function main(): Promise<void> {
  const environment = environmentOf(process.argv.slice(2));
  if (environment === null) {
    process.stderr.write("bench/invoke.ts measures a running instance: first catamaran up --detach\n");
    process.exit(4);
  }
  const url = new URL(environment["AWS_ENDPOINT_URL"] ?? "");
  const key = {
    accessKeyId: environment["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "",
  };
  const signed = (method: string, path: string, body: Buffer): Readonly<Record<string, string>> =>
    signedHeaders(
      { method, path, query: "", headers: { host: url.host }, body },
      key,
      { region: "us-east-1", service: "lambda" },
      Date.now(),
    );
  const lambda = async (method: string, path: string, input?: object): Promise<Answer> => {
    const body = Buffer.from(input === undefined ? "" : JSON.stringify(input));
    using lane = new Lane({ port: Number(url.port), path, headers: () => signed(method, path, body) });
    return await lane.send(method, path, body);
  };
  const create = async (name: string): Promise<Target> => {
    const zip = zipSync({
      "index.mjs": Buffer.from("export const handler = async (event) => ({ hello: event.name });"),
    });
    await lambda("DELETE", `/2015-03-31/functions/${name}`);
    await lambda("POST", "/2015-03-31/functions", {
      FunctionName: name,
      Runtime: "nodejs24.x",
      Handler: "index.handler",
      Role: "arn:aws:iam::000000000000:role/b",
      Code: { ZipFile: Buffer.from(zip).toString("base64") },
    });
    while (!(await lambda("GET", `/2015-03-31/functions/${name}/configuration`)).text.includes('"State":"Active"'))
      await new Promise((resolve) => setTimeout(resolve, 20));
    const path = `/2015-03-31/functions/${name}/invocations`;
    // One signature serves for its five minutes: what is measured is the server, not the signing.
    const headers = signed("POST", path, BODY);
    return { port: Number(url.port), path, headers: () => headers };
  };
  const cold = new Histogram();
  for (let i = 0; i < COLD_RUNS; i++) {
    const target = await create(`bench-${i}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    using lane = new Lane(target);
    // The connection is there already, as SDKs keep it.
    await lane.send("GET", "/");
    const before = performance.now();
    await lane.send();
    cold.record((performance.now() - before) * 1000);
    await lambda("DELETE", `/2015-03-31/functions/bench-${i}`);
  }
  row("cold start, pooled, signed", cold);
  const bareProcess = fork(import.meta.filename, ["bare"]);
  const barePort = await new Promise<number>((resolve) =>
    bareProcess.once("message", (port) => resolve(port as number)),
  );
  const bare: Target = { port: barePort, path: "/", headers: () => ({ host: "bare" }) };
  const target = await create("bench-warm");
  await lambda("POST", "/2021-10-31/functions/bench-warm/url", { AuthType: "NONE" });
  const open = { StatementId: "url", Action: "lambda:InvokeFunctionUrl", Principal: "*", FunctionUrlAuthType: "NONE" };
  await lambda("POST", "/2015-03-31/functions/bench-warm/policy", open);
  const gateway = new URL(environment["CATAMARAN_GATEWAY"] ?? "");
  const edge: Target = {
    port: Number(gateway.port),
    path: "/_functions/default/bench-warm/",
    headers: () => ({ host: gateway.host, "content-type": "application/json" }),
  };
  await load(target);
  for (const [what, one] of [
    ["bare node:http", bare],
    ["warm invoke, signed", target],
    ["bare node:http", bare],
    ["warm invoke, signed", target],
    ["function URL at the gateway", edge],
  ] as const) {
    await serial(one, 200);
    row(`${what}, one at a time`, await serial(one, WARM_RUNS));
    const { perSecond, times, failed } = await load(one);
    row(`${what}, ${LANES} in flight`, times, `${perSecond.toLocaleString("en-US")}/s, ${failed} failed`);
  }
  await lambda("DELETE", "/2015-03-31/functions/bench-warm");
  bareProcess.kill();
  process.exit();
}

if (process.argv[2] === "bare") {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.end('{"hello":"bench"}'));
  });
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
} else {
  await main();
}
