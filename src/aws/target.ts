/** What a request asks for: from its head the protocol, the action and how much it may send, from its body the input. */
import { Answer, type Call, type Members, type Service } from "./action.ts";
import { needsOf, type Wanted } from "./authorize.ts";
import { AwsError } from "./aws-error.ts";
import { member } from "#base/dictionary.ts";
import { checkConstraints } from "./constraints.ts";
import type { ProtocolName } from "./model.ts";
import type { Operation } from "./operation.ts";
import { cbor } from "./protocols/cbor.ts";
import { json } from "./protocols/json.ts";
import type { FindRoute, Protocol, Route } from "./protocols/protocol.ts";
import { query } from "./protocols/query.ts";
import { restJson } from "./protocols/rest-json.ts";
import { restXml } from "./protocols/rest-xml.ts";
import { refuseUnserved } from "./refuse.ts";
import type { Reply } from "./reply.ts";
import type { SignedHead, SignedRequest } from "./sign.ts";

/** What the head decides, before any of the body is kept. */
export interface Aim {
  /** As IAM calls it; null: there is no such action, or only the body names it. */
  readonly name: string | null;
  readonly maxBodyBytes: number;
  /** Throws AwsError for what is no request of this service. */
  readonly read: (request: SignedRequest, stream?: AsyncIterable<Uint8Array>) => Asked;
  /** The body goes to the action as it comes: `read` is given no bytes but the stream. */
  readonly isStreamed: boolean;
  readonly writeError: (error: AwsError, requestId: string) => Reply;
}

/** What the body decides: an input that has been read and checked, and the action on it. */
export interface Asked {
  /** What the caller must be allowed to do. */
  readonly wanted: Wanted;
  readonly run: (call: Call) => Promise<Reply>;
}

export interface ServiceDoor {
  readonly signingName: string;
  /** Of services that are signed for by the same name, the one that has what the head asks for. */
  readonly has: (head: SignedHead) => boolean;
  readonly isCoded: boolean;
  readonly isStreaming: boolean;
  readonly answerOrigin: NonNullable<Service["answerOrigin"]>;
  readonly otherClaim: NonNullable<Service["otherClaim"]>;
  readonly checkBody: NonNullable<Service["checkBody"]>;
  readonly takesUnsigned: (head: SignedHead) => boolean;
  readonly aim: (head: SignedHead) => Aim;
  /** Of a request that is not known to be for an action. */
  readonly writeError: (error: AwsError, requestId: string) => Reply;
}

const DEFAULT_BODY_BYTES = 1024 * 1024;

const PROTOCOLS: { readonly [Name in ProtocolName]: Protocol } = {
  json,
  "rest-json": restJson,
  query,
  "rest-xml": restXml,
  "smithy-rpc-v2-cbor": cbor,
};

interface Spoken {
  readonly protocol: Protocol;
  readonly find: FindRoute;
  readonly findByBody: (request: SignedRequest) => Route | null;
}

export function doorOf(service: Service): ServiceDoor {
  const spoken = service.model.protocols.map((name): Spoken => {
    const protocol = PROTOCOLS[name];
    return { protocol, find: protocol.routes(service), findByBody: protocol.routesByBody?.(service) ?? (() => null) };
  });
  const [first] = spoken;
  if (first === undefined) throw new RangeError(`${service.model.signingName} speaks no protocol`);
  return {
    signingName: service.model.signingName,
    has: (head) => spoken.some(({ protocol, find }) => protocol.speaks(head) && find(head) !== null),
    isCoded: service.isCoded === true,
    isStreaming: service.isStreaming === true,
    answerOrigin: service.answerOrigin ?? (() => Promise.resolve(null)),
    otherClaim: service.otherClaim ?? (() => null),
    checkBody: service.checkBody ?? (() => {}),
    writeError: (error, requestId) => errorReply(error, { service, protocol: first.protocol, requestId, headers: {} }),
    takesUnsigned: service.takesUnsigned ?? (() => false),
    aim: (head) => aimOf(service, spoken.find(({ protocol }) => protocol.speaks(head)) ?? first, head),
  };
}

function aimOf(service: Service, { protocol, find, findByBody }: Spoken, sent: SignedHead): Aim {
  const head = service.locate?.(sent) ?? sent;
  const found = find(head);
  const action = found?.action ?? null;
  let operation = action?.operation ?? null;
  return {
    name: action === null ? null : (action.permission ?? action.operation.name),
    maxBodyBytes: action?.maxBodyBytes ?? service.maxBodyBytes ?? DEFAULT_BODY_BYTES,
    isStreamed: service.isStreaming === true && isStreamed(operation),
    read: (request, stream) => {
      const route = found ?? findByBody(request);
      if (route === null) throw protocol.unknown(service, request);
      operation = route.action.operation;
      return askedOf(service, protocol, { route, request: { ...request, ...head }, ...(stream && { stream }) });
    },
    writeError: (error, requestId) =>
      errorReply(error, { service, protocol, requestId, headers: head.headers, operation }),
  };
}

function isStreamed(operation: Operation | null): boolean {
  const shape = operation?.request.payload?.shape;
  return shape?.is === "blob" && shape.streaming === true;
}

interface Failing {
  readonly service: Service;
  readonly protocol: Protocol;
  readonly requestId: string;
  readonly headers: SignedHead["headers"];
  readonly operation?: Operation | null;
}

function errorReply(error: AwsError, { service, protocol, requestId, headers, operation = null }: Failing): Reply {
  const code = member(service.errorCodes, error.code);
  const named = code === undefined ? error : new AwsError(code, error.status, error.message, error.members);
  const reply = protocol.writeError(named, operation, { service, requestId, headers });
  return withHeaders(reply, { ...service.replyHeaders?.(requestId), ...error.headers });
}

/** Those that the reply has already stay. */
function withHeaders(reply: Reply, headers: Reply["headers"] | undefined): Reply {
  return headers === undefined ? reply : { ...reply, headers: { ...headers, ...reply.headers } };
}

function askedOf(
  service: Service,
  protocol: Protocol,
  {
    route,
    request,
    stream,
  }: { readonly route: Route; readonly request: SignedRequest; readonly stream?: AsyncIterable<Uint8Array> },
): Asked {
  const { action, labels } = route;
  const { operation } = action;
  const read = protocol.read(request, operation, labels);
  const payload = operation.request.payload;
  const input = stream === undefined || payload === null ? read : { ...read, [payload.name]: stream };
  checkConstraints(input, operation.input);
  refuseUnserved(action.refusals, input, service.refusal);
  return {
    wanted: {
      needs: (place) => needsOf(service, action, { input, place }),
      isMore: action.alsoNeeds !== undefined,
      isOpen: action.isOpen === true,
    },
    run: async (call) => replyOf(await action.run(input, call), operation, { service, protocol, call }),
  };
}

function replyOf(
  output: Members | Answer<Members>,
  operation: Operation,
  { service, protocol, call }: { readonly service: Service; readonly protocol: Protocol; readonly call: Call },
): Reply {
  const asking = { service, requestId: call.requestId, headers: call.headers };
  const own = service.replyHeaders?.(call.requestId);
  if (!(output instanceof Answer)) return withHeaders(protocol.write(output, operation, asking), own);
  const reply = withHeaders(protocol.write(output.output, operation, asking), own);
  const { status = reply.status, body = reply.body } = output;
  return { status, headers: { ...reply.headers, ...output.headers }, ...(body !== undefined && { body }) };
}
