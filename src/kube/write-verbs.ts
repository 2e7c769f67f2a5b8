/** create, update, patch and delete of objects and their status and scale. */
import { Fault, unsupported } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject } from "#base/json.ts";
import { keyOf } from "#base/key.ts";
import { scaleOf, withScale } from "#deck/scale.ts";
import type { Patch, WriteRequest, Written } from "#deck/write-request.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { scaleKind } from "#kinds/reviews.ts";
import type { PolicyRule, RoleBinding } from "#kinds/rbac.ts";
import {
  isTrue,
  mediaType,
  optionsFault,
  readDocument,
  removalRequest,
  selection,
  textDocument,
  writeRequest,
} from "./asked.ts";
import { checkBody } from "./bodies.ts";
import { type Ask, type Door, sendBytes, sendJson, warningHeader } from "./door.ts";
import { found } from "./read-verbs.ts";
import { success } from "./status.ts";

export async function createObject(door: Door, ask: Ask): Promise<void> {
  const { exchange, identity, path } = ask;
  const object = checkedObject(await readDocument(exchange, door.decodeProtobuf), path.kind, path.namespace, "");
  checkGrants(door, ask, object);
  answer(ask, await door.deck.create(path.kind, object, writeRequest(exchange, identity)));
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
    return answer(
      ask,
      await door.deck.update(kind, keyOf(namespace, name), (live) => withScale(kind, live, scale), request),
    );
  }
  const object = checkedObject(document, kind, namespace, name);
  checkGrants(door, ask, object);
  answer(ask, await door.deck.replace(kind, keyOf(namespace, name), object, request));
}

export async function patchObject(door: Door, ask: Ask): Promise<void> {
  const { exchange, identity, path } = ask;
  const { kind, namespace, name, subresource } = path;
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
    checkGrants(door, ask, configuration);
    return answer(
      ask,
      await door.deck.apply(kind, keyOf(namespace, name), configuration, {
        ...request,
        isForced: isTrue(exchange.query, "force"),
      }),
    );
  }
  found(door, kind, namespace, name);
  const patch: Patch = { type: patchType(type), body };
  checkPatchedGrants(door, ask, body);
  answer(ask, await door.deck.patch(kind, keyOf(namespace, name), patch, request));
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

function answer({ exchange, path }: Ask, { stored, isNew, warnings }: Written): void {
  if (path.subresource === "scale")
    return sendJson(exchange, 200, scaleOf(path.kind, stored.object), warningHeader(warnings));
  sendBytes(exchange, isNew ? 201 : 200, stored.bytes, warnings);
}

export async function deleteObject(door: Door, { exchange, identity, path }: Ask): Promise<void> {
  const { kind, namespace, name, subresource } = path;
  if (subresource !== undefined)
    throw new Fault("MethodNotAllowed", "the server does not allow this method on the requested resource");
  const { options, request } = removalRequest(exchange, identity, await readDocument(exchange, door.decodeProtobuf));
  const removed = await door.deck.remove(kind, keyOf(namespace, name), options, request);
  if (!removed.isGone) return sendBytes(exchange, 200, removed.stored.bytes);
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
  const { options, request } = removalRequest(exchange, identity, await readDocument(exchange, door.decodeProtobuf));
  const selected = { namespace: path.namespace, ...selection(exchange.query) };
  const { stored, revision } = await door.deck.removeAll(path.kind, selected, options, request);
  sendJson(exchange, 200, {
    kind: `${path.kind.kind}List`,
    apiVersion: apiVersionOf(path.kind),
    metadata: { resourceVersion: String(revision) },
    items: stored.map(({ object }) => object),
  });
}

function asRecord(document: Json | null): JsonObject {
  if (!isJsonObject(document))
    throw new Fault("BadRequest", "the object provided is unrecognized (must be of type object)");
  return document as JsonObject;
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

function checkGrants(door: Door, { identity, path }: Ask, object: KubeObject): void {
  if (path.kind.group !== "rbac.authorization.k8s.io") return;
  const granted = grantedRules(door, path.kind, object, path.namespace);
  door.authorizer.checkEscalation(identity, granted, path.namespace);
}

function checkPatchedGrants(door: Door, { identity, path }: Ask, body: Json): void {
  if (path.kind.group !== "rbac.authorization.k8s.io" || identity.groups.includes("system:masters")) return;
  if (Array.isArray(body))
    throw unsupported("a JSON patch of RBAC objects by others than cluster administrators", "send the whole object");
  checkGrants(door, { identity, path } as Ask, body as unknown as KubeObject);
}

function grantedRules(door: Door, kind: Kind, object: KubeObject, namespace: string): readonly PolicyRule[] {
  if (!kind.kind.endsWith("Binding")) return (object as { readonly rules?: readonly PolicyRule[] | null }).rules ?? [];
  const { roleRef } = object as RoleBinding;
  if (roleRef === undefined) return [];
  const roles = door.deck.registry.kind(
    kind.group,
    kind.version,
    roleRef.kind === "ClusterRole" ? "clusterroles" : "roles",
  );
  const role =
    roles === undefined
      ? null
      : door.deck.read(roles, keyOf(roleRef.kind === "ClusterRole" ? "" : namespace, roleRef.name));
  return (role?.object as { readonly rules?: readonly PolicyRule[] } | undefined)?.rules ?? [];
}
