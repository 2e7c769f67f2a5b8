/** LayerVersion: files that functions find under /opt, as they were published, for ever; Layer: the number that was given last (Lambda Developer Guide, "Managing Lambda dependencies with layers"). */
import { sameJson } from "#base/json.ts";
import { ageColumn, integer as integerColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { layerNameFault, layerVersionNameFault } from "#kinds/rules/names.ts";
import { type Infer, list, object, optional, text, whole } from "#kinds/schema/description.ts";
import { packaged, policy } from "./function.ts";
import { type Described, type Own, ownKind } from "./own-kind.ts";

const spec = object("LayerVersionSpec", {
  layer: text(),
  version: whole({ min: 1 }),
  code: packaged,
  description: optional(text()),
  licenseInfo: optional(text()),
  compatibleRuntimes: optional(list(text())),
  compatibleArchitectures: optional(list(text({ enum: ["arm64", "x86_64"] }))),
  policy: optional(policy),
});
const status = object("LayerVersionStatus", {});

export type LayerVersionSpec = Infer<typeof spec>;
export type LayerVersion = Own<LayerVersionSpec, Infer<typeof status>>;

export const layerVersionKind: Kind<LayerVersion> = ownKind({
  kind: "LayerVersion",
  plural: "layerversions",
  spec,
  status,
  checkName: layerVersionNameFault,
  columns: [
    textColumn("Layer", (version) => version.spec.layer),
    integerColumn("Version", (version) => version.spec.version),
    textColumn("Description", (version) => version.spec.description ?? ""),
    ageColumn,
  ],
  rules: versionRules,
});

const layerSpec = object("LayerSpec", {});
const layerStatus = object("LayerStatus", {
  /** The number that was published last; none is given twice. */
  lastVersion: optional(whole()),
});

export type Layer = Own<Infer<typeof layerSpec>, Infer<typeof layerStatus>>;

export const layerKind: Kind<Layer> = ownKind({
  kind: "Layer",
  plural: "layers",
  spec: layerSpec,
  status: layerStatus,
  checkName: layerNameFault,
  columns: [integerColumn("Last-Version", (layer) => layer.status?.lastVersion ?? 0), ageColumn],
});

/** The name of the object: layers have no dot in their names. */
export function layerVersionName(layer: string, version: number | string): string {
  return `${layer}.${version}`;
}

type Of = Described<LayerVersionSpec, unknown>;

function versionRules(desired: LayerVersionSpec, faults: FieldFaults, { name, live }: Of): void {
  const expected = layerVersionName(desired.layer, desired.version);
  if (name !== expected) faults.invalid("metadata.name", name, `must be "${expected}", the layer and the version`);
  if (live !== null && !sameJson(publishedIn(desired), publishedIn(live.spec)))
    faults.forbidden("spec", "a published version never changes");
}

/** Who may use it may change. */
function publishedIn(version: LayerVersionSpec): Omit<LayerVersionSpec, "policy"> {
  const { policy: _policy, ...published } = version;
  return published;
}
