/** The control side of the gateway's calls: invocations and usage over a unix socket that only this instance can reach. */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Functions } from "#functions/engine.ts";
import { type LogStore, newestLines } from "#functions/logs.ts";
import type { AuthorizeUrl, UrlRequest } from "./url-authorization.ts";
import type { Ledger, RequestUsage, Usage } from "#metering/usage.ts";

const MAX_BODY_BYTES = 12 * 1024 * 1024; // Six megabytes of payload, base64 and JSON around it.

export interface InvokeListenerOptions {
  readonly functions: Functions;
  readonly ledger: Ledger;
  readonly logs: LogStore;
  readonly authorizeUrl: AuthorizeUrl;
  readonly socketPath: string;
  readonly log: Log;
}

/**
 * POST /invoke/{namespace}/{function}?qualifier=: payload in, payload out; x-amz-function-error, x-catamaran-cold and
 * x-catamaran-request-id say how it went. POST /authorize: a UrlRequest in, a UrlVerdict out. POST /usage: an array of RequestUsage. For the command line, as JSON lines:
 * GET /usage?from&to&is, GET /logs?group&limit, GET /functions.
 */
export async function listenInvoke(options: InvokeListenerOptions): Promise<AsyncDisposable> {
  rmSync(options.socketPath, { recursive: true, force: true });
  const server = createServer((request, response) => void answer(request, response, options));
  server.keepAliveTimeout = 0; // The only client is the gateway; it closes when it likes.
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.socketPath, resolve);
  });
  chmodSync(options.socketPath, 0o600);
  return {
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: InvokeListenerOptions,
): Promise<void> {
  try {
    const url = new URL(request.url ?? "/", "http://control");
    const [, verb, namespace, name] = url.pathname.split("/");
    if (request.method === "GET") return await read(url, response, options);
    const body = await readBody(request);
    if (request.method === "POST" && verb === "usage") return keepUsage(body, response, options);
    if (request.method === "POST" && verb === "authorize") return await authorize(body, response, options);
    if (request.method !== "POST" || verb !== "invoke" || namespace === undefined || name === undefined)
      throw new Fault("NotFound", `no ${request.method} ${url.pathname} here`);
    await invoke(
      {
        namespace: decodeURIComponent(namespace),
        name: decodeURIComponent(name),
        qualifier: url.searchParams.get("qualifier") ?? undefined,
        traceId: request.headers["x-amzn-trace-id"] as string | undefined,
      },
      body,
      response,
      options,
    );
  } catch (thrown) {
    const status = thrown instanceof Fault ? statusOf(thrown) : 500;
    if (status === 500) options.log.error("an invocation from the gateway failed", { reason: reasonOf(thrown) });
    response.writeHead(status, { "content-type": "text/plain" }).end(reasonOf(thrown));
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Fault("RequestTooLarge", `the body is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

interface Target {
  readonly namespace: string;
  readonly name: string;
  readonly qualifier: string | undefined;
  readonly traceId: string | undefined;
}

async function invoke(
  { namespace, name, qualifier, traceId }: Target,
  payload: Uint8Array,
  response: ServerResponse,
  options: InvokeListenerOptions,
): Promise<void> {
  const result = await options.functions.invoke({
    namespace,
    name,
    payload,
    type: "RequestResponse",
    ...(qualifier === undefined ? {} : { qualifier }),
    ...(traceId === undefined ? {} : { traceId }),
  });
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": result.payload.length,
    "x-catamaran-request-id": result.requestId,
    ...(result.isCold ? { "x-catamaran-cold": "1" } : {}),
    ...(result.functionError === undefined ? {} : { "x-amz-function-error": result.functionError }),
  });
  response.end(result.payload);
}

/** The answer is a UrlVerdict. */
async function authorize(
  body: Buffer,
  response: ServerResponse,
  { authorizeUrl }: InvokeListenerOptions,
): Promise<void> {
  const verdict = await authorizeUrl(JSON.parse(body.toString("utf8")) as UrlRequest);
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(verdict));
}

function keepUsage(body: Buffer, response: ServerResponse, options: InvokeListenerOptions): void {
  const usage = JSON.parse(body.toString("utf8")) as readonly RequestUsage[];
  options.ledger.append(usage);
  response.writeHead(204).end();
}

async function read(url: URL, response: ServerResponse, options: InvokeListenerOptions): Promise<void> {
  const number = (name: string, otherwise: number): number => Number(url.searchParams.get(name) ?? otherwise);
  switch (url.pathname) {
    case "/usage": {
      const is = url.searchParams.get("is") as Usage["is"] | null;
      const window = { fromMs: number("from", 0), toMs: number("to", Number.MAX_SAFE_INTEGER) };
      return writeLines(response, options.ledger.read(window, is ?? undefined));
    }
    case "/logs":
      return writeLines(
        response,
        await newestLines(options.logs, url.searchParams.get("group") ?? "", number("limit", 1_000)),
      );
    case "/functions":
      return writeLines(response, options.functions.stats());
    default:
      throw new Fault("NotFound", `no GET ${url.pathname} here`);
  }
}

async function writeLines(
  response: ServerResponse,
  objects: AsyncIterable<unknown> | Iterable<unknown>,
): Promise<void> {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  for await (const object of objects) {
    if (!response.write(`${JSON.stringify(object)}\n`)) await new Promise((resolve) => response.once("drain", resolve));
  }
  response.end();
}

function statusOf(fault: Fault): number {
  if (fault.code === "NotFound") return 404;
  if (fault.code === "TooManyRequests") return 429;
  if (fault.code === "RequestTooLarge") return 413;
  return fault.code === "Unavailable" || fault.code === "Timeout" ? 503 : 500;
}
