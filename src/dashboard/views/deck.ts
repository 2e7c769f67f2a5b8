/** The list of both hulls: every workload, its health, its last minute and its price. */
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { podMetricsKind } from "#kinds/autoscaling/metrics.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { podKind } from "#kinds/core/pod.ts";
import { serviceKind } from "#kinds/core/service.ts";
import { deckBody } from "../page.ts";
import { type Row, rowsOf } from "../rows.ts";
import type { DashboardSeen, DashboardView } from "./view.ts";

export const deckView: DashboardView = {
  name: "deck",
  path: "/",
  title: "Deck",
  script: "page.js",
  needs: [deploymentKind, functionKind, nodeKind, podKind, podMetricsKind, serviceKind],
  view: (seen) => deckBody(workloadRows(seen)),
};

export function workloadRows({ objects, running, figures, book }: DashboardSeen): readonly Row[] {
  return rowsOf(
    {
      deployments: objects.of(deploymentKind).list(),
      pods: objects.of(podKind).list(),
      services: objects.of(serviceKind).list(),
      nodes: objects.of(nodeKind).list(),
      podMetrics: objects.of(podMetricsKind).list(),
      functions: objects.of(functionKind).list(),
      running,
      figures,
    },
    book,
  );
}
