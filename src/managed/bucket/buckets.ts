/** All buckets of an instance: from Bucket objects to what is in them. */
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { Tasks } from "#base/tasks.ts";
import type { Objects, View } from "#deck/objects.ts";
import { type Bucket, bucketKind } from "#kinds/catamaran/bucket.ts";
import { keyOfObject } from "#kinds/object.ts";
import type { Database } from "../database.ts";
import type { Prepared } from "../push.ts";
import type { ObjectBytes } from "./object-bytes.ts";
import { recoverPieces } from "./pieces.ts";
import { Orders, type StoredObject, type Versioning } from "./stored-object.ts";
import { type ObjectChange, StoredObjects } from "./stored-objects.ts";
import { Uploads } from "./uploads.ts";

export interface BucketsOptions {
  readonly objects: Objects;
  readonly database: Database;
  readonly bytes: ObjectBytes;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Who is told of what becomes of a bucket's objects. */
  readonly announce?: (bucket: Bucket, change: ObjectChange) => Prepared | null;
}

/** What is in a bucket. */
export interface Contents {
  readonly objects: StoredObjects;
  readonly uploads: Uploads;
}

/** An object and its bytes. */
export interface Reading {
  readonly object: StoredObject;
  /** Read them once, all or the first of them. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

export class Buckets implements AsyncDisposable {
  readonly #options: BucketsOptions;
  readonly #view: View<Bucket>;
  readonly #tasks: Tasks;
  readonly #orders = new Orders();
  /** By the uid of the object, so that a bucket that is made anew under an old name starts empty. */
  readonly #open = new Map<string, Contents>();

  /** Resolves once what a killed process left of its writes is put right. */
  static async open(options: BucketsOptions): Promise<Buckets> {
    const buckets = new Buckets(options);
    await buckets.#recover();
    return buckets;
  }

  private constructor(options: BucketsOptions) {
    this.#options = options;
    this.#view = options.objects.view(bucketKind);
    this.#tasks = new Tasks(options.log);
  }

  /** Null when there is none. While the view has not seen a new one yet, the source is asked. */
  async find(namespace: string, name: string): Promise<Bucket | null> {
    const key = keyOf(namespace, name);
    const found = this.#view.get(key) ?? (await this.#options.objects.get(bucketKind, key));
    return found === null || found.metadata.deletionTimestamp !== undefined ? null : found;
  }

  /** As far as the view has seen. */
  isThere(namespace: string, name: string): boolean {
    return this.#view.get(keyOf(namespace, name)) !== undefined;
  }

  /** By name, those that are going left out. */
  list(namespace: string): readonly Bucket[] {
    return this.#view
      .list(namespace)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  /** Fault: AlreadyExists, Invalid. */
  create(bucket: Bucket): Promise<Bucket> {
    return this.#options.objects.create(bucketKind, bucket);
  }

  /** Null when it is gone. Fault: Invalid. */
  change(bucket: Bucket, decide: (live: Bucket) => Bucket): Promise<Bucket | null> {
    return this.#options.objects.change(bucketKind, keyOfObject(bucket), decide);
  }

  /** False, and nothing removed, while there is any version of anything in it. Its uploads go with it. */
  async removeEmpty(bucket: Bucket): Promise<boolean> {
    const { objects } = this.contentsOf(bucket);
    // What is written meanwhile waits, and then finds no bucket.
    return objects.close(async () => {
      if (!(await objects.isEmpty())) return false;
      await this.#options.objects.remove(bucketKind, keyOfObject(bucket));
      return true;
    });
  }

  /** The newest version, or the one that is named. Fault: NotFound, also when the newest is a marker of a deletion. */
  async read(at: { namespace: string; bucket: string }, key: string, version?: string): Promise<Reading> {
    const bucket = await this.find(at.namespace, at.bucket);
    if (bucket === null) throw new Fault("NotFound", `there is no bucket ${at.bucket}`);
    const { objects } = this.contentsOf(bucket);
    const object = await objects.find(key, version);
    if (object?.is !== "object") throw new Fault("NotFound", `there is no object ${key} in the bucket ${at.bucket}`);
    return { object, bytes: objects.read(object) };
  }

  contentsOf(bucket: Bucket): Contents {
    const { uid = "" } = bucket.metadata;
    const known = this.#open.get(uid);
    if (known !== undefined) return known;
    const key = keyOfObject(bucket);
    // As it is now; a bucket that has just been made is not in the view yet.
    const live = (): Bucket => {
      const seen = this.#view.get(key);
      return seen?.metadata.uid === uid ? seen : bucket;
    };
    const { database, bytes, clock, random } = this.#options;
    const shared = { database, bytes, clock, random, collection: collectionOf(bucket) };
    const versioning = (): Versioning => versioningOf(live());
    const announce = (change: ObjectChange): Prepared | null => this.#options.announce?.(live(), change) ?? null;
    const objects = new StoredObjects({ ...shared, orders: this.#orders, tasks: this.#tasks, versioning, announce });
    const contents = { objects, uploads: new Uploads(shared, objects) };
    this.#open.set(uid, contents);
    return contents;
  }

  /** Forgets all that is in a bucket that is going. */
  async drop(bucket: Bucket): Promise<void> {
    const contents = this.contentsOf(bucket);
    // Who still has it in hand writes nothing more.
    await contents.objects.close(() => Promise.resolve(true));
    await contents.objects.clear();
    await this.#options.database.drop(collectionOf(bucket));
    this.#open.delete(bucket.metadata.uid ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#view[Symbol.dispose]();
    await this.#tasks.ended();
  }

  async #recover(): Promise<void> {
    await this.#view.synced;
    const all = this.#view.list().map((bucket) => this.contentsOf(bucket).objects.pieces);
    await recoverPieces(this.#options.bytes, all);
  }
}

export function versioningOf({ spec }: Bucket): Versioning {
  return spec.versioning ?? "none";
}

function collectionOf({ metadata }: Bucket): string {
  return `bucket ${metadata.name}.${metadata.uid ?? ""}`;
}
