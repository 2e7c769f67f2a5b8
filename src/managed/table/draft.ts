/** An item while it is changed: each map and list is copied once, when something in it changes first. */
import { put } from "#base/dictionary.ts";
import { Fault } from "#base/fault.ts";
import { type Attribute, type Item, own } from "./attribute.ts";
import type { Path } from "./document-path.ts";

type Holder = Record<string, Attribute> | Attribute[];

export class Draft {
  readonly #root: Record<string, Attribute>;
  readonly #copied = new Set<Holder>();

  constructor(item: Item) {
    this.#root = { ...item };
  }

  get item(): Item {
    return this.#root;
  }

  put(path: Path, value: Attribute): void {
    const { holder, last } = this.#place(path);
    // An index beyond the end appends.
    if (Array.isArray(holder)) holder[Math.min(Number(last), holder.length)] = value;
    else put(holder, String(last), value);
  }

  remove(path: Path): void {
    const { holder, last } = this.#place(path);
    if (Array.isArray(holder)) holder.splice(Number(last), 1);
    else delete holder[String(last)];
  }

  /** The map or list that the last step is of, ours to change. */
  #place(path: Path): { readonly holder: Holder; readonly last: string | number } {
    let holder: Holder = this.#root;
    for (const step of path.slice(0, -1)) holder = this.#opened(holder, step);
    const last = path.at(-1);
    if (last === undefined || Array.isArray(holder) !== (typeof last === "number")) throw invalidPath();
    return { holder, last };
  }

  #opened(holder: Holder, step: string | number): Holder {
    if (Array.isArray(holder) !== (typeof step === "number")) throw invalidPath();
    const value = Array.isArray(holder) ? holder[Number(step)] : own(holder, String(step));
    if (value === undefined) throw invalidPath();
    const inner = "M" in value ? value.M : "L" in value ? value.L : undefined;
    if (inner === undefined) throw invalidPath();
    if (this.#isCopied(inner)) return inner;
    const copy: Holder = "M" in value ? { ...value.M } : "L" in value ? [...value.L] : [];
    this.#copied.add(copy);
    const changed: Attribute = Array.isArray(copy) ? { L: copy } : { M: copy };
    if (Array.isArray(holder)) holder[Number(step)] = changed;
    else put(holder, String(step), changed);
    return copy;
  }

  #isCopied(inner: Item | readonly Attribute[]): inner is Holder {
    return (this.#copied as ReadonlySet<unknown>).has(inner);
  }
}

function invalidPath(): Fault {
  return new Fault("BadRequest", "The document path provided in the update expression is invalid for update");
}
