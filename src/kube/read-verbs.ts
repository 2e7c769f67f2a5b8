/** get and list: objects as their stored bytes, as tables, or as metadata only. */
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Listed } from "#deck/list.ts";
import { scaleOf } from "#deck/scale.ts";
import type { Part, Stored, StoredOf } from "#deck/stored.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { listOptions, type Representation, representation, requireWholeObject } from "./asked.ts";
import { type Ask, type Door, sendBytes, sendJson, warningHeader } from "./door.ts";
import type { Exchange } from "./exchange.ts";
import { sendPieces } from "./pieces.ts";
import { columnDefinitions, partial, partialBytes, rowBytesOf, tableOf } from "./table.ts";

export async function getObject(door: Door, { exchange, path }: Ask): Promise<void> {
  const { kind, namespace, name, subresource } = path;
  const stored = found(door, kind, namespace, name);
  if (subresource === "scale") {
    requireWholeObject(exchange);
    return sendJson(exchange, 200, scaleOf(kind, stored.object));
  }
  sendStored(exchange, stored, { status: 200, kind, form: representation(exchange), now: door.clock.now() });
}

export interface Sending {
  readonly status: number;
  readonly kind: Kind;
  readonly form: Representation;
  readonly now: number;
  readonly warnings?: readonly string[];
}

/** One object in the form that was asked for. */
export function sendStored(exchange: Exchange, stored: Stored, sending: Sending): void {
  const { status, kind, form, now, warnings = [] } = sending;
  if (form.is === "object") return sendBytes(exchange, status, stored.bytes, warnings);
  const headers = warningHeader(warnings);
  if (form.is === "partial") return sendJson(exchange, status, partial(stored), headers);
  const metadata = { resourceVersion: String(stored.revision) };
  const options = { now, include: form.include, metadata, hasColumns: true };
  sendJson(exchange, status, tableOf(kind, [stored], options), headers);
}

/** Fault: NotFound. */
export function found<T extends KubeObject>(
  door: Pick<Door, "deck">,
  kind: Kind<T>,
  namespace: string,
  name: string,
): StoredOf<T> {
  const stored = door.deck.read(kind, keyOf(namespace, name));
  if (stored !== null) return stored;
  const full = kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`;
  throw new Fault("NotFound", `${full} "${name}" not found`, { group: kind.group, kind: kind.plural, name });
}

export async function listObjects(door: Door, { exchange, path }: Ask): Promise<void> {
  const { kind, namespace } = path;
  const listed = door.deck.list(kind, listOptions(exchange, namespace));
  const form = representation(exchange);
  const metadata = listMetadata(listed);
  switch (form.is) {
    case "object":
      return sendPieces(exchange, {
        head: `{"kind":"${kind.kind}List","apiVersion":"${apiVersionOf(kind)}","metadata":${JSON.stringify(metadata)},"items":[`,
        parts: listed.stored,
      });
    case "partial":
      return sendPieces(exchange, {
        head: `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":${JSON.stringify(metadata)},"items":[`,
        parts: mapped(listed.stored, partialBytes),
      });
    case "table": {
      const row = rowBytesOf(kind, { now: door.clock.now(), include: form.include });
      return sendPieces(exchange, {
        head: `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":${JSON.stringify(metadata)},"columnDefinitions":${JSON.stringify(columnDefinitions(kind))},"rows":[`,
        parts: mapped(listed.stored, row),
      });
    }
  }
}

function listMetadata(listed: Listed): Record<string, string | number> {
  return {
    resourceVersion: String(listed.revision),
    ...(listed.continue !== undefined && { continue: listed.continue }),
    ...(listed.remaining !== undefined && { remainingItemCount: listed.remaining }),
  };
}

function* mapped(listed: readonly Stored[], part: (stored: Stored) => Part): Generator<Part> {
  for (const stored of listed) yield part(stored);
}
