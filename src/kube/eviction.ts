/** POST pods/{name}/eviction: ends a pod where its disruption budget allows it (upstream's EvictionREST). */
import { Fault } from "#base/fault.ts";
import type { WriteRequest } from "#deck/write-request.ts";
import { type Told, withCondition } from "#kinds/conditions.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { keyOfObject } from "#kinds/object.ts";
import { beingProcessed, hasNoUse, isUncounted, spent, type Verdict, verdictOn } from "#kinds/policy/disruption.ts";
import { type PodDisruptionBudget, podDisruptionBudgetKind } from "#kinds/policy/pod-disruption-budget.ts";
import { evictionKind } from "#kinds/rbac/reviews.ts";
import { type RemovalRequest, removalRequest } from "./asked.ts";
import { readBody } from "./bodies.ts";
import { type Ask, type Door, sendJson } from "./door.ts";
import { found } from "./read-verbs.ts";
import { success } from "./status.ts";

// EvictionsRetry: the pod changed under our hands each time.
const ROUNDS = 20;

const EVICTED: Told = {
  type: "DisruptionTarget",
  status: "True",
  reason: "EvictionByEvictionAPI",
  message: "Eviction API: evicting",
};

export async function evictPod(door: Door, ask: Ask): Promise<void> {
  const { exchange, identity, path } = ask;
  const { metadata, deleteOptions } = await readBody(door, ask, evictionKind);
  if (metadata.name !== undefined && metadata.name !== path.name)
    throw new Fault("BadRequest", "name in URL does not match name in Eviction object");
  const removal = removalRequest(exchange, identity, deleteOptions ?? null);
  for (let round = 1; ; round++) {
    const live = found(door, podKind, path.namespace, path.name);
    const pod = live.object;
    if (!isUncounted(pod)) {
      await evict(door, pod, live.revision, removal);
      break;
    }
    const isFixed = hasNoUse(pod) || removal.options.revision !== undefined;
    // What does not run yet may be ready by now, and then a budget counts it.
    const options = isFixed ? removal.options : { ...removal.options, revision: live.revision };
    try {
      await door.deck.remove(podKind, keyOfObject(pod), options, removal.request);
      break;
    } catch (thrown) {
      if (!isRace(thrown) || isFixed || round === ROUNDS) throw thrown;
    }
  }
  sendJson(exchange, 201, success({}));
}

async function evict(door: Door, pod: Pod, revision: number, removal: RemovalRequest): Promise<void> {
  const verdict = verdictOn(pod, budgetsAt(door, pod.metadata.namespace ?? ""));
  if (verdict.is === "counted") await spend(door, pod, verdict.budget, removal.request);
  const options = verdict.is === "unhealthy" ? { revision, ...removal.options } : removal.options;
  try {
    await markAndRemove(door, pod, { ...removal, options });
  } catch (thrown) {
    throw afterwards(thrown, verdict, removal);
  }
}

function budgetsAt(door: Door, namespace: string): readonly PodDisruptionBudget[] {
  const { stored } = door.deck.list(podDisruptionBudgetKind, { namespace });
  return stored.map(({ object }) => object);
}

/** Compare and set on the budget itself: no two evictions have the same disruption. */
async function spend(door: Door, pod: Pod, budget: PodDisruptionBudget, request: WriteRequest): Promise<void> {
  await door.deck.update(
    podDisruptionBudgetKind,
    keyOfObject(budget),
    (live) => spent(live, pod.metadata.name, door.clock.now()),
    { ...request, subresource: "status" },
  );
}

async function markAndRemove(door: Door, pod: Pod, { options, request }: RemovalRequest): Promise<void> {
  const key = keyOfObject(pod);
  if (request.dryRun === true) {
    await door.deck.remove(podKind, key, options, request);
    return;
  }
  const marked = await door.deck.update(podKind, key, (live) => withMark(live, door.clock.now()), {
    ...request,
    subresource: "status",
    ...(options.revision !== undefined && { expected: options.revision }),
  });
  const { uid } = marked.stored.object.metadata;
  const same = { ...(uid !== undefined && { uid }), ...options };
  await door.deck.remove(
    podKind,
    key,
    options.revision === undefined ? same : { ...same, revision: marked.stored.revision },
    request,
  );
}

function withMark(pod: Pod, now: number): Pod {
  return { ...pod, status: { ...pod.status, conditions: withCondition(pod.status?.conditions, EVICTED, now) } };
}

/** An unhealthy pod that changed meanwhile may have become healthy: who asks looks again. */
function afterwards(thrown: unknown, verdict: Verdict, { options }: RemovalRequest): unknown {
  const isChanged = isRace(thrown) && verdict.is === "unhealthy" && options.revision === undefined;
  return isChanged ? beingProcessed(verdict.budget) : thrown;
}

function isRace(thrown: unknown): thrown is Fault {
  return thrown instanceof Fault && thrown.code === "Conflict";
}
