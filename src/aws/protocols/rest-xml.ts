/** REST with XML: the operation by method and path, members in path, query, headers and an XML document (Smithy, "AWS restXml protocol"). */
import type { Draft } from "#base/dictionary.ts";
import type { Members, Service } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Operation } from "../operation.ts";
import type { Reply } from "../reply.ts";
import type { Member } from "../shape.ts";
import { readXml } from "../xml.ts";
import type { Protocol } from "./protocol.ts";
import { restRoutes } from "./rest-routes.ts";
import { errorHeaders, readHead, statusOf, writeHeaders } from "./rest-values.ts";
import { utf8Text } from "./utf8-text.ts";
import { errorElement } from "./xml-error.ts";
import { fromElement, structureFromXml } from "./xml-input.ts";
import { attributesOf, elementOf, namespaceAttribute, structureToXml } from "./xml-values.ts";

const CONTENT_TYPE = "application/xml";

export const restXml: Protocol = {
  speaks: () => true,
  routes: ({ actions }) => restRoutes(actions),
  unknown: ({ model }, { method, path }) =>
    new AwsError("MethodNotAllowed", 405, `Catamaran has no ${model.signingName} action at ${method} ${path}`),
  read: (request, operation, labels) => {
    const read = readBody(request.body, operation);
    readHead(request, operation.request, labels, read);
    return read;
  },
  write: (output, operation, { service }) => {
    const body = writeBody(output, operation, service);
    const said = writeHeaders(output, operation.response);
    const isTyped = body === "" || said["Content-Type"] !== undefined;
    return {
      status: statusOf(output, operation),
      headers: { ...(!isTyped && { "content-type": typeOf(body) }), ...said },
      body,
    };
  },
  writeError: (error, operation, { service, requestId }) => {
    const inner = errorElement(error, operation, service.isErrorBare === true ? requestId : null);
    const id = `<RequestId>${requestId}</RequestId>`;
    return {
      status: error.status,
      headers: { "content-type": CONTENT_TYPE, ...errorHeaders(error, operation?.errors.get(error.code)) },
      body: service.isErrorBare === true ? inner : `<ErrorResponse>${inner}${id}</ErrorResponse>`,
    };
  },
};

function readBody(body: Uint8Array, { input, request }: Operation): Draft<unknown> {
  const { payload, bodyMembers } = request;
  if (body.length === 0) return {};
  if (payload === null)
    return bodyMembers.size === 0 ? {} : structureFromXml(readXml(utf8Text(body)), input, bodyMembers);
  if (payload.shape.is === "blob") return { [payload.name]: body };
  if (payload.shape.is === "string") return { [payload.name]: utf8Text(body) };
  return { [payload.name]: fromElement(readXml(utf8Text(body)), payload) };
}

function writeBody(
  output: Members,
  { output: structure, response, hasOutput }: Operation,
  service: Service,
): NonNullable<Reply["body"]> {
  const { payload, bodyMembers } = response;
  if (payload !== null) return writePayload(output[payload.name], payload);
  if (!hasOutput || bodyMembers.size === 0) return "";
  const { root = structure.name } = structure;
  const uri = service.model.xmlNamespace;
  const namespace = namespaceAttribute(structure.xmlNamespace ?? (uri === undefined ? undefined : { uri }));
  return `<${root}${namespace}${attributesOf(output, structure)}>${structureToXml(output, structure, bodyMembers)}</${root}>`;
}

function writePayload(value: unknown, payload: Member): NonNullable<Reply["body"]> {
  if (value === undefined || value === null) return "";
  if (value instanceof Uint8Array || typeof value === "string") return value;
  if (payload.shape.is === "blob") return value as AsyncIterable<Uint8Array>;
  const name = payload.shape.is === "structure" ? (payload.shape.root ?? payload.shape.name) : payload.name;
  return elementOf(value, payload, payload.wireName ?? name);
}

function typeOf(body: NonNullable<Reply["body"]>): string {
  if (typeof body !== "string") return "application/octet-stream";
  return body.startsWith("<") ? CONTENT_TYPE : "text/plain";
}
