/** ConfigMap. */
import { ageColumn, integer } from "./columns.ts";
import { builtinKind } from "./builtin.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  /** Base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

export const configMapKind: Kind<ConfigMap> = builtinKind<ConfigMap>({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  shortNames: ["cm"],
  scope: "Namespaced",
  type: "io.k8s.api.core.v1.ConfigMap",
  columns: [integer("Data", ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length), ageColumn],
});
