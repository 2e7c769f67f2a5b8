/** get and list: objects as their stored bytes, as tables, or as metadata only. */
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import type { Listed } from "#deck/list.ts";
import { scaleOf } from "#deck/scale.ts";
import type { Stored } from "#deck/stored.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import { listOptions, representation } from "./asked.ts";
import { type Ask, type Door, sendBytes, sendJson } from "./door.ts";
import { partial, tableOf } from "./table.ts";

export async function getObject(door: Door, { exchange, path }: Ask): Promise<void> {
  const { kind, namespace, name, subresource } = path;
  const stored = found(door, kind, namespace, name);
  if (subresource === "scale") return sendJson(exchange, 200, scaleOf(kind, stored.object));
  const form = representation(exchange);
  if (form.is === "partial") return sendJson(exchange, 200, partial(stored));
  if (form.is === "object") return sendBytes(exchange, 200, stored.bytes);
  const options = {
    now: door.clock.now(),
    include: form.include,
    metadata: { resourceVersion: String(stored.revision) },
    hasColumns: true,
  };
  return sendJson(exchange, 200, tableOf(kind, [stored], options));
}

export function found(door: Door, kind: Kind, namespace: string, name: string): Stored {
  const stored = door.deck.read(kind, keyOf(namespace, name));
  if (stored !== null) return stored;
  const full = kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`;
  throw new Fault("NotFound", `${full} "${name}" not found`, { group: kind.group, kind: kind.plural, name });
}

export async function listObjects(door: Door, { exchange, path }: Ask): Promise<void> {
  const { kind, namespace } = path;
  const listed = door.deck.list(kind, listOptions(exchange, namespace));
  const form = representation(exchange);
  if (form.is === "object") return streamList(door, { exchange, kind, listed });
  const metadata = listMetadata(listed);
  if (form.is === "table")
    return sendJson(
      exchange,
      200,
      tableOf(kind, listed.stored, { now: door.clock.now(), include: form.include, metadata, hasColumns: true }),
    );
  return sendJson(exchange, 200, {
    kind: "PartialObjectMetadataList",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    items: listed.stored.map(partial),
  });
}

function listMetadata(listed: Listed): Record<string, string | number> {
  return {
    resourceVersion: String(listed.revision),
    ...(listed.continue !== undefined && { continue: listed.continue }),
    ...(listed.remaining !== undefined && { remainingItemCount: listed.remaining }),
  };
}

const PIECE_BYTES = 256 * 1024; // After each piece others get their turn.
const SMALL_LIST = 64;
const COMMA = encodeUtf8(",");

async function streamList(
  door: Door,
  { exchange, kind, listed }: { readonly exchange: Ask["exchange"]; readonly kind: Kind; readonly listed: Listed },
): Promise<void> {
  const head = encodeUtf8(
    `{"kind":"${kind.kind}List","apiVersion":"${apiVersionOf(kind)}","metadata":${JSON.stringify(listMetadata(listed))},"items":[`,
  );
  const tail = encodeUtf8("]}\n");
  if (listed.stored.length <= SMALL_LIST)
    return sendBytes(exchange, 200, joined([head, ...separated(listed.stored), tail]));
  const outlet = exchange.stream(200, { "content-type": "application/json" });
  let piece: Uint8Array[] = [head];
  let size = head.length;
  for (const bytes of separated(listed.stored)) {
    piece.push(bytes);
    size += bytes.length;
    if (size < PIECE_BYTES) continue;
    if (!outlet.write(joined(piece))) await outlet.drained();
    await door.clock.sleep(0, exchange.closed);
    if (exchange.closed.aborted) return;
    [piece, size] = [[], 0];
  }
  outlet.write(joined([...piece, tail]));
  outlet.end();
}

function* separated(stored: readonly Stored[]): Generator<Uint8Array> {
  for (const [index, one] of stored.entries()) {
    if (index > 0) yield COMMA;
    yield one.bytes;
  }
}

function joined(parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(parts as Uint8Array[]);
}
