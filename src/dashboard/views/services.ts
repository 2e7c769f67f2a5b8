/** What managed services hold: queues, tables, buckets and topics with their numbers, and a queue's messages without receiving them. */
import { keyOf } from "#base/key.ts";
import type { Counts } from "#managed/queue/message-queue.ts";
import { bucketKind } from "#kinds/catamaran/bucket.ts";
import { queueKind } from "#kinds/catamaran/queue.ts";
import { subscriptionKind } from "#kinds/catamaran/subscription.ts";
import { tableKind } from "#kinds/catamaran/table.ts";
import { topicKind } from "#kinds/catamaran/topic.ts";
import type { KubeObject } from "#kinds/object.ts";
import { messagesBody, type ServiceGroup, type ServiceRow, servicesBody } from "../services-page.ts";
import type { DashboardSeen, DashboardView } from "./view.ts";

// Each row is counted on the disk; who has more asks the command line.
const MOST_ROWS = 100;
const MOST_MESSAGES = 20;

export const servicesView: DashboardView = {
  name: "services",
  path: "/services",
  title: "Services",
  script: "page.js",
  needs: [bucketKind, queueKind, subscriptionKind, tableKind, topicKind],
  view: (seen, query) => {
    const queue = query.get("queue");
    return queue === null ? allServices(seen) : oneQueue(seen, queue);
  },
};

async function allServices({ objects, managed }: DashboardSeen): Promise<string> {
  const subscriptions = objects.of(subscriptionKind).list();
  const groups = [
    await group("Queues", objects.of(queueKind).list(), async (queue) => ({
      ...place(queue),
      address: `?queue=${encodeURIComponent(keyOf(place(queue).namespace, place(queue).name))}`,
      holds: countsText(await managed.queues.messagesOf(queue).counts()),
    })),
    await group("Tables", objects.of(tableKind).list(), async (table) => {
      const { rows, bytes } = await managed.tables.count(table);
      return { ...place(table), holds: `${figure(rows)} items, ${figure(bytes)} bytes` };
    }),
    await group("Buckets", objects.of(bucketKind).list(), async (bucket) => ({
      ...place(bucket),
      holds: `${figure(await managed.buckets.contentsOf(bucket).objects.count())} objects`,
    })),
    await group("Topics", objects.of(topicKind).list(), async (topic) => {
      const { namespace, name } = place(topic);
      const own = subscriptions.filter((one) => one.metadata.namespace === namespace && one.spec.topic === name);
      return { namespace, name, holds: `${figure(own.length)} subscriptions` };
    }),
  ];
  return servicesBody(groups);
}

async function group<T extends KubeObject>(
  title: string,
  all: readonly T[],
  rowOf: (object: T) => Promise<ServiceRow>,
): Promise<ServiceGroup> {
  const living = all
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const rows: ServiceRow[] = [];
  // One after the other: a page must not fill the disk's queue.
  for (const object of living.slice(0, MOST_ROWS)) rows.push(await rowOf(object));
  return { title, rows, leftOut: living.length - rows.length };
}

async function oneQueue({ objects, managed }: DashboardSeen, key: string): Promise<string> {
  const queue = objects.of(queueKind).get(key);
  if (queue === undefined) return messagesBody({ name: key, isThere: false });
  const messages = managed.queues.messagesOf(queue);
  return messagesBody({
    name: queue.metadata.name,
    isThere: true,
    holds: countsText(await messages.counts()),
    deadLetterQueue: queue.spec.redrive?.deadLetterQueue ?? null,
    sources: managed.queues.sourcesOf(queue).map(({ metadata }) => metadata.name),
    messages: await messages.peek(MOST_MESSAGES),
  });
}

function place({ metadata: { namespace = "default", name } }: KubeObject): Pick<ServiceRow, "namespace" | "name"> {
  return { namespace, name };
}

function countsText({ visible, inFlight, delayed }: Counts): string {
  return `${figure(visible)} visible, ${figure(inFlight)} in flight, ${figure(delayed)} delayed`;
}

function figure(value: number): string {
  return value.toLocaleString("en-US");
}
