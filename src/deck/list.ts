/** Listing one kind: all of one moment, in pages if asked, at an older revision while that is remembered. */
import { Fault } from "#base/fault.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Labels } from "#base/selector.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Collection } from "./collection.ts";
import type { Revision } from "./journal.ts";
import { decodePage, encodePage, type Page } from "./page.ts";
import { expired } from "./refusals.ts";
import { compileSelection, nameAsked, type Selection } from "./selection.ts";
import { type Form, formOf, type Stored, type StoredObject } from "./stored.ts";

export interface ListOptions extends Selection {
  readonly limit?: number;
  readonly continue?: string;
  readonly revision?: Revision;
  /** Absent is NotOlderThan. */
  readonly match?: "Exact" | "NotOlderThan";
}

export interface Listed<S extends Stored = Stored> {
  readonly stored: readonly S[];
  /** ListMeta.resourceVersion: where a watch goes on. */
  readonly revision: Revision;
  readonly continue?: string;
  /** Only without selectors, as upstream. */
  readonly remaining?: number;
}

export function listCollection(kind: Kind, collection: Collection, applied: Revision, options: ListOptions): Listed {
  const page = pageOf(options, applied);
  const test = compileSelection(kind, options);
  const form = formOf(kind);
  const limit = options.limit === undefined || options.limit <= 0 ? Infinity : options.limit;
  const stored: Stored[] = [];
  let last: StoredObject | undefined;
  for (const candidate of candidatesOf(collection, page, applied, options)) {
    if (test !== null && !test(candidate)) continue;
    if (stored.length === limit)
      return {
        stored,
        revision: page.revision,
        ...restOf(collection, { page, last, isSelected: test !== null }, options),
      };
    stored.push(isWork(form) ? new Converted(candidate, form) : candidate.as(form));
    last = candidate;
  }
  return { stored, revision: page.revision };
}

function isWork(form: Form): boolean {
  return form.fromStored !== undefined || form.read !== undefined;
}

/** An object that is converted when it is read: the door sends a list in slices, and others get their turn between them. */
class Converted implements Stored {
  readonly key: ObjectKey;
  readonly revision: Revision;
  readonly #stored: StoredObject;
  readonly #form: Form;

  constructor(stored: StoredObject, form: Form) {
    this.key = stored.key;
    this.revision = stored.revision;
    this.#stored = stored;
    this.#form = form;
  }

  get bytes(): Uint8Array {
    return this.#stored.as(this.#form).bytes;
  }

  get object(): KubeObject {
    return this.#stored.as(this.#form).object;
  }

  get lean(): KubeObject {
    return this.#stored.as(this.#form).lean;
  }

  get labels(): Labels | undefined {
    return this.#stored.labels;
  }

  get metadataBytes(): Uint8Array {
    return this.#stored.as(this.#form).metadataBytes;
  }

  get size(): number {
    return this.#stored.as(this.#form).size;
  }

  writeTo(into: Uint8Array, at: number): void {
    this.#stored.as(this.#form).writeTo(into, at);
  }
}

interface Cut {
  readonly page: Page;
  readonly last: StoredObject | undefined;
  readonly isSelected: boolean;
}

/** Where the next page begins, and how much is left if that is known without looking. */
function restOf(
  collection: Collection,
  { page, last, isSelected }: Cut,
  { namespace = "" }: ListOptions,
): Pick<Listed, "continue" | "remaining"> {
  const after = last?.key ?? "";
  const token = encodePage({ revision: page.revision, after });
  return isSelected ? { continue: token } : { continue: token, remaining: collection.countAfter(namespace, after) };
}

function pageOf({ continue: token, revision, match }: ListOptions, applied: Revision): Page {
  if (token !== undefined && token !== "") {
    if (revision !== undefined && revision !== 0)
      throw new Fault("BadRequest", "specifying resource version is not allowed when using continue");
    const page = decodePage(token);
    return page.revision < 0 ? { ...page, revision: applied } : page;
  }
  if (revision === undefined || revision === 0) return { revision: applied, after: "" };
  if (revision > applied)
    throw new Fault("Timeout", `Too large resource version: ${revision}, current: ${applied}`, {
      retryAfterSeconds: 1,
    });
  return { revision: match === "Exact" ? revision : applied, after: "" };
}

const EXPIRED_PAGE =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

function candidatesOf(
  collection: Collection,
  { revision, after }: Page,
  applied: Revision,
  options: ListOptions,
): Iterable<StoredObject> {
  const { namespace = "" } = options;
  if (revision === applied) {
    const name = nameAsked(options);
    if (name === null || after !== "") return collection.from(namespace, after);
    if (namespace !== "") return [collection.get(`${namespace}/${name}`) ?? []].flat();
    return [...collection.from("")].filter((stored) => stored.key.endsWith(`/${name}`));
  }
  const then = collection.at(revision, namespace, after);
  if (then !== null) return then;
  if (after === "") throw expired(revision, collection.floor);
  throw new Fault("Expired", EXPIRED_PAGE, { continueToken: encodePage({ revision: -1, after }) });
}
