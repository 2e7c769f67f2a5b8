/** Watching one kind: past, present and coming changes as events, each serialised once however many look. */
import type { Clock } from "#base/clock.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Collection, ObjectChange } from "./collection.ts";
import type { Revision } from "./journal.ts";
import { expired } from "./refusals.ts";
import { compileSelection, type Selection } from "./selection.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import { type Form, type Stored, type StoredObject, type WatchEvent } from "./stored.ts";

export interface WatchOptions extends Selection {
  /** Everything after this revision; absent means: what is there first, as ADDED. */
  readonly after?: Revision;
  /** Sends what is there and then a bookmark that says so (sendInitialEvents). */
  readonly initial?: boolean;
  /** Sends a bookmark every minute. */
  readonly bookmarks?: boolean;
}

export type WatchListener = (event: WatchEvent) => void;

// As upstream's watch cache: idle watchers learn about once a minute how far they are.
const BOOKMARK_EVERY_MS = 60_000;

interface Sources {
  readonly kind: Kind;
  readonly collection: Collection;
  /** The newest revision that the collection has taken in. */
  readonly applied: () => Revision;
  readonly clock: Clock;
  /** How the kind's objects are served now: a definition may change while a watch is open. */
  readonly form: () => Form;
}

/** Throws the fault Expired when `after` is forgotten. The listener is called at once for the past. */
export function openWatch(
  { kind, collection, applied, clock, form }: Sources,
  options: WatchOptions,
  listener: WatchListener,
): Disposable {
  const watcher: Watcher = {
    form,
    namespace: options.namespace ?? "",
    test: compileSelection(kind, options),
    listener,
  };
  if (options.after === undefined || options.initial === true) sendPresent(watcher, collection);
  else sendPast(watcher, collection, options.after);
  if (options.initial === true) listener(bookmark(form(), applied(), true));
  const live = collection.listen((change) => tell(watcher, change));
  const ticking = options.bookmarks === true ? tickBookmarks(form(), applied, clock, listener) : null;
  return {
    [Symbol.dispose]: () => {
      live[Symbol.dispose]();
      ticking?.[Symbol.dispose]();
    },
  };
}

interface Watcher {
  readonly form: () => Form;
  readonly namespace: string;
  readonly test: ((stored: Stored) => boolean) | null;
  readonly listener: WatchListener;
}

function sendPresent(watcher: Watcher, collection: Collection): void {
  for (const stored of collection.from(watcher.namespace)) {
    if (watcher.test === null || watcher.test(stored))
      watcher.listener({ type: "ADDED", stored: stored.as(watcher.form()) });
  }
}

function sendPast(watcher: Watcher, collection: Collection, after: Revision): void {
  const past = collection.changesAfter(after);
  if (past === null) throw expired(after, collection.floor);
  for (const change of past) tell(watcher, change);
}

function tell(watcher: Watcher, change: ObjectChange): void {
  if (watcher.namespace !== "" && !change.key.startsWith(`${watcher.namespace}/`)) return;
  const type = transition(change, watcher.test);
  if (type !== null) watcher.listener(eventOf(change, type, watcher.form()));
}

/** An object that stops matching is gone for this watcher, one that starts to match is new. */
function transition({ previous, next }: ObjectChange, test: Watcher["test"]): "ADDED" | "MODIFIED" | "DELETED" | null {
  const was = previous !== null && (test === null || test(previous));
  const is = next !== null && (test === null || test(next));
  if (is) return was ? "MODIFIED" : "ADDED";
  return was ? "DELETED" : null;
}

/** The events of the newest change: all its watchers are told in one go, and a door keeps its encoding by identity. */
const newest: { change: ObjectChange | null; readonly events: { readonly form: Form; readonly event: WatchEvent }[] } =
  {
    change: null,
    events: [],
  };

function eventOf(change: ObjectChange, type: "ADDED" | "MODIFIED" | "DELETED", form: Form): WatchEvent {
  if (newest.change !== change) {
    newest.change = change;
    newest.events.length = 0;
  }
  for (const told of newest.events) if (told.event.type === type && told.form === form) return told.event;
  // A watcher gets the last state that it could see, under the revision at which it went.
  const stored =
    type === "DELETED" ? (change.previous as StoredObject).at(change.revision) : (change.next as StoredObject);
  const event: WatchEvent = { type, stored: stored.as(form) };
  newest.events.push({ form, event });
  return event;
}

function tickBookmarks(form: Form, applied: () => Revision, clock: Clock, listener: WatchListener): Disposable {
  let timer: Disposable;
  const arm = (): Disposable =>
    clock.after(BOOKMARK_EVERY_MS, () => {
      listener(bookmark(form, applied(), false));
      timer = arm();
    });
  timer = arm();
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}

/** An event that carries nothing but "you have seen everything up to here". */
function bookmark(form: Form, revision: Revision, endsInitial: boolean): WatchEvent {
  const resourceVersion = String(revision);
  const metadata = endsInitial
    ? { resourceVersion, annotations: { "k8s.io/initial-events-end": "true" } }
    : { resourceVersion };
  const json = { apiVersion: form.apiVersion, kind: form.kind, metadata };
  const object = json as unknown as KubeObject;
  const bytes = encodeUtf8(JSON.stringify(json));
  const stored: Stored = {
    key: "",
    revision,
    bytes,
    object,
    lean: object,
    metadataBytes: encodeUtf8(JSON.stringify(metadata)),
    labels: undefined,
    size: bytes.length,
    writeTo: (into, at) => into.set(bytes, at),
  };
  return { type: "BOOKMARK", stored };
}
