/** Keeps a view filled from afar: list, then watch from there; again whenever that breaks. What it has stays meanwhile. */
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Requirement, Selector } from "#base/selector.ts";
import { type Stop, whenStopped } from "#base/stop.ts";
import type { ViewOptions } from "#deck/objects.ts";
import type { IndexedView } from "#deck/views.ts";
import type { Kind } from "#kinds/kind.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import { type Connection, faultOf } from "./connection.ts";
import { linesOf } from "./lines.ts";
import { collectionPath } from "./paths.ts";

const PAGE = 500;
const FIRST_DELAY_MS = 20;
const LONGEST_DELAY_MS = 1_000; // The server is on this machine or next to it; a second of looking again costs nothing.
const WATCH_SECONDS = 600;
const LIST_EVERY_MS = 2_000;

interface Feed<T extends KubeObject> {
  readonly kind: Kind<T>;
  readonly view: IndexedView<T>;
  readonly options: ViewOptions<T>;
  readonly connection: Connection;
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: Stop;
}

/** Runs until `stop` fires; never rejects. */
export async function feedView<T extends KubeObject>(feed: Feed<T>): Promise<void> {
  const keys = new Set<ObjectKey>();
  let revision = "";
  let delayMs = FIRST_DELAY_MS;
  while (!feed.stop.aborted) {
    try {
      if (revision === "") revision = await relist(feed, keys);
      if (isOnlyListed(feed.kind)) {
        revision = "";
        await feed.clock.sleep(LIST_EVERY_MS, feed.stop);
        continue;
      }
      revision = await follow(feed, keys, revision);
      delayMs = FIRST_DELAY_MS;
    } catch (thrown) {
      if (thrown instanceof Fault && (thrown.code === "Expired" || thrown.code === "Gone")) {
        revision = "";
        continue;
      }
      feed.log.debug("a view lost its server", { kind: feed.kind.plural, reason: reasonOf(thrown) });
      await feed.clock.sleep(delayMs, feed.stop);
      delayMs = Math.min(LONGEST_DELAY_MS, delayMs * 2);
    }
  }
}

/** Metrics cannot be watched, here as elsewhere: they are read again now and then. */
function isOnlyListed({ verbs }: Kind): boolean {
  return verbs !== undefined && !verbs.includes("watch");
}

/** Everything that is there replaces what we had; what is gone leaves the view. */
async function relist<T extends KubeObject>(feed: Feed<T>, keys: Set<ObjectKey>): Promise<string> {
  const seen = new Set<ObjectKey>();
  let token = "";
  let revision = "";
  do {
    const query = queryOf(feed, { limit: String(PAGE), ...(token !== "" && { continue: token }) });
    const answer = await feed.connection.request(
      "GET",
      `${collectionPath(feed.kind, feed.options.namespace)}?${query.toString()}`,
    );
    if (answer.status !== 200) throw faultOf(answer);
    const list = JSON.parse(answer.body.toString("utf8")) as {
      readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
      readonly items: readonly T[];
    };
    for (const object of list.items) {
      seen.add(keyOfObject(object));
      putIfNewer(feed.view, object);
    }
    revision = list.metadata.resourceVersion;
    token = list.metadata.continue ?? "";
  } while (token !== "");
  for (const key of keys) if (!seen.has(key)) feed.view.delete(key);
  keys.clear();
  for (const key of seen) keys.add(key);
  feed.view.markSynced();
  return revision;
}

// A list that says nothing new of an object must not wake its listeners.
function putIfNewer<T extends KubeObject>(view: IndexedView<T>, object: T): void {
  const key = keyOfObject(object);
  if (view.get(key)?.metadata.resourceVersion !== object.metadata.resourceVersion) view.put(key, object);
}

interface WatchLine<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T & { readonly message?: string; readonly code?: number };
}

/** Returns the last revision seen when the stream ends well. */
async function follow<T extends KubeObject>(feed: Feed<T>, keys: Set<ObjectKey>, from: string): Promise<string> {
  let revision = from;
  const query = queryOf(feed, {
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion: from,
    timeoutSeconds: String(WATCH_SECONDS),
  });
  const { status, stream } = await feed.connection.stream(
    `${collectionPath(feed.kind, feed.options.namespace)}?${query.toString()}`,
  );
  using _ending = whenStopped(feed.stop, () => stream.close());
  try {
    if (status !== 200) throw faultOf({ status, body: Buffer.concat((await stream.toArray()) as Buffer[]) });
    for await (const line of linesOf(stream)) {
      const event = JSON.parse(line) as WatchLine<T>;
      if (event.type === "ERROR")
        throw new Fault(
          event.object.code === 410 ? "Expired" : "InternalError",
          event.object.message ?? "the watch failed",
        );
      take(feed.view, keys, event);
      revision = event.object.metadata.resourceVersion ?? revision;
    }
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    // The connection broke in the middle: go on from the last revision after a moment.
    await feed.clock.sleep(FIRST_DELAY_MS, feed.stop);
  }
  return revision;
}

function take<T extends KubeObject>(view: IndexedView<T>, keys: Set<ObjectKey>, { type, object }: WatchLine<T>): void {
  if (type === "BOOKMARK") return;
  const key = keyOfObject(object);
  if (type === "DELETED") {
    keys.delete(key);
    view.delete(key);
  } else {
    keys.add(key);
    view.put(key, object);
  }
}

function queryOf<T extends KubeObject>({ options }: Feed<T>, more: Readonly<Record<string, string>>): URLSearchParams {
  const query = new URLSearchParams(more);
  if (options.labels !== undefined && options.labels.length > 0)
    query.set("labelSelector", selectorText(options.labels));
  if (options.fields !== undefined && options.fields !== "") query.set("fieldSelector", options.fields);
  return query;
}

function selectorText(selector: Selector): string {
  return selector.map(requirementText).join(",");
}

function requirementText(requirement: Requirement): string {
  const { key } = requirement;
  switch (requirement.operator) {
    case "In":
      return `${key} in (${requirement.values.join(",")})`;
    case "NotIn":
      return `${key} notin (${requirement.values.join(",")})`;
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
    case "Gt":
      return `${key}>${requirement.value}`;
    case "Lt":
      return `${key}<${requirement.value}`;
  }
}
