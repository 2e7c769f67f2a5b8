/** Event: what happened to an object, for people; and its events.k8s.io/v1 view. */
import type { FieldFault } from "#base/fault.ts";
import { ageOf } from "#kinds/age.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import type { Column, Kind } from "#kinds/kind.ts";
import { editedByMost } from "#kinds/roles.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { ObjectReference } from "#kinds/object-reference.ts";

export type Event = KubeObject & {
  readonly involvedObject: ObjectReference;
  readonly reason?: string;
  readonly message?: string;
  readonly type?: string;
  readonly count?: number;
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly source?: { readonly component?: string; readonly host?: string };
  readonly action?: string;
  readonly related?: ObjectReference;
  readonly reportingComponent?: string;
  readonly reportingInstance?: string;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
};

const columns: readonly Column<Event>[] = [
  { name: "Last Seen", type: "string", cell: lastSeen },
  { name: "Type", type: "string", cell: (event) => event.type ?? "" },
  { name: "Reason", type: "string", cell: (event) => event.reason ?? "" },
  { name: "Object", type: "string", cell: objectText },
  { name: "Subobject", type: "string", priority: 1, cell: (event) => event.involvedObject.fieldPath ?? "" },
  { name: "Source", type: "string", priority: 1, cell: sourceText },
  { name: "Message", type: "string", cell: (event) => (event.message ?? "").trim() },
  { name: "First Seen", type: "string", priority: 1, cell: firstSeen },
  { name: "Count", type: "string", priority: 1, cell: (event) => String(countOf(event)) },
  { name: "Name", type: "string", priority: 1, cell: (event) => event.metadata.name },
];

export const eventKind: Kind<Event> = builtinKind<Event>({
  group: "",
  version: "v1",
  kind: "Event",
  plural: "events",
  shortNames: ["ev"],
  scope: "Namespaced",
  roles: editedByMost,
  isCollected: false,
  type: "io.k8s.api.core.v1.Event",
  hasOwnNameColumn: true,
  columns,
  selectableFields: {
    "involvedObject.kind": (event) => event.involvedObject.kind ?? "",
    "involvedObject.namespace": (event) => event.involvedObject.namespace ?? "",
    "involvedObject.name": (event) => event.involvedObject.name ?? "",
    "involvedObject.uid": (event) => event.involvedObject.uid ?? "",
    "involvedObject.apiVersion": (event) => event.involvedObject.apiVersion ?? "",
    "involvedObject.resourceVersion": (event) => event.involvedObject.resourceVersion ?? "",
    "involvedObject.fieldPath": (event) => event.involvedObject.fieldPath ?? "",
    reason: (event) => event.reason ?? "",
    reportingComponent: componentOf,
    source: componentOf,
    type: (event) => event.type ?? "",
  },
  validate: eventFaults,
});

/** Events about cluster-scoped objects live in the namespace default. */
function eventFaults({ metadata, involvedObject }: Event): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { namespace = "" } = involvedObject;
  const isHome =
    namespace === metadata.namespace ||
    (namespace === "" && ["default", "kube-system"].includes(metadata.namespace ?? ""));
  if (!isHome) faults.invalid("involvedObject.namespace", namespace, "does not match event.namespace");
  return faults.found;
}

function componentOf(event: Event): string {
  return event.source?.component ?? event.reportingComponent ?? "";
}

function firstSeen(event: Event, now: number): string {
  return ageOf(event.firstTimestamp ?? event.eventTime, now);
}

function lastSeen(event: Event, now: number): string {
  if (event.series !== undefined) return ageOf(event.series.lastObservedTime, now);
  return event.lastTimestamp === undefined || event.lastTimestamp === null
    ? firstSeen(event, now)
    : ageOf(event.lastTimestamp, now);
}

function countOf(event: Event): number {
  if (event.series?.count !== undefined) return event.series.count;
  return event.count === undefined || event.count === 0 ? 1 : event.count;
}

function objectText(event: Event): string {
  const { kind = "", name = "" } = event.involvedObject;
  return kind === "" ? name : `${kind.toLowerCase()}/${name}`;
}

function sourceText(event: Event): string {
  const component = event.source?.component ?? event.reportingComponent ?? "";
  const host = event.source?.host ?? event.reportingInstance ?? "";
  return host === "" ? component : `${component}, ${host}`;
}
