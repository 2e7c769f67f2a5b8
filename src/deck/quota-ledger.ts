/** How much of each ResourceQuota is taken: counted once from what there is, then kept current by every change. No I/O, no decisions. */
import { sameJson } from "#base/json.ts";
import { nameOf, type ObjectKey } from "#base/key.ts";
import type { Nanos } from "#base/quantity.ts";
import { type ResourceQuota, resourceQuotaKind, scopesOf } from "#kinds/core/resource-quota.ts";
import { type Kind, resourceOf } from "#kinds/kind.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import { type Charges, ONE, type Usage } from "#kinds/quota.ts";
import { storageOf } from "./registry.ts";

const QUOTAS = storageOf(resourceQuotaKind);

/** The objects of a namespace that are stored at one place ("core/pods"). */
export type ListAt = (storage: string, namespace: string) => Iterable<KubeObject>;

interface Account {
  readonly quota: ResourceQuota;
  readonly limits: readonly string[];
  readonly taken: Map<string, Nanos>;
}

export class QuotaLedger {
  readonly #list: ListAt;
  /** What objects of a place are charged beside being one. */
  readonly #charges: ReadonlyMap<string, Charges<KubeObject>>;
  readonly #accounts = new Map<string, Map<ObjectKey, Account>>();

  constructor(kinds: readonly Kind[], list: ListAt) {
    this.#list = list;
    this.#charges = new Map(
      kinds.flatMap((kind) => (kind.charges === undefined ? [] : [[storageOf(kind), kind.charges] as const])),
    );
  }

  /** Takes up a quota that is there. */
  open(quota: ResourceQuota): void {
    this.#set(keyOfObject(quota), quota);
  }

  /** One object came, went or changed. */
  take(storage: string, taken: Taken): void {
    const { namespace } = nameOf(taken.key);
    const isQuota = storage === QUOTAS;
    if (isQuota) this.#takeQuota(taken);
    for (const [key, account] of this.#accounts.get(namespace) ?? []) {
      // What was counted anew just now has itself in it already.
      if (isQuota && key === taken.key) continue;
      add(account, this.#usageBy(account, storage, taken.next()), 1n);
      add(account, this.#usageBy(account, storage, taken.previous()), -1n);
    }
  }

  /** Status is written with every change of what is counted, and changes nothing of it. */
  #takeQuota({ key, previous, next }: Taken): void {
    const [quota, before] = [next() as ResourceQuota | undefined, previous() as ResourceQuota | undefined];
    if (quota === undefined || before === undefined || !sameJson(quota.spec, before.spec)) this.#set(key, quota);
  }

  #set(key: ObjectKey, quota: ResourceQuota | undefined): void {
    const { namespace } = nameOf(key);
    const here = this.#accounts.get(namespace) ?? new Map<ObjectKey, Account>();
    this.#accounts.set(namespace, here);
    here.delete(key);
    if (quota !== undefined) here.set(key, this.#opened(quota, namespace));
    if (here.size === 0) this.#accounts.delete(namespace);
  }

  /** The quotas of the namespace that are about such an object, in the order of their names. */
  quotasOver(storage: string, object: KubeObject, namespace: string): readonly Charged[] {
    const here = [...(this.#accounts.get(namespace) ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return here.flatMap(([key, account]) => {
      const limits = this.#limitsOn(account, storage);
      if (limits.length === 0 || !this.#isInScope(account, storage, object)) return [];
      return [{ key, quota: account.quota, limits, taken: account.taken }];
    });
  }

  /** Whether changes of what is stored there can change what is taken of the quota. */
  isAbout(key: ObjectKey, storage: string): boolean {
    const account = this.#accounts.get(nameOf(key).namespace)?.get(key);
    return account !== undefined && this.#limitsOn(account, storage).length > 0;
  }

  hasQuotas(namespace: string): boolean {
    return this.#accounts.has(namespace);
  }

  taken(key: ObjectKey): Usage {
    return this.#accounts.get(nameOf(key).namespace)?.get(key)?.taken ?? new Map<string, Nanos>();
  }

  usageOf(storage: string, object: KubeObject): Usage {
    const charged = this.#charges.get(storage)?.usage(object) ?? [];
    return new Map<string, Nanos>([...charged, [countName(storage), ONE]]);
  }

  /** What the limits demand that the object says. */
  missing(storage: string, object: KubeObject, limits: readonly string[]): string | undefined {
    return this.#charges.get(storage)?.missing?.(object, limits);
  }

  #opened(quota: ResourceQuota, namespace: string): Account {
    const limits = Object.keys(quota.spec.hard ?? {});
    const account: Account = { quota, limits, taken: new Map() };
    for (const storage of new Set(limits.flatMap((name) => this.#placesOf(name))))
      for (const object of this.#list(storage, namespace)) add(account, this.#usageBy(account, storage, object), 1n);
    return account;
  }

  /** Where what a limit is about is stored. */
  #placesOf(limit: string): readonly string[] {
    const counted = placeOf(limit);
    const charged = [...this.#charges].filter(([, charges]) => charges.isAbout(limit)).map(([storage]) => storage);
    return counted === undefined ? charged : [counted, ...charged];
  }

  #limitsOn({ limits }: Account, storage: string): readonly string[] {
    const charges = this.#charges.get(storage);
    const count = countName(storage);
    return limits.filter((name) => name === count || charges?.isAbout(name) === true);
  }

  #usageBy(account: Account, storage: string, object: KubeObject | undefined): Usage {
    if (object === undefined || !this.#isInScope(account, storage, object)) return new Map();
    return this.usageOf(storage, object);
  }

  #isInScope({ quota }: Account, storage: string, object: KubeObject): boolean {
    return scopesOf(quota).every((scope) => this.#charges.get(storage)?.isInScope?.(object, scope) === true);
  }
}

/** Read only where somebody counts: `previous` and `next` may have to be parsed. */
export interface Taken {
  readonly key: ObjectKey;
  readonly previous: () => KubeObject | undefined;
  readonly next: () => KubeObject | undefined;
}

export interface Charged {
  readonly key: ObjectKey;
  readonly quota: ResourceQuota;
  /** The names of its limits that are about the object. */
  readonly limits: readonly string[];
  readonly taken: Usage;
}

function add({ limits, taken }: Account, usage: Usage, times: bigint): void {
  for (const [name, amount] of usage)
    if (limits.includes(name)) taken.set(name, (taken.get(name) ?? 0n) + times * amount);
}

/** "apps/deployments" -> "count/deployments.apps". */
function countName(storage: string): string {
  const [group = "", plural = ""] = storage.split("/");
  return `count/${resourceOf({ group: group === "core" ? "" : group, plural })}`;
}

function placeOf(limit: string): string | undefined {
  if (!limit.startsWith("count/")) return undefined;
  const [plural = "", ...group] = limit.slice("count/".length).split(".");
  return `${group.length === 0 ? "core" : group.join(".")}/${plural}`;
}
