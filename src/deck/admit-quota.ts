/** Quotas as admission keeps them: nothing is written that would take more than is left, also while other writes are on the way (upstream's plugin ResourceQuota). */
import { nameOf, type ObjectKey } from "#base/key.ts";
import { type Nanos, parseNanos, quantityLike } from "#base/quantity.ts";
import { resourceQuotaKind } from "#kinds/core/resource-quota.ts";
import { builtinKinds } from "#kinds/registry.ts";
import type { Usage } from "#kinds/quota.ts";
import { type Admission, type AdmissionRequest, NO_REMARKS, type Present, type Remarks } from "./admission.ts";
import type { ObjectChange } from "./collection.ts";
import { type Charged, QuotaLedger } from "./quota-ledger.ts";
import { forbidden } from "./refusals.ts";
import { storageOf } from "./registry.ts";

const QUOTAS = storageOf(resourceQuotaKind);
// DefaultIgnoredResources: what the cluster itself says of its objects is not rationed.
const FREE: ReadonlySet<string> = new Set(builtinKinds.filter(({ isChurning }) => isChurning === true).map(storageOf));

/** What an admitted write will take once it is durable. */
interface Reservation {
  readonly quotas: readonly ObjectKey[];
  readonly usage: Usage;
}

export class QuotaAdmission implements Admission {
  readonly name = "ResourceQuota";
  readonly kinds = "all";
  readonly on = ["create", "update", "part"] as const;
  #ledger: QuotaLedger | null = null;
  /** By the object that is written. */
  readonly #reserved = new Map<string, readonly Reservation[]>();

  review(request: AdmissionRequest, present: Present): Remarks {
    const { kind, key, object, live } = request;
    const { namespace } = nameOf(key);
    const ledger = this.#opened(present);
    const storage = storageOf(kind);
    if (kind.scope === "Cluster" || !ledger.hasQuotas(namespace) || FREE.has(storage)) return NO_REMARKS;
    const wanted = more(ledger.usageOf(storage, object), live === null ? new Map() : ledger.usageOf(storage, live));
    const quotas = wanted.size === 0 && live !== null ? [] : ledger.quotasOver(storage, object, namespace);
    for (const charged of quotas) this.#check(request, charged, wanted);
    if (quotas.length === 0 || wanted.size === 0) return NO_REMARKS;
    return {
      ...NO_REMARKS,
      settle: this.#reserve(`${storage}/${key}`, {
        quotas: quotas.map((charged) => charged.key),
        usage: wanted,
      }),
    };
  }

  /** What is durable is counted, and needs no place kept. */
  observe(storage: string, { key, next, previous }: ObjectChange): void {
    const ledger = this.#ledger;
    if (ledger === null) return;
    this.#reserved.delete(`${storage}/${key}`);
    if (storage !== QUOTAS && (FREE.has(storage) || !ledger.hasQuotas(nameOf(key).namespace))) return;
    ledger.take(storage, { key, previous: () => previous?.lean, next: () => next?.lean });
  }

  #opened(present: Present): QuotaLedger {
    if (this.#ledger !== null) return this.#ledger;
    const ledger = new QuotaLedger(builtinKinds, (storage, namespace) => present.listAt(storage, namespace));
    for (const quota of present.list(resourceQuotaKind)) ledger.open(quota);
    this.#ledger = ledger;
    return ledger;
  }

  #check({ kind, key, object, live }: AdmissionRequest, charged: Charged, wanted: Usage): void {
    const refuse = (why: string): Error => forbidden(kind, nameOf(key).name, why);
    const { quota, limits, taken } = charged;
    const { name } = quota.metadata;
    const missing = live === null ? this.#ledger?.missing(storageOf(kind), object, limits) : undefined;
    if (missing !== undefined) throw refuse(`failed quota: ${name}: ${missing}`);
    const reserved = this.#reservedOf(charged.key);
    const rows = limits.flatMap((limit): readonly Row[] => {
      const hard = quota.spec.hard?.[limit] ?? "0";
      const asked = wanted.get(limit) ?? 0n;
      const used = (taken.get(limit) ?? 0n) + (reserved.get(limit) ?? 0n);
      return asked > 0n && used + asked > (parseNanos(hard) ?? 0n) ? [{ limit, hard, asked, used }] : [];
    });
    if (rows.length > 0) throw refuse(`exceeded quota: ${name}, ${sentence(rows)}`);
  }

  #reservedOf(quota: ObjectKey): Usage {
    const sum = new Map<string, Nanos>();
    for (const { quotas, usage } of [...this.#reserved.values()].flat())
      if (quotas.includes(quota)) for (const [name, amount] of usage) sum.set(name, (sum.get(name) ?? 0n) + amount);
    return sum;
  }

  #reserve(path: string, reservation: Reservation): () => void {
    this.#reserved.set(path, [...(this.#reserved.get(path) ?? []), reservation]);
    return () => {
      const others = (this.#reserved.get(path) ?? []).filter((one) => one !== reservation);
      if (others.length === 0) this.#reserved.delete(path);
      else this.#reserved.set(path, others);
    };
  }
}

interface Row {
  readonly limit: string;
  readonly hard: string;
  readonly asked: Nanos;
  readonly used: Nanos;
}

function sentence(rows: readonly Row[]): string {
  const sorted = rows.toSorted((a, b) => (a.limit < b.limit ? -1 : 1));
  const list = (amount: (row: Row) => string): string => sorted.map((row) => `${row.limit}=${amount(row)}`).join(",");
  const asked = list(({ asked: nanos, hard }) => quantityLike(nanos, hard));
  const used = list(({ used: nanos, hard }) => quantityLike(nanos, hard));
  return `requested: ${asked}, used: ${used}, limited: ${list(({ hard }) => hard)}`;
}

/** What the object takes beyond what it took before. */
function more(next: Usage, before: Usage): Usage {
  return new Map(
    [...next]
      .map(([name, amount]) => [name, amount - (before.get(name) ?? 0n)] as const)
      .filter(([, amount]) => amount > 0n),
  );
}
