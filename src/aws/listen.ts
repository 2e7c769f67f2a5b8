/** The AWS door: one HTTP port for all services; reads, verifies the signature, finds the action, writes the answer. */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import { parseJson } from "#base/json.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { Action, Call, Input, Reply, Service } from "./action.ts";
import { AwsError, awsErrorOf } from "./aws-error.ts";
import { restInput, restRouter, type RestRouter } from "./rest.ts";
import { checkShape } from "./shape.ts";
import { type FindCaller, type SignedRequest, type Verified, verifySignature } from "./sign.ts";
import { escapeXml } from "./xml.ts";

export interface AwsOptions {
  readonly services: readonly Service[];
  readonly findCaller: FindCaller;
  /** Addresses to listen on; the port is the same on all. */
  readonly hosts: readonly string[];
  /** 0 picks a free one on the first host. */
  readonly port: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface AwsDoor extends AsyncDisposable {
  readonly port: number;
}

// A 50 MB deployment package as base64 in JSON, with room for the rest of CreateFunction.
const MAX_BODY_BYTES = 72 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 120_000;

interface Target {
  readonly action: Action;
  readonly input: Input;
  readonly status: number;
  readonly contentType: string;
}

type Find = (request: SignedRequest) => Target;

/** Opens the door on every host; resolves when all of them accept. */
export async function listenAws(options: AwsOptions): Promise<AwsDoor> {
  const finders = new Map(options.services.map((service) => [service.signingName, finderOf(service)]));
  const servers: Server[] = [];
  let port = options.port;
  for (const host of options.hosts) {
    const server = createServer((request, response) => void answer(request, response, finders, options));
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    server.keepAliveTimeout = 65_000; // Longer than SDK clients keep sockets, so that they close first.
    await listening(server, port, host);
    port = (server.address() as AddressInfo).port;
    servers.push(server);
  }
  return { port, [Symbol.asyncDispose]: async () => void (await Promise.all(servers.map(closed))) };
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  finders: ReadonlyMap<string, Find>,
  options: AwsOptions,
): Promise<void> {
  const requestId = options.random.uuid();
  const now = options.clock.now();
  try {
    const signed = await readRequest(request);
    const verified = verifySignature(signed, options.findCaller, now);
    const target = targetOf(signed, verified, finders);
    checkShape(target.input, target.action.input);
    const { caller, region } = verified;
    const call: Call = { caller, requestId, region, now, headers: signed.headers };
    writeReply(response, await target.action.run(target.input, call), target, requestId);
  } catch (thrown) {
    const error = awsErrorOf(thrown);
    if (error.status === 500)
      options.log.error("an AWS request failed", { requestId, url: request.url, reason: reasonOf(thrown) });
    writeError(request, response, error, requestId);
  }
}

async function readRequest(request: IncomingMessage): Promise<SignedRequest> {
  const url = request.url ?? "/";
  const question = url.indexOf("?");
  return {
    method: request.method ?? "GET",
    path: question < 0 ? url : url.slice(0, question),
    query: question < 0 ? "" : url.slice(question + 1),
    headers: joined(request.headers),
    body: await readBody(request),
  };
}

function joined(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const single: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    single[name] = typeof value === "string" ? value : (value ?? []).join(",");
  }
  return single;
}

/** By events: iterating over the request costs as much as verifying its signature. */
function readBody(request: IncomingMessage): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= MAX_BODY_BYTES) return;
      request.pause();
      reject(new AwsError("RequestEntityTooLargeException", 413, `the body is larger than ${MAX_BODY_BYTES} bytes`));
    });
    request.on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)));
    request.on("error", reject);
  });
}

function targetOf(request: SignedRequest, verified: Verified, finders: ReadonlyMap<string, Find>): Target {
  const find = finders.get(verified.service);
  if (find !== undefined) return find(request);
  throw new AwsError(
    "UnknownServiceException",
    400,
    `Catamaran has no service '${verified.service}'; it has ${[...finders.keys()].join(", ")}`,
  );
}

function finderOf(service: Service): Find {
  switch (service.protocol) {
    case "rest-json":
      return restFinder(service.signingName, restRouter(service.actions));
    case "json-1.0":
    case "json-1.1":
      return jsonFinder(service.targetPrefix, service.actions, `application/x-amz-${service.protocol}`);
    case "query":
      return queryFinder(service.actions);
  }
}

function restFinder(name: string, route: RestRouter): Find {
  return (request) => {
    const found = route(request);
    if (found === null)
      throw new AwsError(
        "UnknownOperationException",
        404,
        `Catamaran has no ${name} action at ${request.method} ${request.path}`,
      );
    const input = restInput(found.action, found.path, request);
    return { action: found.action, input, status: found.action.status ?? 200, contentType: "application/json" };
  };
}

function jsonFinder(prefix: string, actions: readonly Action[], contentType: string): Find {
  const byTarget = new Map(actions.map((action) => [`${prefix}.${action.name}`, action]));
  return (request) => {
    const name = request.headers["x-amz-target"] ?? "";
    const action = byTarget.get(name);
    if (action === undefined) throw new AwsError("UnknownOperationException", 400, `Catamaran has no action '${name}'`);
    const input = request.body.length === 0 ? {} : (parseJson(decodeUtf8(request.body)) as Input);
    return { action, input, status: 200, contentType };
  };
}

function queryFinder(actions: readonly Action[]): Find {
  const byName = new Map(actions.map((action) => [action.name, action]));
  return (request) => {
    const form = Object.fromEntries(
      new URLSearchParams(request.method === "GET" ? request.query : decodeUtf8(request.body)),
    );
    const { Action: name = "", Version: _version, ...input } = form;
    const action = byName.get(name);
    if (action === undefined) throw new AwsError("InvalidAction", 400, `Catamaran has no action '${name}'`);
    return { action, input, status: 200, contentType: "text/xml" };
  };
}

function writeReply(response: ServerResponse, reply: Reply, target: Target, requestId: string): void {
  const body = bodyText(reply.body);
  const headers: Record<string, string | number> = {
    "x-amzn-RequestId": requestId,
    ...reply.headers,
    "content-length": body.length,
  };
  if (reply.body !== undefined) headers["content-type"] ??= target.contentType;
  response.writeHead(reply.status ?? target.status, headers);
  response.end(body, "latin1");
}

/** One character for each byte: Node then writes head and body together, where bytes would be a second piece of a slower write. */
function bodyText(body: unknown): string {
  if (body === undefined) return "";
  const bytes = body instanceof Uint8Array ? body : encodeUtf8(typeof body === "string" ? body : JSON.stringify(body));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function writeError(request: IncomingMessage, response: ServerResponse, error: AwsError, requestId: string): void {
  const isQuery = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true;
  const body = isQuery ? xmlError(error, requestId) : jsonError(error);
  if (response.headersSent) return void response.destroy();
  response.writeHead(error.status, {
    "x-amzn-RequestId": requestId,
    "x-amzn-ErrorType": error.code,
    "content-type": isQuery ? "text/xml" : "application/json",
    "content-length": Buffer.byteLength(body),
    // The rest of an unread body is not worth receiving.
    ...(request.complete ? {} : { connection: "close" }),
  });
  response.end(body);
}

function jsonError(error: AwsError): string {
  const type = error.status < 500 ? "User" : "Service";
  return JSON.stringify({
    __type: error.code,
    Type: type,
    message: error.message,
    Message: error.message,
    ...error.members,
  });
}

function xmlError(error: AwsError, requestId: string): string {
  const type = error.status < 500 ? "Sender" : "Receiver";
  return `<ErrorResponse><Error><Type>${type}</Type><Code>${error.code}</Code><Message>${escapeXml(error.message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
}
