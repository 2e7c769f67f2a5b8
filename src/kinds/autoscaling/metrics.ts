/** PodMetrics and NodeMetrics: what `kubectl top` reads; collected by the control process and never stored. */
import { canonicalQuantity, parseNanos } from "#base/quantity.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { text } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { seenByAll } from "#kinds/roles.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { ResourceList } from "#kinds/core/pod-spec.ts";

export type PodMetrics = KubeObject & {
  readonly timestamp: string;
  readonly window: string;
  readonly containers: readonly { readonly name: string; readonly usage: ResourceList }[];
};

export type NodeMetrics = KubeObject & {
  readonly timestamp: string;
  readonly window: string;
  readonly usage: ResourceList;
};

const group = "metrics.k8s.io";
const version = "v1beta1";

export const podMetricsKind: Kind<PodMetrics> = builtinKind<PodMetrics>({
  group,
  version,
  kind: "PodMetrics",
  plural: "pods",
  scope: "Namespaced",
  roles: seenByAll,
  isChurning: true,
  type: "io.k8s.metrics.pkg.apis.metrics.v1beta1.PodMetrics",
  isEphemeral: true,
  verbs: ["get", "list"],
  columns: [
    text("cpu", ({ containers }) =>
      total(
        containers.map(({ usage }) => usage["cpu"]),
        "0",
      ),
    ),
    text("memory", ({ containers }) =>
      total(
        containers.map(({ usage }) => usage["memory"]),
        "0Ki",
      ),
    ),
    text("window", ({ window }) => window),
  ],
});

export const nodeMetricsKind: Kind<NodeMetrics> = builtinKind<NodeMetrics>({
  group,
  version,
  kind: "NodeMetrics",
  plural: "nodes",
  scope: "Cluster",
  roles: seenByAll,
  isChurning: true,
  type: "io.k8s.metrics.pkg.apis.metrics.v1beta1.NodeMetrics",
  isEphemeral: true,
  verbs: ["get", "list"],
  columns: [
    text("cpu", ({ usage }) => usage["cpu"] ?? "0"),
    text("memory", ({ usage }) => usage["memory"] ?? "0"),
    text("window", ({ window }) => window),
  ],
});

function total(quantities: readonly (string | undefined)[], like: "0" | "0Ki"): string {
  const nanos = quantities.reduce((sum, quantity) => sum + (parseNanos(quantity ?? "0") ?? 0n), 0n);
  if (like === "0Ki") return canonicalQuantity(`${nanos / 1_000_000_000n / 1024n}Ki`);
  return canonicalQuantity(`${nanos}n`);
}
