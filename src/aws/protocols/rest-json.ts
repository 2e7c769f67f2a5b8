/** REST with JSON: the operation by method and path, members in path, query, headers and body (Smithy, "AWS restJson1 protocol"). */
import type { Members } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { decodeUtf8Strictly } from "#base/utf8.ts";
import type { Operation } from "../operation.ts";
import type { Member } from "../shape.ts";
import { bodyOf } from "./json.ts";
import { jsonError, queryErrorHeader } from "./json-error.ts";
import { fromJson, structureFromJson, structureToJson, toJson } from "./json-values.ts";
import type { Protocol } from "./protocol.ts";
import { restRoutes } from "./rest-routes.ts";
import { readHead, writeHeaders } from "./rest-values.ts";
import { unreadable } from "./unreadable.ts";

const CONTENT_TYPE = "application/json";

export const restJson: Protocol = {
  routes: ({ actions }) => restRoutes(actions),
  unknown: ({ model }, { method, path }) =>
    new AwsError("UnknownOperationException", 404, `Catamaran has no ${model.signingName} action at ${method} ${path}`),
  // Members of the path win over the query, and that over headers and body: a body cannot say another name than the path.
  read: (request, operation, labels) => ({
    ...readBody(request.body, operation),
    ...readHead(request, operation, labels),
  }),
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
    },
    body: jsonError(error, operation, service),
  }),
};

function readBody(body: Uint8Array, operation: Operation): Members {
  if (body.length === 0) return {};
  const { payload, body: members } = operation.request;
  if (payload === null)
    return members.size === 0 ? {} : structureFromJson(bodyOf(body, operation), members, operation.input.name);
  return { [payload.name]: readPayload(body, payload, operation) };
}

function readPayload(body: Uint8Array, payload: Member, operation: Operation): unknown {
  if (payload.shape.is === "blob") return body;
  return payload.shape.is === "string" ? textOf(body) : fromJson(bodyOf(body, operation), payload);
}

function textOf(body: Uint8Array): string {
  try {
    return decodeUtf8Strictly(body);
  } catch {
    throw unreadable("the body is not UTF-8");
  }
}

export function statusOf(output: Members, { status, response }: Operation): number {
  const said = response.statusCode === null ? undefined : output[response.statusCode.name];
  return typeof said === "number" ? said : status;
}

/** Nothing of a body that is empty. */
function bodyType(output: Members, operation: Operation): Readonly<Record<string, string>> {
  const { payload, body } = operation.response;
  if (payload === null) return body.size === 0 && !isObjectBody(operation) ? {} : { "content-type": CONTENT_TYPE };
  if (output[payload.name] === undefined) return {};
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

function writeBody(output: Members, operation: Operation): string | Uint8Array {
  const { payload, bodyMembers } = operation.response;
  if (payload === null) return isObjectBody(operation) ? JSON.stringify(structureToJson(output, bodyMembers)) : "";
  const value = output[payload.name];
  if (value === undefined || value === null) return "";
  if (value instanceof Uint8Array) return value;
  return typeof value === "string" ? value : JSON.stringify(toJson(value, payload));
}
