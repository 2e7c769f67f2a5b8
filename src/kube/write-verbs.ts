/** create, update, patch and delete of objects and their status and scale. */
import { Fault } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject } from "#base/json.ts";
import { keyOf } from "#base/key.ts";
import { scaleOf, withScale } from "#deck/scale.ts";
import type { Patch, WriteRequest, Written } from "#deck/write-request.ts";
import {
  type CertificateSigningRequest,
  certificateSigningRequestKind,
} from "#kinds/certificates/certificate-signing-request.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { scaleKind } from "#kinds/rbac/reviews.ts";
import {
  isTrue,
  mediaType,
  optionsFault,
  readDocument,
  removalRequest,
  representation,
  requireWholeObject,
  selection,
  textDocument,
  writeRequest,
} from "./asked.ts";
import { checkBody } from "./bodies.ts";
import { type Ask, type Door, sendJson, warningHeader } from "./door.ts";
import { writeChecked } from "./checked-writes.ts";
import { sendPieces } from "./pieces.ts";
import { found, sendStored } from "./read-verbs.ts";
import { restrictCreation } from "./restrict-node.ts";
import { checkNewRequest } from "./signers.ts";
import { success } from "./status.ts";

export async function createObject(door: Door, ask: Ask): Promise<void> {
  const { exchange, identity, path } = ask;
  const object = checkedObject(await readDocument(exchange, door.decodeProtobuf), path.kind, path.namespace, "");
  restrictCreation(identity, path.kind, object);
  if (path.kind === certificateSigningRequestKind) await checkNewRequest(object as CertificateSigningRequest);
  const write = (request: WriteRequest): Promise<Written> => door.deck.create(path.kind, object, request);
  await answer(door, ask, () => writeChecked(door, ask, writeRequest(exchange, identity), write));
}

export async function updateObject(door: Door, ask: Ask): Promise<void> {
  const { exchange, identity, path } = ask;
  const { kind, namespace, name, subresource } = path;
  const document = await readDocument(exchange, door.decodeProtobuf);
  const request: WriteRequest = {
    ...writeRequest(exchange, identity),
    ...(subresource !== undefined && { subresource }),
  };
  if (subresource === "scale") {
    const scale = checkBody(scaleKind, document ?? {});
    const key = keyOf(namespace, name);
    return answer(door, ask, () => door.deck.update(kind, key, (live) => withScale(kind, live, scale), request));
  }
  const object = checkedObject(document, kind, namespace, name);
  const key = keyOf(namespace, name);
  const replace = (granted: WriteRequest): Promise<Written> => door.deck.replace(kind, key, object, granted);
  await answer(door, ask, () => writeChecked(door, ask, request, replace));
}

export async function patchObject(door: Door, ask: Ask): Promise<void> {
  const { exchange, identity, path } = ask;
  const { kind, namespace, name, subresource } = path;
  const key = keyOf(namespace, name);
  const type = mediaType(exchange);
  const body = textDocument(await exchange.body(), type);
  const request: WriteRequest = {
    ...writeRequest(exchange, identity),
    ...(subresource !== undefined && { subresource }),
  };
  if (type === "application/apply-patch+yaml") {
    if (exchange.query.get("fieldManager") === null)
      throw optionsFault("PATCH", "fieldManager: Required value: is required for apply patch");
    const configuration = checkedObject(asRecord(body), kind, namespace, name);
    const isForced = isTrue(exchange.query, "force");
    const apply = (granted: WriteRequest): Promise<Written> =>
      door.deck.apply(kind, key, configuration, { ...granted, isForced });
    return answer(door, ask, () => writeChecked(door, ask, request, apply));
  }
  found(door, kind, namespace, name);
  const patch: Patch = { type: patchType(type), body };
  const change = (granted: WriteRequest): Promise<Written> => door.deck.patch(kind, key, patch, granted);
  await answer(door, ask, () => writeChecked(door, ask, request, change));
}

function patchType(type: string): Patch["type"] {
  switch (type) {
    case "application/json-patch+json":
      return "json";
    case "application/merge-patch+json":
      return "merge";
    case "application/strategic-merge-patch+json":
      return "strategic";
    default:
      throw new Fault(
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml",
      );
  }
}

/** What cannot be answered in an accepted form is not written either. */
async function answer(door: Door, { exchange, path }: Ask, write: () => Promise<Written>): Promise<void> {
  const { kind } = path;
  if (path.subresource === "scale") {
    requireWholeObject(exchange);
    const { stored, warnings } = await write();
    return sendJson(exchange, 200, scaleOf(kind, stored.object), warningHeader(warnings));
  }
  const form = representation(exchange);
  const { stored, isNew, warnings } = await write();
  sendStored(exchange, stored, { status: isNew ? 201 : 200, kind, form, now: door.clock.now(), warnings });
}

export async function deleteObject(door: Door, { exchange, identity, path }: Ask): Promise<void> {
  const { kind, namespace, name, subresource } = path;
  if (subresource !== undefined)
    throw new Fault("MethodNotAllowed", "the server does not allow this method on the requested resource");
  const { options, request } = removalRequest(exchange, identity, await readDocument(exchange, door.decodeProtobuf));
  const form = representation(exchange);
  const removed = await door.deck.remove(kind, keyOf(namespace, name), options, request);
  if (!removed.isGone) return sendStored(exchange, removed.stored, { status: 200, kind, form, now: door.clock.now() });
  sendJson(
    exchange,
    200,
    success({
      name,
      ...(kind.group !== "" && { group: kind.group }),
      kind: kind.plural,
      uid: removed.stored.object.metadata.uid ?? "",
    }),
  );
}

export async function deleteCollection(door: Door, { exchange, identity, path }: Ask): Promise<void> {
  requireWholeObject(exchange);
  const { options, request } = removalRequest(exchange, identity, await readDocument(exchange, door.decodeProtobuf));
  const selected = { namespace: path.namespace, ...selection(exchange.query) };
  const { stored, revision } = await door.deck.removeAll(path.kind, selected, options, request);
  await sendPieces(exchange, {
    head: `{"kind":"${path.kind.kind}List","apiVersion":"${apiVersionOf(path.kind)}","metadata":{"resourceVersion":"${revision}"},"items":[`,
    parts: stored,
  });
}

function asRecord(document: Json | null): JsonObject {
  if (!isJsonObject(document))
    throw new Fault("BadRequest", "the object provided is unrecognized (must be of type object)");
  return document;
}

function asObject(document: JsonObject | null): KubeObject {
  const record = asRecord(document);
  return { ...record, metadata: asRecord(record["metadata"] ?? {}) } as unknown as KubeObject;
}

/** Type, name and namespace of the body must be those of the path; what is missing is filled in. */
function checkedObject(document: JsonObject | null, kind: Kind, namespace: string, name: string): KubeObject {
  const record = asRecord(document);
  const object = asObject(record);
  const wanted = apiVersionOf(kind);
  if (
    (object.apiVersion !== undefined && object.apiVersion !== wanted) ||
    (object.kind !== undefined && object.kind !== kind.kind)
  ) {
    throw new Fault(
      "BadRequest",
      `${object.kind ?? ""} in version "${object.apiVersion ?? ""}" cannot be handled as a ${kind.kind}: the API version in the data (${object.apiVersion}) or its kind does not match the expected (${wanted}, ${kind.kind})`,
    );
  }
  const { metadata } = object;
  if (
    metadata.namespace !== undefined &&
    metadata.namespace !== "" &&
    metadata.namespace !== namespace &&
    kind.scope === "Namespaced"
  ) {
    throw new Fault(
      "BadRequest",
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  }
  if (name !== "" && metadata.name !== undefined && metadata.name !== name) {
    throw new Fault(
      "BadRequest",
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  const { namespace: _given, ...rest } = metadata;
  return {
    ...object,
    apiVersion: wanted,
    kind: kind.kind,
    metadata: { ...rest, ...(name !== "" && { name }), ...(kind.scope === "Namespaced" && { namespace }) },
  };
}
