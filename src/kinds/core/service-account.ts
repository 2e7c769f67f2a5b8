/** ServiceAccount: the identity of pods. */
import { ageColumn, integer } from "#kinds/columns.ts";
import { builtinKind } from "#kinds/builtin.ts";
import type { Kind } from "#kinds/kind.ts";
import { editedByMost, WRITE } from "#kinds/roles.ts";
import { tokenPath } from "#kinds/subresources.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { ObjectReference } from "#kinds/object-reference.ts";

export type ServiceAccount = KubeObject & {
  readonly secrets?: readonly ObjectReference[];
  readonly imagePullSecrets?: readonly { readonly name?: string }[];
  readonly automountServiceAccountToken?: boolean;
};

export const serviceAccountKind: Kind<ServiceAccount> = builtinKind<ServiceAccount>({
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  shortNames: ["sa"],
  scope: "Namespaced",
  // Whoever makes the pods of a namespace acts as its accounts anyway.
  roles: { ...editedByMost, edit: [...WRITE, "impersonate"] },
  type: "io.k8s.api.core.v1.ServiceAccount",
  subresources: [tokenPath],
  columns: [integer("Secrets", ({ secrets = [] }) => secrets.length), ageColumn],
});
