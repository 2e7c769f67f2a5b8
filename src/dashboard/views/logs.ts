/** One workload's log, followed as it is written: the choice of whose; its lines come as events. */
import { keyOf } from "#base/key.ts";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import type { KubeObject } from "#kinds/object.ts";
import { defaultContainer, logTarget } from "../live-logs.ts";
import { type LogChoice, logsBody } from "../logs-page.ts";
import type { DashboardSeen, DashboardView } from "./view.ts";

export const logsView: DashboardView = {
  name: "logs",
  path: "/logs",
  title: "Logs",
  script: "logs.js",
  needs: [deploymentKind, functionKind, podKind],
  view: logsOf,
};

function logsOf({ objects }: DashboardSeen, query: URLSearchParams): string {
  const chosen = logTarget(query);
  const pods = objects.of(podKind);
  const pod = chosen?.type === "pod" ? pods.get(keyOf(chosen.namespace, chosen.name)) : undefined;
  return logsBody({
    choices: [
      ...choicesOf("function", objects.of(functionKind).list()),
      ...choicesOf("deployment", objects.of(deploymentKind).list()),
      ...choicesOf("pod", pods.list()),
    ],
    chosen,
    containers: pod === undefined ? [] : containersOf(pod),
    container: chosen?.container ?? (pod === undefined ? null : defaultContainer(pod)),
  });
}

function choicesOf(type: LogChoice["type"], objects: readonly KubeObject[]): readonly LogChoice[] {
  const choices = objects.map(({ metadata: { name, namespace = "default" } }) => ({ type, namespace, name }));
  return choices.toSorted((a, b) => (keyOf(a.namespace, a.name) < keyOf(b.namespace, b.name) ? -1 : 1));
}

function containersOf({ spec }: Pod): readonly string[] {
  return [...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name);
}
