/** What a request asks for: from its head the protocol, the action and how much it may send, from its body the input. */
import { Answer, type Call, type Members, type Need, type Service } from "./action.ts";
import { needsOf } from "./authorize.ts";
import type { Place } from "./place.ts";
import type { AwsError } from "./aws-error.ts";
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
  readonly read: (request: SignedRequest) => Asked;
  readonly writeError: (error: AwsError, requestId: string) => Reply;
}

/** What the body decides: an input that has been read and checked, and the action on it. */
export interface Asked {
  /** What the caller must be allowed to do; empty: whoever signs may. */
  readonly needs: (place: Place) => readonly Need[];
  readonly run: (call: Call) => Promise<Reply>;
}

export interface ServiceDoor {
  readonly signingName: string;
  /** Of services that are signed for by the same name, the one that has what the head asks for. */
  readonly has: (head: SignedHead) => boolean;
  readonly isCoded: boolean;
  readonly aim: (head: SignedHead) => Aim;
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
    aim: (head) => aimOf(service, spoken.find(({ protocol }) => protocol.speaks(head)) ?? first, head),
  };
}

function aimOf(service: Service, { protocol, find, findByBody }: Spoken, head: SignedHead): Aim {
  const found = find(head);
  const action = found?.action ?? null;
  let operation = action?.operation ?? null;
  return {
    name: action === null ? null : (action.permission ?? action.operation.name),
    maxBodyBytes: action?.maxBodyBytes ?? service.maxBodyBytes ?? DEFAULT_BODY_BYTES,
    read: (request) => {
      const route = found ?? findByBody(request);
      if (route === null) throw protocol.unknown(service, request);
      operation = route.action.operation;
      return askedOf(service, protocol, { route, request });
    },
    writeError: (error, requestId) =>
      protocol.writeError(error, operation, { service, requestId, headers: head.headers }),
  };
}

function askedOf(
  service: Service,
  protocol: Protocol,
  { route, request }: { readonly route: Route; readonly request: SignedRequest },
): Asked {
  const { action, labels } = route;
  const { operation } = action;
  const input = protocol.read(request, operation, labels);
  checkConstraints(input, operation.input);
  refuseUnserved(action.refusals, input, service.refusal);
  return {
    needs: (place) => needsOf(service, action, { input, place }),
    run: async (call) => replyOf(await action.run(input, call), operation, { service, protocol, call }),
  };
}

function replyOf(
  output: Members | Answer<Members>,
  operation: Operation,
  { service, protocol, call }: { readonly service: Service; readonly protocol: Protocol; readonly call: Call },
): Reply {
  const asking = { service, requestId: call.requestId, headers: call.headers };
  if (!(output instanceof Answer)) return protocol.write(output, operation, asking);
  const reply = protocol.write(output.output, operation, asking);
  return { ...reply, headers: { ...reply.headers, ...output.headers } };
}
