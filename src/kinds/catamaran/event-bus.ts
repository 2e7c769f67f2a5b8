/** EventBus: where events are put and rules look at them (Amazon EventBridge API Reference, CreateEventBus). */
import { ageColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { busNameFault } from "#kinds/rules/names.ts";
import { type Infer, map, object, optional, text } from "#kinds/schema/description.ts";
import { type Own, ownKind } from "./own-kind.ts";

const spec = object("EventBusSpec", {
  description: optional(text()),
  /** Who may put events: a policy of IAM's language, as JSON text. */
  policy: optional(text()),
  tags: optional(map(text())),
});

const status = object("EventBusStatus", {});

export type EventBusSpec = Infer<typeof spec>;
export type EventBus = Own<EventBusSpec, Infer<typeof status>>;

export const eventBusKind: Kind<EventBus> = ownKind({
  kind: "EventBus",
  plural: "eventbuses",
  spec,
  status,
  checkName: busNameFault,
  columns: [textColumn("Description", (bus) => bus.spec.description ?? ""), ageColumn],
});
