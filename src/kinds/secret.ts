/** Secret. */
import { ageColumn, integer, text } from "./columns.ts";
import { builtinKind } from "./builtin.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

export interface Secret extends KubeObject {
  readonly type?: string;
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
  /** Only written: merged into data before it is stored. */
  readonly stringData?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

export const secretKind: Kind<Secret> = builtinKind<Secret>({
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  scope: "Namespaced",
  type: "io.k8s.api.core.v1.Secret",
  columns: [text("Type", (secret) => secret.type ?? ""), integer("Data", ({ data = {} }) => Object.keys(data).length), ageColumn],
  selectableFields: { type: (secret) => secret.type ?? "" },
});
