/** What the node and its containers have used, straight from cgroup files. */
import type { Consumption, NodeStats } from "#metering/stats.ts";
import type { Cgroups } from "./cgroups.ts";
import type { Cri } from "./cri.ts";
import { labels } from "./container-config.ts";
import { containerState } from "./cri-messages.ts";
import { podCgroup, type NodeFacts } from "./node-facts.ts";

const NOTHING: Consumption = { cpuMicros: 0, memoryBytes: 0 };

export async function nodeStats(
  parts: { readonly cri: Cri; readonly cgroups: Cgroups; readonly facts: NodeFacts },
  now: number,
): Promise<NodeStats> {
  const { cri, cgroups, facts } = parts;
  const running = (await cri.containers()).filter(({ state }) => state === containerState.running);
  const read = await Promise.all(
    running.map(async ({ id, labels: its }) => {
      const uid = its[labels.uid] ?? "";
      const usage = await cgroups.usage(`${podCgroup(facts, uid)}/${id}`);
      return usage === null
        ? null
        : {
            uid,
            namespace: its[labels.namespace] ?? "",
            pod: its[labels.pod] ?? "",
            name: its[labels.container] ?? "",
            ...usage,
          };
    }),
  );
  const byPod = Map.groupBy(
    read.filter((entry) => entry !== null),
    ({ uid }) => uid,
  );
  const pods = [...byPod].map(([uid, [first, ...rest]]) => ({
    namespace: first?.namespace ?? "",
    name: first?.pod ?? "",
    uid,
    containers: [...(first === undefined ? [] : [first]), ...rest].map(({ name, cpuMicros, memoryBytes }) => ({
      name,
      cpuMicros,
      memoryBytes,
    })),
  }));
  return { atMs: now, node: (await cgroups.usage(facts.cgroup)) ?? NOTHING, pods };
}
