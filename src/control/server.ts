/** The control process's side of its private API: contract.ts on a unix socket that only the instance's user can reach. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import { HeldBytes } from "#http/held-bytes.ts";
import { listenSocket } from "#http/listen.ts";
import { type Body, BodyRefused, readBody } from "#http/read-body.ts";
import type { RequestUsage, Usage } from "#metering/usage.ts";
import {
  type ApiLogLine,
  type Control,
  type Invocation,
  type Invoked,
  type KeyUsage,
  type ServiceLoad,
  STATUSES,
  STREAM_TYPE,
  type Streamed,
  type UrlRequest,
  VERSION,
} from "./contract.ts";

// Six megabytes of payload as base64 in an event, with room for its other members.
const MAX_BODY_BYTES = 12 * 1024 * 1024;
const BODY_DEADLINE_MS = 60_000;
// All peers are roles of this instance, and the gateway holds no more itself.
const HELD = { totalBytes: 256 * 1024 * 1024, peerBytes: 256 * 1024 * 1024 };
const MAX_LINES = 1_000_000;
const KINDS_OF_USAGE: readonly Usage["is"][] = ["invocation", "pod", "node", "request"];

export interface ControlServerOptions {
  readonly control: Control;
  readonly socketPath: string;
  readonly clock: Clock;
  readonly log: Log;
}

export async function listenControl({
  control,
  socketPath,
  clock,
  log,
}: ControlServerOptions): Promise<AsyncDisposable> {
  const limits = { maxBytes: MAX_BODY_BYTES, deadlineMs: BODY_DEADLINE_MS, held: new HeldBytes(HELD), clock };
  const server = createServer((request, response) => {
    answer(request, response, control, () =>
      readBody(request, { peer: "role", contentLength: request.headers["content-length"] }, limits),
    ).catch((thrown: unknown) => fail(request, response, thrown, log));
  });
  server.keepAliveTimeout = 0; // The clients are roles of this instance; they close when they like.
  return listenSocket(server, socketPath);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  control: Control,
  body: () => Promise<Body>,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://control");
  const [, version, verb, ...words] = url.pathname.split("/");
  const query = url.searchParams;
  if (version !== VERSION) throw new Fault("NotFound", `this control process speaks ${VERSION}, not ${version}`);
  switch (`${request.method} ${verb}`) {
    case "POST invoke": {
      using payload = await body();
      return writeInvoked(response, await control.invoke(invocationOf(request, words, query, payload.bytes)));
    }
    case "POST invoke-streaming": {
      using payload = await body();
      const invocation = invocationOf(request, words, query, payload.bytes);
      return await writeStreamed(response, await control.invokeStreaming(invocation));
    }
    case "POST authorize-url": {
      using asked = await body();
      const verdict = await control.authorizeUrl(JSON.parse(asked.bytes.toString("utf8")) as UrlRequest);
      return void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(verdict));
    }
    case "POST usage": {
      using sent = await body();
      await control.keepUsage(JSON.parse(sent.bytes.toString("utf8")) as readonly RequestUsage[]);
      return void response.writeHead(204).end();
    }
    case "POST load": {
      using sent = await body();
      const wakeable = await control.keepLoad(JSON.parse(sent.bytes.toString("utf8")) as readonly ServiceLoad[]);
      return void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(wakeable));
    }
    case "POST key-usage": {
      using sent = await body();
      await control.keepKeyUsage(JSON.parse(sent.bytes.toString("utf8")) as readonly KeyUsage[]);
      return void response.writeHead(204).end();
    }
    case "GET key-usage":
      return writeLines(response, control.readKeyUsage());
    case "POST logs": {
      using sent = await body();
      await control.writeLogs(JSON.parse(sent.bytes.toString("utf8")) as readonly ApiLogLine[]);
      return void response.writeHead(204).end();
    }
    case "POST rotate-secret-key":
      return void response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify(await control.rotateSecretKey()));
    case "GET usage": {
      const window = { fromMs: numberOf(query, "from"), toMs: numberOf(query, "to") };
      const is = KINDS_OF_USAGE.find((kind) => kind === query.get("is"));
      return writeLines(response, control.readUsage(window, is));
    }
    case "GET logs":
      return writeLines(
        response,
        control.readLogs(query.get("group") ?? "", Math.min(MAX_LINES, numberOf(query, "limit"))),
      );
    case "GET functions":
      return writeLines(response, control.readFunctions());
    default:
      throw new Fault("NotFound", `no ${request.method} ${url.pathname} here`);
  }
}

function invocationOf(
  request: IncomingMessage,
  words: readonly string[],
  query: URLSearchParams,
  payload: Uint8Array,
): Invocation {
  const [namespace = "", name = ""] = words.map(decodeURIComponent);
  const traceId = request.headers["x-amzn-trace-id"];
  return {
    namespace,
    name,
    qualifier: query.get("qualifier") ?? "",
    payload,
    ...(query.has("event") && { isEvent: true }),
    traceId: typeof traceId === "string" ? traceId : "",
  };
}

function numberOf(query: URLSearchParams, name: string): number {
  const value = Number(query.get(name) ?? Number.NaN);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Fault("BadRequest", `${name} must be a whole number`);
}

function writeInvoked(response: ServerResponse, invoked: Invoked): void {
  const { payload } = invoked;
  const head = { "content-type": "application/json", "content-length": payload.length };
  response.writeHead(200, { ...head, ...headersOf(invoked) });
  response.end(payload);
}

function headersOf({ requestId, functionError, isCold }: Omit<Invoked, "payload">): Readonly<Record<string, string>> {
  return {
    "x-catamaran-request-id": requestId,
    ...(isCold && { "x-catamaran-cold": "1" }),
    ...(functionError !== undefined && { "x-amz-function-error": functionError }),
  };
}

/** A stream that breaks off is cut: what was said cannot be taken back, and the reader must not take it for whole. */
async function writeStreamed(response: ServerResponse, streamed: Streamed): Promise<void> {
  const { contentType, pieces } = streamed;
  response.writeHead(200, {
    ...headersOf(streamed),
    ...(contentType !== null && { [STREAM_TYPE]: contentType }),
  });
  // The head is of use before the first piece.
  response.flushHeaders();
  try {
    for await (const piece of pieces) {
      if (response.destroyed) return;
      if (!response.write(piece)) await drained(response);
    }
    response.end();
  } catch {
    // The function's log says why. What was written before still arrives.
    response.socket?.destroySoon();
  }
}

async function writeLines(response: ServerResponse, values: AsyncIterable<unknown>): Promise<void> {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  for await (const value of values) {
    if (response.destroyed) return;
    if (!response.write(`${JSON.stringify(value)}\n`)) await drained(response);
  }
  response.end();
}

/** Also when whoever asked is gone: then nothing drains any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once("drain", resolve);
    response.once("close", resolve);
  });
}

function fail(request: IncomingMessage, response: ServerResponse, thrown: unknown, log: Log): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const refusal = thrown instanceof BodyRefused ? faultOfBody(thrown) : thrown;
  const [code, status] = STATUSES.find(([known]) => refusal instanceof Fault && refusal.code === known) ?? [
    "InternalError",
    500,
  ];
  if (code === "InternalError")
    log.error("a request to the control process failed", { url: request.url, reason: reasonOf(thrown) });
  if (thrown instanceof BodyRefused) response.setHeader("connection", "close");
  response.writeHead(status, { "content-type": "text/plain" }).end(reasonOf(refusal));
}

function faultOfBody({ reason, message }: BodyRefused): Fault {
  switch (reason) {
    case "too large":
      return new Fault("RequestTooLarge", message);
    case "too slow":
    case "cut off":
      return new Fault("Timeout", message);
    case "too many":
      return new Fault("Unavailable", message);
  }
}
