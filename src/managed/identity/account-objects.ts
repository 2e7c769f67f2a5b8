/** The objects of one of IAM's kinds: found by name, listed in order, never two of one name in another case. */
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Objects, View } from "#deck/objects.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import type { NoStatus } from "#kinds/catamaran/iam-parts.ts";
import type { Own } from "#kinds/catamaran/own-kind.ts";
import type { Live } from "#kinds/object.ts";

/** An object of the account. */
export type Account<Spec> = Live<Own<Spec, NoStatus>>;

type Indexes<Spec> = Readonly<Record<string, (object: Own<Spec, NoStatus>) => readonly string[]>>;

/** What has no namespace has an empty one. */
const keyNamed = (name: string): string => keyOf("", name);

export class AccountObjects<Spec> implements Disposable {
  readonly synced: Promise<void>;
  readonly #objects: Objects;
  readonly #kind: Kind<Own<Spec, NoStatus>>;
  readonly #view: View<Own<Spec, NoStatus>>;

  constructor(objects: Objects, kind: Kind<Own<Spec, NoStatus>>, indexes: Indexes<Spec> = {}) {
    this.#objects = objects;
    this.#kind = kind;
    const inAnyCase = ({ metadata }: Own<Spec, NoStatus>): readonly string[] => [metadata.name.toLowerCase()];
    this.#view = objects.view(kind, { indexes: { ...indexes, inAnyCase } });
    this.synced = this.#view.synced;
  }

  find(name: string): Account<Spec> | null {
    const found = this.#view.get(keyNamed(name));
    return found === undefined || found.metadata.deletionTimestamp !== undefined ? null : found;
  }

  by(index: string, value: string): readonly Account<Spec>[] {
    return this.#view.by(index, value);
  }

  /** By name. */
  list(): readonly Account<Spec>[] {
    return this.#view.list().toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  /** Fault: AlreadyExists, Invalid. */
  async create(name: string, spec: Spec): Promise<Account<Spec>> {
    if (this.#view.by("inAnyCase", name.toLowerCase()).length > 0)
      throw new Fault("AlreadyExists", `${this.#kind.kind} ${name} already exists`, { name });
    const { kind } = this.#kind;
    return this.#objects.create(this.#kind, { apiVersion: apiVersionOf(this.#kind), kind, metadata: { name }, spec });
  }

  /** Null when it is gone. Fault: Invalid. */
  change(name: string, decide: (spec: Spec) => Spec): Promise<Account<Spec> | null> {
    return this.#objects.change(this.#kind, keyNamed(name), (live) => ({ ...live, spec: decide(live.spec) }));
  }

  remove(name: string): Promise<boolean> {
    return this.#objects.remove(this.#kind, keyNamed(name));
  }

  [Symbol.dispose](): void {
    this.#view[Symbol.dispose]();
  }
}
