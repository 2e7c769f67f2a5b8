/** How a pod that found no node is told so: "0/3 nodes are available: 3 Insufficient cpu. preemption: …". */
import type { Reasons } from "./pick.ts";

export function unschedulableMessage(nodeCount: number, reasons: Reasons, preemption: Reasons): string {
  if (nodeCount === 0) return "no nodes available to schedule pods";
  return `${listed(nodeCount, reasons)} preemption: ${listed(nodeCount, preemption)}`;
}

/** Of a pod for which no node is looked at before something else has happened (upstream's PreFilter). */
export function waitingMessage(nodeCount: number, waitsFor: string): string {
  if (nodeCount === 0) return "no nodes available to schedule pods";
  const unhelpful = `${nodeCount} Preemption is not helpful for scheduling`;
  return `0/${nodeCount} nodes are available: ${waitsFor}. preemption: 0/${nodeCount} nodes are available: ${unhelpful}.`;
}

/** Sorted as text, as upstream's. */
function listed(nodeCount: number, reasons: Reasons): string {
  const texts = [...reasons].map(([reason, count]) => `${count} ${reason}`).toSorted();
  return `0/${nodeCount} nodes are available: ${texts.join(", ")}.`;
}
