/** ScalingSample: what the objects that an autoscaler of the same name describes are measured at; read by it and by people, never stored. */
import { text as textColumn } from "#kinds/columns.ts";
import { type Own, ownKind } from "#kinds/catamaran/own-kind.ts";
import type { Kind } from "#kinds/kind.ts";
import { seenByAll } from "#kinds/roles.ts";
import { type Infer, list, object, text } from "#kinds/schema/description.ts";

const value = object("ScalingSampleValue", {
  /** As in the metric's describedObject. */
  kind: text(),
  name: text(),
  metric: text(),
  /** A quantity. */
  value: text(),
});

const spec = object("ScalingSampleSpec", { values: list(value) });
const status = object("ScalingSampleStatus", {});

export type MeasuredValue = Infer<typeof value>;
export type ScalingSample = Own<Infer<typeof spec>, Infer<typeof status>>;

export const scalingSampleKind: Kind<ScalingSample> = ownKind({
  kind: "ScalingSample",
  plural: "scalingsamples",
  // Of no use to `kubectl get all`: it changes all the time.
  categories: ["catamaran"],
  roles: seenByAll,
  isChurning: true,
  isEphemeral: true,
  verbs: ["get", "list"],
  spec,
  status,
  columns: [
    textColumn("Values", ({ spec }) =>
      spec.values.map(({ kind, name, metric, value }) => `${kind}/${name} ${metric}: ${value}`).join(", "),
    ),
  ],
});
