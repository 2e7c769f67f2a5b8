/** ApiDeployment: what an API said at a time, kept for the stages that serve it. Never changed. */
import { ageColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { type Infer, json, object, optional, text } from "#kinds/schema/description.ts";
import { type Own, ownKind } from "./own-kind.ts";

const spec = object("ApiDeploymentSpec", {
  /** The name of its API; its kind is its owner's. */
  api: text(),
  deploymentId: text(),
  description: optional(text()),
  /** The members of the API's spec that a stage serves. */
  snapshot: json(),
});

const status = object("ApiDeploymentStatus", {});

export type ApiDeployment = Own<Infer<typeof spec>, Infer<typeof status>>;

export const apiDeploymentKind: Kind<ApiDeployment> = ownKind({
  kind: "ApiDeployment",
  plural: "apideployments",
  spec,
  status,
  columns: [
    textColumn("Api", ({ spec }) => spec.api),
    textColumn("Description", ({ spec }) => spec.description ?? ""),
    ageColumn,
  ],
  rules: ({ snapshot }, faults, { live }) => {
    if (live !== null && JSON.stringify(live.spec.snapshot) !== JSON.stringify(snapshot))
      faults.invalid("spec.snapshot", "…", "a deployment is never changed");
  },
});
