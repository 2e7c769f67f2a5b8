/** What every namespace has: the service account "default" and the authority's certificate, so that pods can reach the API. */
import { keyOf } from "#base/key.ts";
import { type Controller, watching } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { type ConfigMap, configMapKind } from "#kinds/core/config-map.ts";
import { type Namespace, namespaceKind } from "#kinds/core/namespace.ts";
import type { KubeObject } from "#kinds/object.ts";
import { serviceAccountKind } from "#kinds/core/service-account.ts";
import { create, patchTo } from "./changes.ts";

// Upstream's RootCACertConfigMapName; client libraries in pods read it under this name.
const ROOT_CA = "kube-root-ca.crt";

/** Upstream's serviceaccount-controller and root-ca-certificate-publisher. `ca` is a certificate in PEM. */
export function namespaceContentsController(ca: string): Controller<Namespace> {
  return {
    name: "namespace-contents-controller",
    kind: namespaceKind,
    watches: [
      watching({ kind: serviceAccountKind, wakes: namespaceOf }),
      watching({
        kind: configMapKind,
        wakes: (object) => (object.metadata.name === ROOT_CA ? namespaceOf(object) : []),
      }),
    ],
    plan: (_key, namespace, seen) => {
      if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return { changes: [] };
      const { name } = namespace.metadata;
      const account: KubeObject = { metadata: { name: "default", namespace: name } };
      const isThere = seen.view(serviceAccountKind).get(keyOf(name, "default")) !== undefined;
      const certificate = seen.view(configMapKind).get(keyOf(name, ROOT_CA));
      return {
        changes: [...(isThere ? [] : [create(serviceAccountKind, account)]), ...published(ca, name, certificate)],
      };
    },
  };
}

function namespaceOf({ metadata }: KubeObject): readonly string[] {
  return [keyOf("", metadata.namespace ?? "")];
}

/** Pods trust what is in it: whatever somebody writes there is put right. */
function published(ca: string, namespace: string, live: ConfigMap | undefined): readonly Change[] {
  if (live === undefined)
    return [create(configMapKind, { metadata: { name: ROOT_CA, namespace }, data: { "ca.crt": ca } })];
  return patchTo(configMapKind, live, { ...live, data: { ...live.data, "ca.crt": ca } });
}
