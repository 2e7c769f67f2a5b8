/** The AWS door: one HTTP port for all services. Whoever cannot prove who he is has no body read; then who may do what, and the action. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { limitConnections } from "#http/connections.ts";
import { listen } from "#http/listen.ts";
import { HeldBytes } from "#http/held-bytes.ts";
import { type Body, BodyRefused, readBody } from "#http/read-body.ts";
import type { Call, Service } from "./action.ts";
import { serviceless, writeErrorAndDrain, writeErrorReply, writeReply } from "./answer.ts";
import type { Authorize } from "./authorize.ts";
import { AwsError, awsErrorOf } from "./aws-error.ts";
import { codedReply, decodedBody } from "./content-coding.ts";
import { aboutOf, type Exchange } from "./exchange.ts";
import type { Reply } from "./reply.ts";
import { serveStreaming } from "./serve-streaming.ts";
import {
  type Claim,
  type FindCaller,
  isSigned,
  proveClaim,
  readClaim,
  serviceInScope,
  sha256Hex,
  type SignedHead,
  unsignedClaim,
} from "./sign.ts";
import { type Aim, doorOf, type ServiceDoor } from "./target.ts";
import { originHeaders, type UnsignedAnswer, unsignedAnswer } from "./unsigned.ts";

export interface AwsOptions {
  readonly services: readonly Service[];
  readonly findCaller: FindCaller;
  readonly authorize: Authorize;
  /** What a service answers without a signature: links that it has handed out. Null: the request is none of them. */
  readonly links?: (head: SignedHead) => Promise<UnsignedAnswer | null>;
  /** The only region that there is. */
  readonly region: string;
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

const HEADERS_TIMEOUT_MS = 60_000;
// The largest package (70 MB as JSON) at 1.2 MB/s.
const BODY_DEADLINE_MS = 60_000;
// Three of the largest packages at once, two of them of one key: others find room beside them.
const HELD_BYTES = { totalBytes: 224 * 1024 * 1024, peerBytes: 144 * 1024 * 1024 };
// A function account has a concurrency of 1,000, and each environment a connection of its own.
const CONNECTIONS = { total: 4_096, perPeer: 3_072 };
const PIECE_BYTES = 4 * 1024 * 1024;

interface Door {
  readonly options: AwsOptions;
  /** By the name that requests are signed for; DynamoDB and its streams share one. */
  readonly services: ReadonlyMap<string, readonly ServiceDoor[]>;
  readonly held: HeldBytes;
}

/** Opens the door on every host; resolves when all of them accept. */
export async function listenAws(options: AwsOptions): Promise<AwsDoor> {
  const services = new Map<string, readonly ServiceDoor[]>();
  for (const one of options.services.map(doorOf))
    services.set(one.signingName, [...(services.get(one.signingName) ?? []), one]);
  const door: Door = { options, services, held: new HeldBytes(HELD_BYTES) };
  const { hosts, port } = options;
  return listen({ server: () => serverOf(door), hosts, port });
}

function serverOf(door: Door): Server {
  const server = createServer((request, response) => void answer(request, response, door));
  // RFC 9110 10.1.1: a client that asks first is told to go on only once its head was found right.
  server.on("checkContinue", (request, response) => void answer(request, response, door));
  // Bodies have limits of their own: a deadline (BODY_DEADLINE_MS), or a pace (serve-streaming.ts).
  server.requestTimeout = 0;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.keepAliveTimeout = 65_000; // Longer than SDK clients keep sockets, so that they close first.
  limitConnections(server, CONNECTIONS);
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, door: Door): Promise<void> {
  const { random, log } = door.options;
  const requestId = random.uuid();
  const head = headOf(request);
  let aim: Aim | null = null;
  try {
    for (const [name, value] of Object.entries(originHeaders(head))) response.setHeader(name, value);
    const unsigned = unsignedAnswer(head) ?? (await door.options.links?.(head)) ?? null;
    if (unsigned !== null) return void response.writeHead(200, unsigned.headers).end(unsigned.body);
    if (head.headers["origin"] !== undefined && (await answeredOrigin(head, response, door))) return;
    const claim = claimOf(head, door);
    const service = serviceOf(claim, head, door);
    aim = service.aim(head);
    const exchange = { request, response, head, claim, requestId, aim };
    if (service.isStreaming) await serveStreaming(exchange, service, { ...door.options, held: door.held });
    else await serve(exchange, service, door);
  } catch (thrown) {
    if (isCutOff(thrown)) return void response.destroy();
    const error = awsErrorOf(thrown instanceof BodyRefused ? refusalOf(thrown, aim) : thrown);
    if (error.status === 500)
      log.error("an AWS request failed", { requestId, url: request.url, reason: reasonOf(thrown) });
    // A body that came with its head is whole one turn after the head: then the connection can serve the next request.
    await new Promise((resolve) => setImmediate(resolve));
    const reply = aim?.writeError(error, requestId) ?? withoutAim(error, head, { requestId, services: door.services });
    if (aim?.isStreamed === true && !request.complete)
      await writeErrorAndDrain({ request, response }, reply, requestId, door.options.clock);
    else writeErrorReply(request, response, reply, requestId);
  }
}

/** Lets each service say what it has to say to a page of another origin; true when it was a preflight, which is all that it asks. */
async function answeredOrigin(head: SignedHead, response: ServerResponse, { services }: Door): Promise<boolean> {
  for (const service of [...services.values()].flat()) {
    const said = await service.answerOrigin(head);
    if (said === null) continue;
    for (const [name, value] of Object.entries(said)) response.setHeader(name, value);
    if (head.method === "OPTIONS") response.writeHead(200, { "content-length": 0 }).end();
    return head.method === "OPTIONS";
  }
  return false;
}

function claimOf(head: SignedHead, { options: { findCaller, clock, region }, services }: Door): Claim {
  const at = { now: clock.now(), region };
  if (!isSigned(head)) {
    const all = [...services.values()].flat();
    const other = all.map((service) => service.otherClaim(head, findCaller, at)).find((claim) => claim !== null);
    if (other !== undefined) return other;
    const open = all.find((service) => service.takesUnsigned(head));
    if (open !== undefined) return unsignedClaim(region, open.signingName);
  }
  return readClaim(head, findCaller, at);
}

/** In the form of the service that is asked, as far as one can be told; else in the one that the request's type suggests. */
function withoutAim(
  error: AwsError,
  head: SignedHead,
  { requestId, services }: Pick<Door, "services"> & { readonly requestId: string },
): Reply {
  const [service] = services.get(serviceInScope(head) ?? "") ?? [];
  if (service?.isStreaming === true) return service.writeError(error, requestId);
  return serviceless(error, head.headers["content-type"], requestId);
}

/** Nobody is there any more to be told. */
function isCutOff(thrown: unknown): boolean {
  if (thrown instanceof BodyRefused) return thrown.reason === "cut off";
  return thrown instanceof Error && "code" in thrown && thrown.code === "ERR_STREAM_PREMATURE_CLOSE";
}

function serviceOf(claim: Claim, head: SignedHead, { services }: Door): ServiceDoor {
  const [first, ...others] = services.get(claim.service) ?? [];
  if (first !== undefined) return first.has(head) ? first : (others.find((one) => one.has(head)) ?? first);
  throw new AwsError(
    "UnknownServiceException",
    400,
    `Catamaran has no service '${claim.service}'; it has ${[...services.keys()].join(", ")}`,
  );
}

async function serve(exchange: Exchange, service: ServiceDoor, { options, held }: Door): Promise<void> {
  const { response, head, claim, requestId, aim } = exchange;
  using body = await bodyOf(exchange, { held, clock: options.clock });
  proveClaim(claim, head, await hashOf(body.bytes));
  if (service.isCoded) response.setHeader("server", "Server");
  const bytes = service.isCoded
    ? await decodedBody(body.bytes, head.headers["content-encoding"], aim.maxBodyBytes)
    : body.bytes;
  const { wanted, run } = aim.read({ ...head, body: bytes });
  const { caller, region } = claim;
  const about = aboutOf(exchange, options.clock.now());
  await options.authorize(caller, wanted, about);
  const call: Call = { ...about, caller, requestId, region };
  const plain = await run(call);
  const reply = service.isCoded ? await codedReply(plain, head.headers["accept-encoding"]) : plain;
  await writeReply(response, reply, requestId);
}

function headOf(request: IncomingMessage): SignedHead {
  const url = request.url ?? "/";
  const question = url.indexOf("?");
  return {
    method: request.method ?? "GET",
    path: question < 0 ? url : url.slice(0, question),
    query: question < 0 ? "" : url.slice(question + 1),
    headers: headersOf(request.rawHeaders),
  };
}

/** All values of a name, joined by commas as they are signed; Node itself drops some that came twice. */
function headersOf(raw: readonly string[]): Readonly<Record<string, string>> {
  const headers = Object.create(null) as Record<string, string>;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? "").toLowerCase();
    const value = raw[at + 1] ?? "";
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before},${value}`;
  }
  return headers;
}

async function bodyOf(
  { request, response, claim, head, aim: { maxBodyBytes } }: Exchange,
  { held, clock }: { readonly held: HeldBytes; readonly clock: Clock },
): Promise<Body> {
  if (head.headers["expect"] !== undefined) response.writeContinue();
  // Most clients are on this machine and share its address; what they sign with tells them apart.
  const peer = `${request.socket.remoteAddress ?? ""} ${claim.caller.accessKeyId}`;
  const contentLength = head.headers["content-length"];
  return readBody(
    request,
    { peer, contentLength },
    { maxBytes: maxBodyBytes, deadlineMs: BODY_DEADLINE_MS, held, clock },
  );
}

function refusalOf({ reason, message }: BodyRefused, aim: Aim | null): AwsError {
  switch (reason) {
    case "too large": {
      const of = aim === null || aim.name === null ? "" : ` for the ${aim.name} operation`;
      const most = aim?.maxBodyBytes ?? 0;
      return new AwsError("RequestEntityTooLargeException", 413, `Request must be smaller than ${most} bytes${of}`);
    }
    case "too slow":
      return new AwsError("RequestTimeoutException", 408, message);
    case "too many":
      return new AwsError("ServiceUnavailableException", 503, message);
    case "cut off":
      throw new RangeError("nobody is there to be told");
  }
}

/** A large body in pieces of 3 ms, between which others have their turn. */
async function hashOf(bytes: Buffer): Promise<string> {
  if (bytes.length < PIECE_BYTES) return sha256Hex(bytes);
  const hash = createHash("sha256");
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
    await new Promise((resolve) => setImmediate(resolve));
    hash.update(bytes.subarray(from, from + PIECE_BYTES));
  }
  return hash.digest("hex");
}
