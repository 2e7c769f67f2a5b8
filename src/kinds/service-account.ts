/** ServiceAccount: the identity of pods. */
import { ageColumn, integer } from "./columns.ts";
import { builtinKind } from "./builtin.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";
import type { ObjectReference } from "./object-reference.ts";

export interface ServiceAccount extends KubeObject {
  readonly secrets?: readonly ObjectReference[];
  readonly imagePullSecrets?: readonly { readonly name?: string }[];
  readonly automountServiceAccountToken?: boolean;
}

export const serviceAccountKind: Kind<ServiceAccount> = builtinKind<ServiceAccount>({
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  shortNames: ["sa"],
  scope: "Namespaced",
  type: "io.k8s.api.core.v1.ServiceAccount",
  subresources: ["token"],
  columns: [integer("Secrets", ({ secrets = [] }) => secrets.length), ageColumn],
});
