/** REST with JSON: the operation by method and path, members in path, query, headers and body (Smithy, "AWS restJson1 protocol"). */
import type { Draft } from "#base/dictionary.ts";
import type { Members } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Operation } from "../operation.ts";
import type { Reply } from "../reply.ts";
import type { Member } from "../shape.ts";
import { EVENT_STREAM_TYPE, eventMessages, isEvents } from "./event-stream.ts";
import { bodyOf } from "./json.ts";
import { jsonError, queryErrorHeader } from "./json-error.ts";
import { fromJson, structureFromJson, structureToJson, toJson } from "./json-values.ts";
import type { Protocol } from "./protocol.ts";
import { restRoutes } from "./rest-routes.ts";
import { errorHeaders, readHead, statusOf, writeHeaders } from "./rest-values.ts";
import { utf8Text } from "./utf8-text.ts";

const CONTENT_TYPE = "application/json";

export const restJson: Protocol = {
  speaks: () => true,
  routes: ({ actions }) => restRoutes(actions),
  unknown: ({ model }, { method, path }) =>
    new AwsError("UnknownOperationException", 404, `Catamaran has no ${model.signingName} action at ${method} ${path}`),
  // Members of the path win over the query, and that over headers and body: a body cannot say another name than the path.
  read: (request, operation, labels) => {
    const read = readBody(request.body, operation);
    readHead(request, operation.request, labels, read);
    return read;
  },
  write: (output, operation) => ({
    status: statusOf(output, operation),
    headers: { ...bodyType(output, operation), ...writeHeaders(output, operation.response) },
    body: writeBody(output, operation),
  }),
  writeError: (error, operation, { service }) => ({
    status: error.status,
    headers: {
      "content-type": CONTENT_TYPE,
      "x-amzn-ErrorType": error.code,
      ...queryErrorHeader(error, operation, service),
      ...errorHeaders(error, operation?.errors.get(error.code)),
    },
    body: jsonError(error, operation, service),
  }),
};

function readBody(body: Uint8Array, operation: Operation): Draft<unknown> {
  if (body.length === 0) return {};
  const { payload, body: members } = operation.request;
  if (payload === null)
    return members.size === 0 ? {} : structureFromJson(bodyOf(body, operation), members, operation.input.name);
  return { [payload.name]: readPayload(body, payload, operation) };
}

function readPayload(body: Uint8Array, payload: Member, operation: Operation): unknown {
  if (payload.shape.is === "blob") return body;
  return payload.shape.is === "string" ? utf8Text(body) : fromJson(bodyOf(body, operation), payload);
}

/** Nothing of a body that is empty. */
function bodyType(output: Members, operation: Operation): Readonly<Record<string, string>> {
  const { payload, body } = operation.response;
  if (payload === null) return body.size === 0 && !isObjectBody(operation) ? {} : { "content-type": CONTENT_TYPE };
  if (output[payload.name] === undefined) return {};
  if (isEvents(payload.shape)) return { "content-type": EVENT_STREAM_TYPE };
  return { "content-type": PAYLOAD_TYPES.get(payload.shape.is) ?? CONTENT_TYPE };
}

// Of members that are the whole body; every other one is JSON.
const PAYLOAD_TYPES: ReadonlyMap<string, string> = new Map([
  ["blob", "application/octet-stream"],
  ["string", "text/plain"],
]);

// RFC 9110 15.3.5: an answer of this status has no body.
const NO_CONTENT = 204;

/** Every output is an object, also one without members; but nothing is nothing. */
function isObjectBody({ hasOutput, status }: Operation): boolean {
  return hasOutput && status !== NO_CONTENT;
}

function writeBody(output: Members, operation: Operation): NonNullable<Reply["body"]> {
  const { payload, bodyMembers } = operation.response;
  if (payload === null) return isObjectBody(operation) ? JSON.stringify(structureToJson(output, bodyMembers)) : "";
  const value = output[payload.name];
  if (value === undefined || value === null) return "";
  if (value instanceof Uint8Array) return value;
  if (isEvents(payload.shape)) return eventMessages(value as AsyncIterable<Members>, payload.shape);
  if (payload.shape.is === "blob") return value as AsyncIterable<Uint8Array>;
  return payload.shape.is === "string" && typeof value === "string" ? value : JSON.stringify(toJson(value, payload));
}
