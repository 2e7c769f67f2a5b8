/** ResourceQuota controller: writes down how much of each quota is taken. Nothing is refused here: that is admission's (deck/admit-quota.ts). */
import type { ObjectKey } from "#base/key.ts";
import { quantityLike } from "#base/quantity.ts";
import type { Controller, Plan, Seen, Watch } from "#deck/controller.ts";
import { QuotaLedger } from "#deck/quota-ledger.ts";
import { storageOf } from "#deck/registry.ts";
import { type ResourceQuota, resourceQuotaKind } from "#kinds/core/resource-quota.ts";
import type { Kind } from "#kinds/kind.ts";
import { keyOfObject, namespaceOf, type KubeObject } from "#kinds/object.ts";
import { patchTo } from "./changes.ts";

interface SeenUsage extends Seen {
  readonly ledger: QuotaLedger;
}

export function resourceQuotaController(all: readonly Kind[]): Controller<ResourceQuota, undefined, SeenUsage> {
  const kinds = all.filter(isCounted);
  return {
    name: "resourcequota-controller",
    kind: resourceQuotaKind,
    watches: kinds.map((kind): Watch<KubeObject, SeenUsage> => {
      const storage = storageOf(kind);
      return { kind, wakes: (object, seen) => quotasOver(object, storage, seen) };
    }),
    derive: (seen) => ({ view: (kind) => seen.view(kind), ledger: ledgerOf(kinds, seen) }),
    plan: (key, quota, { ledger }) => (quota === undefined ? { changes: [] } : plan(key, quota, ledger)),
  };
}

/** Once for each place where objects are stored; events are not rationed. */
function isCounted({ scope, isEphemeral, isChurning, storedAs, verbs }: Kind): boolean {
  const isListed = verbs === undefined || (verbs.includes("watch") && verbs.includes("list"));
  return scope === "Namespaced" && isListed && isEphemeral !== true && isChurning !== true && storedAs === undefined;
}

function quotasOver(object: KubeObject, storage: string, seen: SeenUsage): readonly ObjectKey[] {
  const namespace = namespaceOf(object);
  if (!seen.ledger.hasQuotas(namespace)) return [];
  return seen
    .view(resourceQuotaKind)
    .list(namespace)
    .map(keyOfObject)
    .filter((key) => seen.ledger.isAbout(key, storage));
}

function ledgerOf(kinds: readonly Kind[], seen: Seen): QuotaLedger {
  const byStorage = new Map(kinds.map((kind) => [storageOf(kind), kind]));
  const ledger = new QuotaLedger(kinds, (storage, namespace) => {
    const kind = byStorage.get(storage);
    return kind === undefined ? [] : seen.view(kind).list(namespace);
  });
  // The quotas last: what is there already is told of first, and is counted when they are taken up.
  for (const [storage, kind] of [...byStorage].toSorted(([a], [b]) => Number(a === QUOTAS) - Number(b === QUOTAS)))
    seen
      .view(kind)
      .onChange((key, next, previous) => ledger.take(storage, { key, next: () => next, previous: () => previous }));
  return ledger;
}

const QUOTAS = storageOf(resourceQuotaKind);

function plan(key: ObjectKey, quota: ResourceQuota, ledger: QuotaLedger): Plan {
  const { hard = {} } = quota.spec;
  const taken = ledger.taken(key);
  const used = Object.fromEntries(
    Object.entries(hard).map(([name, limit]) => [name, quantityLike(taken.get(name) ?? 0n, limit)]),
  );
  return { changes: patchTo(resourceQuotaKind, quota, { ...quota, status: { hard, used } }, "status") };
}
