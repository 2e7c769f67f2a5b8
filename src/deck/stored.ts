/** An object as the deck keeps it: bytes first, parsed on demand. Reading and splicing only, never deciding. */
import { type Json, type JsonObject, isJsonObject, parseExactly, sameJson } from "#base/json.ts";
import type { ObjectKey } from "#base/key.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import { withDefaults } from "#kinds/rules/defaults.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Revision } from "./journal.ts";

export interface Stored {
  readonly key: ObjectKey;
  readonly revision: Revision;
  /** The JSON that clients get, with metadata.resourceVersion. */
  readonly bytes: Uint8Array;
  /** Parsed once and frozen; shared by everybody. */
  readonly object: KubeObject;
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly stored: Stored;
}

// Spliced bytes are kept for the newest changes only, which watchers share; a list splices on the fly (2 µs each).
const OBJECTS_KEPT = 1_024;
// An object may have three megabytes: a thousand of them, each with its state, would be gigabytes.
const BYTES_KEPT = 8 * 1024 * 1024;

/** The newest objects whose bytes with resourceVersion are kept. */
export class ByteRing {
  readonly #kept = new Set<StoredObject>();
  #bytes = 0;

  keep(stored: StoredObject): void {
    this.#kept.add(stored);
    this.#bytes += stored.raw.length;
    for (const oldest of this.#kept) {
      if (this.#kept.size <= OBJECTS_KEPT && this.#bytes <= BYTES_KEPT) return;
      oldest.dropBytes();
      this.#kept.delete(oldest);
      this.#bytes -= oldest.raw.length;
    }
  }
}

/** What a kind's objects have in common: how their JSON begins. */
export interface Form {
  readonly apiVersion: string;
  readonly kind: string;
  /** `{"apiVersion":"v1","kind":"Pod","metadata":{` */
  readonly head: Uint8Array;
  /** Only where the stored form differs in more than its version. */
  readonly fromStored?: (object: KubeObject) => KubeObject;
  /** Only for custom resources, whose definition may have changed since: new defaults are set, fields that are gone pruned. */
  readonly read?: (object: KubeObject) => KubeObject;
}

const forms = new WeakMap<Kind, Form>();

export function formOf(kind: Kind): Form {
  let form = forms.get(kind);
  if (form === undefined) {
    form = {
      ...headOf(apiVersionOf(kind), kind.kind),
      ...(kind.storedAs && { fromStored: kind.storedAs.fromStored }),
      ...(kind.definedBy !== undefined && { read: (object) => withDefaults(kind, object) }),
    };
    forms.set(kind, form);
  }
  return form;
}

function headOf(apiVersion: string, kind: string): Form {
  return { apiVersion, kind, head: encodeUtf8(`${JSON.stringify({ apiVersion, kind }).slice(0, -1)},"metadata":{`) };
}

/** What stored bytes say of themselves, for objects whose kind is not served (its definition is gone). */
export function formOfRaw(raw: Uint8Array): Form {
  const { apiVersion = "", kind = "" } = JSON.parse(decodeUtf8(raw)) as KubeObject;
  return headOf(apiVersion, kind);
}

/** The bytes that the journal keeps: apiVersion, kind and metadata first, no resourceVersion. */
export function encodeObject(form: Form, object: KubeObject): Uint8Array {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  const { resourceVersion: _revision, ...kept } = metadata;
  return encodeUtf8(JSON.stringify({ apiVersion: form.apiVersion, kind: form.kind, metadata: kept, ...rest }));
}

export class StoredObject implements Stored {
  readonly key: ObjectKey;
  readonly revision: Revision;
  /** As in the journal. */
  readonly raw: Uint8Array;
  readonly #form: Form;
  readonly #ring: ByteRing;
  #object: KubeObject | null;
  #bytes: Uint8Array | null = null;
  /** How other forms show this object: one of each version, the newest. */
  #versions: Map<string, Shown> | null = null;

  constructor(source: {
    readonly form: Form;
    readonly ring: ByteRing;
    readonly key: ObjectKey;
    readonly revision: Revision;
    readonly raw: Uint8Array;
    readonly object?: KubeObject;
  }) {
    this.key = source.key;
    this.revision = source.revision;
    this.raw = source.raw;
    this.#form = source.form;
    this.#ring = source.ring;
    this.#object =
      source.object === undefined ? null : freeze(withRevision(source.object, this.#form, source.revision));
  }

  get bytes(): Uint8Array {
    if (this.#bytes === null) {
      this.#bytes = splice(this.raw, this.#form.head, this.revision);
      this.#ring.keep(this);
    }
    return this.#bytes;
  }

  get object(): KubeObject {
    this.#object ??= freeze(withRevision(parseExactly(decodeUtf8(this.raw)) as KubeObject, this.#form, this.revision));
    return this.#object;
  }

  /** The same state under another revision: what a watcher gets of a deleted object. */
  at(revision: Revision): StoredObject {
    return new StoredObject({ form: this.#form, ring: this.#ring, key: this.key, revision, raw: this.raw });
  }

  /** The same object served as another version of its kind, or by a newer definition of it. */
  as(form: Form): StoredObject {
    const isSameVersion = form.apiVersion === this.#form.apiVersion;
    if (form === this.#form || (isSameVersion && form.read === undefined)) return this;
    const known = this.#versions?.get(form.apiVersion);
    if (known?.form === form) return known.stored;
    const content = this.#contentFor(form);
    const stored =
      isSameVersion && content.raw === this.raw
        ? this
        : new StoredObject({ form, ring: this.#ring, key: this.key, revision: this.revision, ...content });
    this.#versions ??= new Map();
    this.#versions.set(form.apiVersion, { form, stored });
    return stored;
  }

  #contentFor(form: Form): { readonly raw: Uint8Array; readonly object?: KubeObject } {
    if (form.fromStored === undefined && form.read === undefined) return { raw: this.raw };
    const converted = form.fromStored?.(this.object) ?? this.object;
    const object = form.read?.(converted) ?? converted;
    if (form.fromStored === undefined && sameJson(object, this.object)) return { raw: this.raw };
    return { raw: encodeObject(form, object), object };
  }

  dropBytes(): void {
    this.#bytes = null;
  }
}

interface Shown {
  readonly form: Form;
  readonly stored: StoredObject;
}

function withRevision(object: KubeObject, form: Form, revision: Revision): KubeObject {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  return {
    apiVersion: form.apiVersion,
    kind: form.kind,
    metadata: revision === 0 ? metadata : { ...metadata, resourceVersion: String(revision) },
    ...rest,
  };
}

const METADATA = encodeUtf8('"metadata":{');

const REVISION = encodeUtf8('"resourceVersion":"');
const QUOTE = 0x22;
const COMMA = 0x2c;
const CLOSE = 0x7d;
const ZERO = 0x30;

/** Puts the wanted head and `"resourceVersion":"N",` in front of the rest of metadata. */
function splice(raw: Uint8Array, head: Uint8Array, revision: Revision): Uint8Array {
  const start = endOfHead(raw, head);
  // Only a dry run has no revision: nothing was stored.
  const middle = revision === 0 ? 0 : REVISION.length + digitsOf(revision) + (raw[start] === CLOSE ? 1 : 2);
  const shift = head.length + middle - start;
  const bytes = new Uint8Array(raw.length + shift);
  // The whole first, then its beginning over it: twice as fast as cutting the rest out.
  if (shift >= 0) bytes.set(raw, shift);
  else bytes.set(raw.subarray(-shift), 0);
  bytes.set(head, 0);
  if (middle > 0) writeRevision(bytes, head.length, middle, revision);
  return bytes;
}

function writeRevision(bytes: Uint8Array, at: number, length: number, revision: Revision): void {
  bytes.set(REVISION, at);
  let end = at + REVISION.length + digitsOf(revision);
  bytes[end] = QUOTE;
  if (end + 1 < at + length) bytes[end + 1] = COMMA;
  for (let rest = revision; rest > 0; rest = Math.floor(rest / 10)) bytes[--end] = ZERO + (rest % 10);
}

function digitsOf(revision: Revision): number {
  let digits = 1;
  for (let rest = revision; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}

function endOfHead(raw: Uint8Array, head: Uint8Array): number {
  if (startsWith(raw, head, 0)) return head.length;
  // encodeObject writes apiVersion and kind before metadata, so the first match is the right one.
  for (let at = 1; at < raw.length - METADATA.length; at++)
    if (startsWith(raw, METADATA, at)) return at + METADATA.length;
  throw new RangeError("stored bytes have no metadata");
}

function startsWith(bytes: Uint8Array, start: Uint8Array, at: number): boolean {
  for (let i = 0; i < start.length; i++) if (bytes[at + i] !== start[i]) return false;
  return true;
}

/** Freezes all the way down; what is frozen already is taken as done. */
export function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const key in value) freeze(value[key]);
  return value;
}

/** The object as JSON: the same value under the type that codecs take. */
export function jsonOf(object: KubeObject): JsonObject {
  return object as unknown as JsonObject;
}

/** A JSON value that has metadata.name or generateName, as an object; the schema check proves the rest. */
export function objectOf(json: Json): KubeObject {
  if (isJsonObject(json) && isJsonObject(json["metadata"])) return json as unknown as KubeObject;
  return { ...(isJsonObject(json) ? json : {}), metadata: {} } as unknown as KubeObject;
}
