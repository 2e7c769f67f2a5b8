/** `catamaran events`: what happened to pods and functions alike, oldest first; as `kubectl events`. */
import { Fault } from "#base/fault.ts";
import { instanceOf } from "#instance/place.ts";
import { humanDuration } from "#kinds/age.ts";
import type { Event } from "#kinds/core/event.ts";
import { realClock } from "#machine/real-clock.ts";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { formatOf, outputOption } from "../options.ts";
import { renderRows, type Sheet } from "../rows.ts";

export const events: Command = command({
  name: "events",
  about: "what happened to the objects of both hulls",
  options: {
    namespace: {
      type: "string",
      short: "n",
      default: "default",
      value: "NAME",
      about: "where",
      complete: "namespaces",
    },
    "all-namespaces": { type: "boolean", short: "A", default: false, about: "everywhere" },
    for: { type: "string", value: "KIND/NAME", about: "only of this object", complete: "objects" },
    types: { type: "string", value: "TYPES", about: "only of these, with commas", complete: ["Normal", "Warning"] },
    watch: { type: "boolean", short: "w", default: false, about: "go on as they happen" },
    ...outputOption,
  },
  examples: ["catamaran events -A", "catamaran events --for function/hello --types Warning", "catamaran events -w"],
  run: async ({ values, place, print }) => {
    const format = formatOf(values.output);
    const namespace = values["all-namespaces"] ? "" : values.namespace;
    const isWanted = wanted(values.for, values.types);
    const { connect, followList } = await import("../session.ts");
    using connection = await connect(await instanceOf(place), "catamaran-events");
    const path = `/api/v1/${namespace === "" ? "" : `namespaces/${encodeURIComponent(namespace)}/`}events`;
    let hasHead = false;
    // The first piece is all there is; those after it are news.
    for await (const found of followList<Event>(connection, path, { follow: values.watch })) {
      const rows = found.filter(isWanted).toSorted((a, b) => atMs(a) - atMs(b));
      if (rows.length > 0 || !hasHead) print(await renderRows(rows, eventSheet(realClock.now(), !hasHead), format));
      hasHead = true;
    }
    return EXIT.ok;
  },
});

/** Throws BadRequest for words that cannot be meant. */
export function wanted(object: string | undefined, types: string | undefined): (event: Event) => boolean {
  const [kind = "", name = ""] = object?.split("/") ?? [];
  if (object !== undefined && !/^[\w.-]+\/[\w.:-]+$/.test(object))
    throw new Fault("BadRequest", `--for ${object}: KIND/NAME, for example pod/web-1`);
  const known = types?.split(",").map((type) => type.toLowerCase());
  if (known?.some((type) => type !== "normal" && type !== "warning"))
    throw new Fault("BadRequest", `--types ${types}: Normal, Warning or both with a comma`);
  return ({ involvedObject, type = "" }) =>
    (object === undefined ||
      (involvedObject.name === name && isKind(kind.toLowerCase(), involvedObject.kind?.toLowerCase() ?? ""))) &&
    (known === undefined || known.includes(type.toLowerCase()));
}

/** As people write kinds: "pod", "pods". */
function isKind(asked: string, kind: string): boolean {
  return [kind, `${kind}s`, `${kind}es`, kind.replace(/y$/, "ies")].includes(asked);
}

/** Which of an event's times is the last: events.k8s.io writes series and eventTime, the older API lastTimestamp. */
function atMs({ series, lastTimestamp, eventTime, metadata }: Event): number {
  return Date.parse(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? "");
}

export function eventSheet(nowMs: number, hasHead: boolean): Sheet<Event> {
  const objectOf = ({ involvedObject: { kind = "", name = "" } }: Event): string => `${kind.toLowerCase()}/${name}`;
  return {
    hasHead,
    headings: [
      { title: "NAMESPACE", cell: ({ metadata }) => metadata.namespace ?? "", isWide: true },
      { title: "LAST SEEN", cell: (event) => humanDuration(nowMs - atMs(event)) },
      { title: "TYPE", cell: ({ type = "" }) => type },
      { title: "REASON", cell: ({ reason = "" }) => reason },
      { title: "OBJECT", cell: objectOf },
      { title: "COUNT", cell: ({ series, count }) => String(series?.count ?? count ?? 1), isWide: true },
      { title: "MESSAGE", cell: ({ message = "" }) => message.trim() },
    ],
    nameOf: ({ metadata }) => `event/${metadata.name}`,
  };
}
