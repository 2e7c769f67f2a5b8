/** AWS JSON 1.0 and 1.1: the operation in X-Amz-Target, the input and output whole in the body (Smithy, "AWS JSON 1.0 protocol"). */
import type { BoundAction, Members, Service } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { parseCutting, parseJsonBody } from "../json-body.ts";
import type { Operation } from "../operation.ts";
import type { Reply } from "../reply.ts";
import type { Member } from "../shape.ts";
import { hasEncoded } from "./encoded.ts";
import { EVENT_STREAM_TYPE, eventMember, eventMessages, isEvents, withInitial } from "./event-stream.ts";
import { jsonError, queryErrorHeader } from "./json-error.ts";
import { structureFromJson, structureToJson, wireMembers } from "./json-values.ts";
import type { Protocol, Route } from "./protocol.ts";

export const json: Protocol = {
  speaks: ({ headers }) => headers["x-amz-target"] !== undefined,
  routes: (service) => {
    const prefix = service.model.targetPrefix ?? "";
    const routes = new Map(
      service.actions.map((action): [string, Route] => [targetOf(prefix, action), { action, labels: {} }]),
    );
    return ({ headers }) => routes.get(headers["x-amz-target"] ?? "") ?? null;
  },
  unknown: (_service, { headers }) =>
    new AwsError("UnknownOperationException", 400, `Catamaran has no action '${headers["x-amz-target"] ?? ""}'`),
  read: ({ body }, operation) => {
    if (body.length === 0) return {};
    return structureFromJson(bodyOf(body, operation), wireMembers(operation.input), operation.input.name);
  },
  write: (output, operation, { service }) => {
    const events = eventMember(operation.output);
    if (events !== null) return writeEvents(output, operation, events);
    return {
      status: operation.status,
      headers: { "content-type": contentTypeOf(service) },
      body: operation.hasOutput ? JSON.stringify(structureToJson(output, operation.output.members)) : "",
    };
  },
  writeError: (error, operation, { service }) => ({
    status: error.status,
    headers: {
      "content-type": contentTypeOf(service),
      "x-amzn-ErrorType": error.code,
      ...queryErrorHeader(error, operation, service),
    },
    body: jsonError(error, operation, service),
  }),
};

function writeEvents(output: Members, { status, output: structure }: Operation, { name, shape }: Member): Reply {
  const others = new Map([...structure.members].filter(([other]) => other !== name));
  const messages = isEvents(shape) ? eventMessages(output[name] as AsyncIterable<Members>, shape) : [];
  const body = withInitial(structureToJson(output, others), messages);
  return { status, headers: { "content-type": EVENT_STREAM_TYPE }, body };
}

function targetOf(prefix: string, { operation }: BoundAction): string {
  return `${prefix}.${operation.name}`;
}

function contentTypeOf({ model }: Service): string {
  return `application/x-amz-json-${model.jsonVersion ?? "1.0"}`;
}

/** Long base64 stays bytes where an input keeps it so: a package is never copied into a string. */
export function bodyOf(body: Uint8Array, { input }: Operation): unknown {
  return hasEncoded(input) ? parseCutting(body) : parseJsonBody(body);
}
