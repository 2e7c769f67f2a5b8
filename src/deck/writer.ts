/** Carries writes out: prepare, append on condition, again when the race is lost. The rules are in prepare.ts and removal.ts. */
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { nameOf, type ObjectKey } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Admission, Present } from "./admission.ts";
import type { Collection } from "./collection.ts";
import type { Expected, Journal, Revision } from "./journal.ts";
import {
  type OwnedRequest,
  type Prepared,
  prepareCreate,
  prepareUpdate,
  reviewRemoval,
  type Surroundings,
} from "./prepare.ts";
import { alreadyExists, conflict, notFound } from "./refusals.ts";
import { isReleased, removalOf } from "./removal.ts";
import { storageOf } from "./registry.ts";
import { encodeObject, formOf, type StoredObject } from "./stored.ts";
import type { DeckRemoveOptions, Removed, WriteRequest, Written } from "./write-request.ts";

/** Where a kind's objects are: its cache and the journal under it. */
export interface Home {
  readonly collection: Collection;
  readonly journal: Journal;
}

export interface WriterParts {
  readonly homeOf: (kind: Kind) => Home;
  readonly present: Present;
  readonly admissions: readonly Admission[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The journal hands these very bytes back: spares parsing what was just written. */
  readonly handOver: (raw: Uint8Array, object: KubeObject) => void;
}

/** From the live object to the wanted one, both as the kind serves them; the same object means: leave it. */
export type Edit = (live: KubeObject) => KubeObject;

// Each round somebody else's write went through, so a writer that loses so often is in a storm.
const ROUNDS = 100;
const NAME_ROUNDS = 8;
// etcd's limit on a request, which Kubernetes' users know.
const OBJECT_BYTES = 1_572_864;

export class Writer {
  readonly #parts: WriterParts;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  async create(kind: Kind, submitted: KubeObject, request: OwnedRequest): Promise<Written> {
    const isGenerated = (submitted.metadata.name ?? "") === "";
    for (let round = 1; ; round++) {
      const prepared = prepareCreate(kind, submitted, request, this.#surroundings());
      const stored = await this.#settled(prepared, () => this.#create(kind, prepared, request));
      if (stored !== null) return { stored, isNew: true, warnings: this.#recorded(kind, prepared, request) };
      if (!isGenerated || round === NAME_ROUNDS) throw alreadyExists(kind, prepared.object.metadata.name);
    }
  }

  async update(kind: Kind, key: ObjectKey, edit: Edit, request: OwnedRequest): Promise<Written> {
    for (let round = 0; round < ROUNDS; round++) {
      const live = this.live(kind, key);
      if (request.expected !== undefined && request.expected !== live.revision) throw conflict(kind, nameOf(key).name);
      const served = live.as(formOf(kind)).object;
      const next = edit(served);
      if (next === served) return { stored: live.as(formOf(kind)), isNew: false, warnings: [] };
      checkPreconditions(kind, next, live.object);
      const before = live.as(formOf(kind.storedAs?.kind ?? kind)).object;
      const prepared = prepareUpdate(kind, { live: before, next }, request, this.#surroundings());
      if (prepared === null) return { stored: live.as(formOf(kind)), isNew: false, warnings: [] };
      const stored = await this.#settled(prepared, () => this.#replace(kind, live, prepared.object, request));
      if (stored !== null) return { stored, isNew: false, warnings: this.#recorded(kind, prepared, request) };
      if (request.expected !== undefined) break;
    }
    throw conflict(kind, nameOf(key).name);
  }

  async remove(kind: Kind, key: ObjectKey, options: DeckRemoveOptions, request: WriteRequest): Promise<Removed> {
    const { name } = nameOf(key);
    for (let round = 0; round < ROUNDS; round++) {
      const live = this.live(kind, key);
      checkRemoval(kind, live, options);
      reviewRemoval(kind, key, live.object, this.#surroundings());
      const removal = removalOf(kind, live.object, options, this.#parts.clock.now());
      if (removal.is === "pending") return { stored: live.as(formOf(kind)), isGone: false };
      const next = removal.is === "gone" ? null : removal.next;
      const stored = await this.#write(kind, live, next, request);
      if (stored !== null) return { stored, isGone: next === null };
      if (options.revision !== undefined) break;
    }
    throw conflict(kind, name);
  }

  live(kind: Kind, key: ObjectKey): StoredObject {
    const live = this.#parts.homeOf(kind).collection.get(key);
    if (live === undefined) throw notFound(kind, nameOf(key).name);
    return live;
  }

  #surroundings(): Surroundings {
    const { clock, random, present, admissions } = this.#parts;
    return { now: clock.now(), random, present, admissions };
  }

  /** DIFFERS: what upstream adds to the audit event of a write (pod-security.kubernetes.io/audit-violations) is a line of control's log. */
  #recorded(kind: Kind, { key, remarks }: Prepared, { subject, manager }: OwnedRequest): readonly string[] {
    const user = subject?.name ?? manager;
    for (const says of remarks.records) this.#parts.log.warn("audit", { kind: kind.plural, object: key, user, says });
    return remarks.warnings;
  }

  async #settled<T>(prepared: Prepared, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      prepared.settle();
    }
  }

  /** Null when the name is taken. */
  #create(kind: Kind, { key, object }: Prepared, request: WriteRequest): Promise<StoredObject | null> {
    const { collection } = this.#parts.homeOf(kind);
    if (collection.get(key) !== undefined) return Promise.resolve(null);
    if (request.dryRun === true)
      return Promise.resolve(collection.wrap(key, 0, encode(kind, object), object).as(formOf(kind)));
    return this.#append(kind, key, object, "absent");
  }

  #replace(kind: Kind, live: StoredObject, next: KubeObject, request: WriteRequest): Promise<StoredObject | null> {
    if (isReleased(kind, next))
      return this.#write(kind, live, null, request).then((gone) =>
        gone === null ? null : this.#wrap(kind, live.key, gone.revision, next),
      );
    return this.#write(kind, live, next, request);
  }

  /** Puts or deletes on top of `live`; null when it is not the newest any more. */
  async #write(
    kind: Kind,
    live: StoredObject,
    next: KubeObject | null,
    request: WriteRequest,
  ): Promise<StoredObject | null> {
    if (request.dryRun === true)
      return next === null ? live.as(formOf(kind)) : this.#wrap(kind, live.key, live.revision, next);
    if (next !== null) return this.#append(kind, live.key, next, live.revision);
    const { journal } = this.#parts.homeOf(kind);
    const appended = await journal.append(`${storageOf(kind)}/${live.key}`, null, live.revision);
    return appended.ok ? live.at(appended.revision).as(formOf(kind)) : null;
  }

  async #append(kind: Kind, key: ObjectKey, object: KubeObject, expected: Expected): Promise<StoredObject | null> {
    const { collection, journal } = this.#parts.homeOf(kind);
    const raw = encode(kind, object);
    this.#parts.handOver(raw, object);
    const appended = await journal.append(`${storageOf(kind)}/${key}`, raw, expected);
    if (!appended.ok) return null;
    const stored = collection.get(key);
    return (stored?.revision === appended.revision ? stored : collection.wrap(key, appended.revision, raw)).as(
      formOf(kind),
    );
  }

  #wrap(kind: Kind, key: ObjectKey, revision: Revision, object: KubeObject): StoredObject {
    return this.#parts.homeOf(kind).collection.wrap(key, revision, encode(kind, object), object).as(formOf(kind));
  }
}

function encode(kind: Kind, object: KubeObject): Uint8Array {
  const raw = encodeObject(formOf(kind.storedAs?.kind ?? kind), object);
  if (raw.length > OBJECT_BYTES)
    throw new Fault(
      "RequestTooLarge",
      `${kind.plural} "${object.metadata.name}" has ${raw.length} bytes; the limit is ${OBJECT_BYTES}`,
    );
  return raw;
}

/** What a client put into the object's own metadata binds as well. */
function checkPreconditions(kind: Kind, next: KubeObject, live: KubeObject): void {
  const { name, uid = "", resourceVersion = "" } = next.metadata;
  if (uid !== "" && uid !== live.metadata.uid)
    throw conflict(
      kind,
      live.metadata.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid ?? ""}`,
    );
  if (resourceVersion !== "" && resourceVersion !== "0" && resourceVersion !== live.metadata.resourceVersion)
    throw conflict(kind, live.metadata.name);
  if ((name ?? "") !== "" && name !== live.metadata.name)
    throw new Fault(
      "BadRequest",
      `the name of the object (${name}) does not match the name on the URL (${live.metadata.name})`,
    );
}

function checkRemoval(kind: Kind, live: StoredObject, { uid, revision }: DeckRemoveOptions): void {
  const { metadata } = live.object;
  if (uid !== undefined && uid !== metadata.uid)
    throw conflict(
      kind,
      metadata.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid ?? ""}`,
    );
  if (revision !== undefined && revision !== live.revision)
    throw conflict(
      kind,
      metadata.name,
      `Precondition failed: ResourceVersion in precondition: ${revision}, ResourceVersion in object meta: ${live.revision}`,
    );
}
