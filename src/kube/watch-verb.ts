/** watch: changes of a kind as a stream of JSON documents, in the representation asked for. */
import { Fault } from "#base/fault.ts";
import type { JsonObject } from "#base/json.ts";
import type { Stored, WatchEvent } from "#deck/stored.ts";
import type { Kind } from "#kinds/kind.ts";
import { isTrue, optionsFault, type Representation, representation, selection, whole } from "./asked.ts";
import { type Ask, type Door } from "./door.ts";
import { nowhere, type Outlet } from "./outlet.ts";
import { statusOf } from "./status.ts";
import { type IncludeObject, partial, tableOf } from "./table.ts";
import type { Place } from "./watch-room.ts";

const DEFAULT_SECONDS = 1_800;

export async function watchObjects(door: Door, { exchange, identity, path }: Ask): Promise<void> {
  const { query } = exchange;
  if (exchange.headers["upgrade"] !== undefined)
    throw new Fault("BadRequest", "watching over a WebSocket is not supported by Catamaran; use a plain request");
  const initial = isTrue(query, "sendInitialEvents");
  checkInitial(query, initial);
  const version = query.get("resourceVersion") ?? "";
  const after = version === "" || version === "0" ? undefined : whole("resourceVersion", version);
  const options = {
    namespace: path.namespace,
    ...selection(query),
    ...(path.name !== "" && { fields: [{ key: "metadata.name", operator: "In" as const, values: [path.name] }] }),
    ...(after !== undefined && !initial && { after }),
    ...(initial && { initial: true }),
    bookmarks: isTrue(query, "allowWatchBookmarks"),
  };
  const seconds = query.get("timeoutSeconds");
  const form = representation(exchange);
  // There is no outlet before there is room for one.
  let outlet: Outlet = nowhere;
  using place = door.watchRoom.enter(identity.name, () => outlet.waiting);
  outlet = exchange.stream(200, {
    "content-type": form.is === "table" ? "application/json;as=Table;v=v1;g=meta.k8s.io" : "application/json",
  });
  const sender = new Sender(door, path.kind, { form, outlet, place });
  door.watches.add(sender.cut);
  try {
    using _watching = door.deck.watch(path.kind, options, (event) => sender.send(event));
    await Promise.race([
      door.clock.sleep((seconds === null ? DEFAULT_SECONDS : whole("timeoutSeconds", seconds)) * 1000, exchange.closed),
      sender.ended,
    ]);
  } catch (thrown) {
    // The answer has begun: what is wrong is told in the stream, as an ERROR event.
    sender.error(thrown);
  }
  door.watches.delete(sender.cut);
  outlet.end();
}

function checkInitial(query: URLSearchParams, initial: boolean): void {
  const match = query.get("resourceVersionMatch") ?? "";
  if (!initial && match !== "")
    throw optionsFault(
      "GET",
      "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    );
  if (initial && match !== "NotOlderThan")
    throw optionsFault(
      "GET",
      "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
    );
  if (initial && !isTrue(query, "allowWatchBookmarks"))
    throw optionsFault(
      "GET",
      "allowWatchBookmarks: Forbidden: sendInitialEvents requires setting allowWatchBookmarks to true",
    );
}

const OPEN: Readonly<Record<WatchEvent["type"], Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
  BOOKMARK: Buffer.from('{"type":"BOOKMARK","object":'),
};
const CLOSE = Buffer.from("}\n");

/** The frames of the newest event: all who watch are told of it in one go, and it is framed once for them. */
const newest: { event: WatchEvent | null; object: Buffer | null; partial: Buffer | null } = {
  event: null,
  object: null,
  partial: null,
};

interface Sending {
  readonly form: Representation;
  readonly outlet: Outlet;
  readonly place: Place;
}

class Sender {
  readonly ended: Promise<void>;
  readonly #door: Door;
  readonly #kind: Kind;
  readonly #form: Representation;
  readonly #outlet: Outlet;
  readonly #place: Place;
  readonly cut: () => void;
  #hasColumns = true;

  constructor(door: Door, kind: Kind, { form, outlet, place }: Sending) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.cut = resolve;
    this.#door = door;
    this.#kind = kind;
    this.#form = form;
    this.#outlet = outlet;
    this.#place = place;
  }

  send(event: WatchEvent): void {
    if (!this.#place.hasRoom()) return this.cut();
    this.#outlet.write(this.#form.is === "table" ? this.#tabled(event, this.#form) : framed(event, this.#form.is));
  }

  /** A table is each watcher's own: it says how old things are, and its first has the columns. */
  #tabled({ type, stored }: WatchEvent, { include }: Representation & { readonly is: "table" }): Buffer {
    return Buffer.concat([OPEN[type], Buffer.from(JSON.stringify(this.#table(type, stored, include))), CLOSE]);
  }

  #table(type: WatchEvent["type"], stored: Stored, include: IncludeObject): JsonObject {
    const metadata = { resourceVersion: String(stored.revision) };
    if (type === "BOOKMARK")
      return {
        kind: "Table",
        apiVersion: "meta.k8s.io/v1",
        metadata,
        columnDefinitions: null,
        rows: [{ cells: [], object: partial(stored) }],
      };
    // The column definitions come with the first event only.
    const table = tableOf(this.#kind, [stored], {
      now: this.#door.clock.now(),
      include,
      metadata,
      hasColumns: this.#hasColumns,
    });
    this.#hasColumns = false;
    return table;
  }

  error(thrown: unknown): void {
    this.#outlet.write(`${JSON.stringify({ type: "ERROR", object: statusOf(thrown).body })}\n`);
  }
}

function framed(event: WatchEvent, form: "object" | "partial"): Buffer {
  if (newest.event !== event) Object.assign(newest, { event, object: null, partial: null });
  return (newest[form] ??= frameOf(event, form));
}

function frameOf({ type, stored }: WatchEvent, form: "object" | "partial"): Buffer {
  const bytes = form === "object" ? stored.bytes : Buffer.from(JSON.stringify(partial(stored)));
  return Buffer.concat([OPEN[type], bytes, CLOSE]);
}
