/** The deck: the only way to read or change objects. Puts the journal, the caches, the registry and the write path together. */
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { customResourceDefinitionKind } from "#kinds/admission/custom-resource-definition.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject, Live } from "#kinds/object.ts";
import type { Present } from "./admission.ts";
import { builtinAdmissions } from "./admissions.ts";
import type { AwsPlace } from "./admit-pod-identity.ts";
import { Collection, type ObjectChange } from "./collection.ts";
import { DeckObjects } from "./deck-objects.ts";
import { DefinitionKeeper, serveDefinitions } from "./definitions.ts";
import { applied, patched } from "./editing.ts";
import type { Journal, JournalChange, Revision } from "./journal.ts";
import { listCollection, type Listed, type ListOptions } from "./list.ts";
import { startKeeper } from "./loop.ts";
import type { Objects } from "./objects.ts";
import { Registry, storageOf } from "./registry.ts";
import type { Selection } from "./selection.ts";
import { defaultNetwork, type Network } from "./service-addresses.ts";
import { SharedViews } from "./shared-views.ts";
import { type Form, formOf, keptFor, type StoredOf } from "./stored.ts";
import { openWatch, type WatchListener, type WatchOptions } from "./watches.ts";
import type { DeckRemoveOptions, Patch, Removed, WriteRequest, Written } from "./write-request.ts";
import { type Home, Writer } from "./writer.ts";

export interface DeckOptions {
  readonly journal: Journal;
  /** For kinds that are lost at restart: metrics. Without one they are kept in `journal`. */
  readonly ephemeral?: Journal;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly kinds: readonly Kind[];
  readonly network?: Network;
  /** Where pods find AWS's services; absent: they have none, and get no identity for them. */
  readonly aws?: AwsPlace;
}

/** Every change of every object, in order, for those who look at all of them. */
export type Follower = (storage: string, change: ObjectChange) => void;

const HISTORY_CHURNING = 1_000;
const HISTORY = 10_000;

const SYSTEM_NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

interface Source {
  readonly journal: Journal;
  readonly floor: Revision;
  applied: Revision;
}

const AGE_EVERY_MS = 30_000;

// Others get their turn while the journal writes a batch.
const REMOVED_AT_ONCE = 100;

export class Deck implements AsyncDisposable {
  readonly registry: Registry;
  readonly #durable: Source;
  readonly #ephemeral: Source;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #collections = new Map<string, Collection>();
  readonly #followers = new Set<Follower>();
  readonly #handedOver = new WeakMap<Uint8Array, KubeObject>();
  readonly #kept = keptFor();
  readonly #views = new SharedViews();
  readonly #writer: Writer;
  readonly #parts: Disposable[] = [];
  #keeping: AsyncDisposable | null = null;
  /** Only while loading: the last change of each key so far. */
  readonly #pastRevisions = new Map<string, Revision>();

  /** Reads everything from the journals; the deck follows them until disposed, but does not own them. */
  static async open(options: DeckOptions): Promise<Deck> {
    const deck = new Deck(options);
    await deck.#load(deck.#durable);
    if (deck.#ephemeral !== deck.#durable) await deck.#load(deck.#ephemeral);
    await deck.#createSystemNamespaces();
    deck.#start();
    return deck;
  }

  private constructor({ journal, ephemeral, clock, random, log, kinds, network = defaultNetwork, aws }: DeckOptions) {
    this.registry = new Registry(kinds);
    this.#clock = clock;
    this.#log = log;
    this.#durable = { journal, floor: journal.compactedRevision(), applied: 0 };
    this.#ephemeral =
      ephemeral === undefined
        ? this.#durable
        : { journal: ephemeral, floor: ephemeral.compactedRevision(), applied: 0 };
    const present: Present = {
      get: <T extends KubeObject>(kind: Kind<T>, key: ObjectKey) =>
        this.#collections.get(storageOf(kind))?.get(key)?.lean as T | undefined,
      list: <T extends KubeObject>(kind: Kind<T>, namespace?: string) =>
        objectsOf(this.#collections.get(storageOf(kind)), namespace) as Iterable<T>,
      listAt: (storage, namespace) => objectsOf(this.#collections.get(storage), namespace),
    };
    const admissions = builtinAdmissions(network, aws);
    for (const admission of admissions)
      if (admission.observe !== undefined) this.#followers.add(admission.observe.bind(admission));
    const handOver = (raw: Uint8Array, object: KubeObject): void => void this.#handedOver.set(raw, object);
    this.#writer = new Writer({
      homeOf: (kind) => this.#homeOf(kind),
      present,
      admissions,
      clock,
      random,
      log,
      handOver,
    });
    this.#parts.push(this.registry.onChange(() => this.#useForms()));
    this.#useForms();
  }

  /** Null when absent. */
  read<T extends KubeObject>(kind: Kind<T>, key: ObjectKey): StoredOf<T> | null {
    return (this.#homeOf(kind).collection.get(key)?.as(formOf(kind)) ?? null) as StoredOf<T> | null;
  }

  /** Faults: Expired, BadRequest, Timeout (a revision that is not there yet). */
  list<T extends KubeObject>(kind: Kind<T>, options: ListOptions = {}): Listed<StoredOf<T>> {
    return listCollection(kind, this.#homeOf(kind).collection, this.#sourceOf(kind).applied, options) as Listed<
      StoredOf<T>
    >;
  }

  /** The listener is called at once for what is there or for the past, then live; it must not throw. Fault: Expired. */
  watch(kind: Kind, options: WatchOptions, listener: WatchListener): Disposable {
    const source = this.#sourceOf(kind);
    return openWatch(
      {
        kind,
        collection: this.#homeOf(kind).collection,
        applied: () => source.applied,
        clock: this.#clock,
        form: () => this.#currentForm(kind),
      },
      options,
      listener,
    );
  }

  create(kind: Kind, object: KubeObject, request: WriteRequest): Promise<Written> {
    return this.#writer.create(kind, object, request);
  }

  /** With metadata.resourceVersion only if the object is still that one. */
  replace(kind: Kind, key: ObjectKey, object: KubeObject, request: WriteRequest): Promise<Written> {
    return this.update(kind, key, () => object, request);
  }

  /** Read, edit, write, again on conflict. `edit` is pure; returning its argument leaves the object as it is. */
  update<T extends KubeObject>(
    kind: Kind<T>,
    key: ObjectKey,
    edit: (live: Live<T>) => T,
    request: WriteRequest,
  ): Promise<Written> {
    return this.#writer.update(kind, key, (live) => edit(live as Live<T>), request);
  }

  patch(kind: Kind, key: ObjectKey, patch: Patch, request: WriteRequest): Promise<Written> {
    return this.#writer.update(kind, key, patched(kind, patch, request), request);
  }

  /** Server-side apply; creates what is not there. */
  async apply(
    kind: Kind,
    key: ObjectKey,
    configuration: KubeObject,
    request: WriteRequest & { readonly isForced?: boolean },
  ): Promise<Written> {
    const edit = applied(kind, configuration, request, this.#clock);
    const owned = { ...request, isApplied: true };
    if (this.read(kind, key) === null && request.subresource === undefined) {
      try {
        return await this.#writer.create(kind, edit(null), owned);
      } catch (thrown) {
        // Somebody created it meanwhile: then it is an update.
        if (!(thrown instanceof Fault && thrown.code === "AlreadyExists")) throw thrown;
      }
    }
    return this.#writer.update(kind, key, edit, owned);
  }

  remove(kind: Kind, key: ObjectKey, options: DeckRemoveOptions, request: WriteRequest): Promise<Removed> {
    return this.#writer.remove(kind, key, options, request);
  }

  /** Everything that the selection means; returns the last states. */
  async removeAll(
    kind: Kind,
    selection: Selection,
    options: DeckRemoveOptions,
    request: WriteRequest,
  ): Promise<Listed> {
    const listed = this.list(kind, selection);
    for (let at = 0; at < listed.stored.length; at += REMOVED_AT_ONCE) {
      const batch = listed.stored.slice(at, at + REMOVED_AT_ONCE);
      const results = await Promise.allSettled(batch.map(({ key }) => this.remove(kind, key, options, request)));
      // What somebody else removed meanwhile is as gone as we wanted it.
      const failure = results.find(
        (result) =>
          result.status === "rejected" && !(result.reason instanceof Fault && result.reason.code === "NotFound"),
      );
      if (failure?.status === "rejected") throw failure.reason;
    }
    return { ...listed, revision: this.#sourceOf(kind).applied };
  }

  /** The newest revision that readers of this kind see. */
  revision(kind: Kind): Revision {
    return this.#sourceOf(kind).applied;
  }

  follow(follower: Follower): Disposable {
    this.#followers.add(follower);
    return { [Symbol.dispose]: () => void this.#followers.delete(follower) };
  }

  /** Forgets history up to and including `revision`, here and in the journal. */
  async compact(revision: Revision): Promise<void> {
    for (const [storage, collection] of this.#collections)
      if (this.#sourceAt(storage) === this.#durable) collection.forget(revision);
    await this.#durable.journal.compact(revision);
  }

  /** The deck as one component sees it; `name` is its field manager. */
  objects(name: string): Objects {
    return new DeckObjects({
      deck: this,
      name,
      views: this.#views,
      listen: (kind, listener) => this.#homeOf(kind).collection.listen(listener),
      form: (kind) => this.#currentForm(kind),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeping?.[Symbol.asyncDispose]();
    for (const part of this.#parts.splice(0).toReversed()) part[Symbol.dispose]();
  }

  async #load(source: Source): Promise<void> {
    const { entries, revision } = await source.journal.range("");
    for (const entry of entries) {
      const { storage, key } = splitKey(entry.key);
      const collection = this.#collection(storage, source);
      collection.load(collection.wrap(key, entry.revision, entry.bytes));
    }
    source.applied = revision;
    const following = source.journal.follow(source.floor, (changes) => this.#take(source, changes, revision));
    if (following === null) throw new RangeError("the journal was compacted while the deck was opened");
    this.#pastRevisions.clear();
    this.#parts.push(following);
  }

  /** What every cluster has, as upstream's API server makes sure of. */
  async #createSystemNamespaces(): Promise<void> {
    const kind = this.registry.kind("", "v1", "namespaces");
    if (kind === undefined) return;
    for (const name of SYSTEM_NAMESPACES) {
      if (this.read(kind, `/${name}`) === null) await this.create(kind, { metadata: { name } }, { manager: "control" });
    }
  }

  /** What nobody asked for in a while is let go. */
  #age(): Disposable {
    let timer: Disposable;
    const arm = (): Disposable =>
      this.#clock.after(AGE_EVERY_MS, () => {
        timer = arm();
        this.#kept.bytes.age();
        this.#kept.objects.age();
        for (const collection of this.#collections.values()) collection.age(this.#clock.now());
      });
    timer = arm();
    return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
  }

  #start(): void {
    this.#parts.push(this.#age());
    const { registry } = this;
    const [clock, log] = [this.#clock, this.#log];
    const collectionOf = (kind: Kind): Collection => this.#homeOf(kind).collection;
    this.#parts.push(serveDefinitions({ registry, definitions: collectionOf(customResourceDefinitionKind), log }));
    const objects = this.objects("apiextensions");
    this.#keeping = startKeeper(new DefinitionKeeper({ objects, registry, collectionOf, clock }), objects, {
      clock,
      log,
    });
  }

  #take(source: Source, changes: readonly JournalChange[], loaded: Revision): void {
    for (const change of changes) {
      const { storage, key } = splitKey(change.key);
      const collection = this.#collection(storage, source);
      if (change.revision <= loaded) {
        collection.remember(
          pastChange(collection, key, { ...change, previousRevision: this.#pastRevisions.get(change.key) }),
        );
        this.#pastRevisions.set(change.key, change.revision);
        continue;
      }
      source.applied = change.revision;
      const next =
        change.type === "put"
          ? collection.wrap(key, change.revision, change.bytes, this.#takeOver(change.bytes))
          : null;
      this.#publish(storage, collection, {
        revision: change.revision,
        key,
        next,
        previous: collection.get(key) ?? null,
      });
    }
  }

  /** Once: the bytes live as long as the object, what was parsed only while it is warm. */
  #takeOver(bytes: Uint8Array): KubeObject | undefined {
    const object = this.#handedOver.get(bytes);
    this.#handedOver.delete(bytes);
    return object;
  }

  #publish(storage: string, collection: Collection, change: ObjectChange): void {
    // A listener that breaks its promise must not keep the change from the others.
    const report = (thrown: unknown): void =>
      this.#log.error("a listener of changes threw", { storage, key: change.key, reason: reasonOf(thrown) });
    collection.apply(change, report);
    for (const follower of this.#followers) follower(storage, change);
  }

  /** Of a definition's kind as the definition is now, which may be newer than the kind at hand. */
  #currentForm(kind: Kind): Form {
    if (kind.definedBy === undefined) return formOf(kind);
    return formOf(this.registry.kind(kind.group, kind.version, kind.plural) ?? kind);
  }

  #homeOf(kind: Kind): Home {
    const source = this.#sourceOf(kind);
    return { collection: this.#collection(storageOf(kind), source), journal: source.journal };
  }

  #sourceOf(kind: Kind): Source {
    return kind.isEphemeral === true ? this.#ephemeral : this.#durable;
  }

  #sourceAt(storage: string): Source {
    return this.registry.all().some((kind) => kind.isEphemeral === true && storageOf(kind) === storage)
      ? this.#ephemeral
      : this.#durable;
  }

  #collection(storage: string, source: Source): Collection {
    const known = this.#collections.get(storage);
    if (known !== undefined) return known;
    const kind = this.registry
      .all()
      .find((candidate) => candidate.storedAs === undefined && storageOf(candidate) === storage);
    const historyChanges = kind?.isChurning === true ? HISTORY_CHURNING : HISTORY;
    const collection = new Collection({ kept: this.#kept, floor: source.floor, historyChanges });
    this.#collections.set(storage, collection);
    if (kind !== undefined) collection.useForm(formOf(kind));
    return collection;
  }

  #useForms(): void {
    for (const kind of this.registry.all().toReversed())
      if (kind.storedAs === undefined) this.#homeOf(kind).collection.useForm(formOf(kind));
  }
}

function* objectsOf(collection: Collection | undefined, namespace = ""): Generator<KubeObject> {
  if (collection !== undefined) for (const stored of collection.from(namespace)) yield stored.lean;
}

/** "core/pods/default/web" -> "core/pods" and "default/web". */
function splitKey(key: string): { readonly storage: string; readonly key: ObjectKey } {
  const plural = key.indexOf("/", key.indexOf("/") + 1);
  return { storage: key.slice(0, plural), key: key.slice(plural + 1) };
}

/** A change from before the deck was opened, for watchers that come back after a restart. */
function pastChange(
  collection: Collection,
  key: ObjectKey,
  change: JournalChange & { readonly previousRevision: Revision | undefined },
): ObjectChange {
  const { revision } = change;
  const next = change.type === "put" ? collection.wrap(key, revision, change.bytes) : null;
  // The write before may be forgotten already; then any revision before this one is as good to a watcher.
  const before = change.previousRevision ?? revision - 1;
  const previous = change.previous === null ? null : collection.wrap(key, before, change.previous);
  return { revision, key, next, previous };
}
