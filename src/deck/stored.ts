/** An object as the deck keeps it: bytes first, parsed on demand. Reading and splicing only, never deciding. */
import { type Json, type JsonObject, isJsonObject, parseExactly, sameJson } from "#base/json.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Labels } from "#base/selector.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import { withDefaults } from "#kinds/rules/defaults.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import type { KubeObject, Live } from "#kinds/object.ts";
import type { Revision } from "./journal.ts";
import { Newest } from "./newest.ts";

/** Bytes that are not made before there is a place for them. */
export interface Part {
  readonly size: number;
  writeTo(into: Uint8Array, at: number): void;
}

export interface Stored extends Part {
  readonly key: ObjectKey;
  readonly revision: Revision;
  /** The JSON that clients get, with metadata.resourceVersion. */
  readonly bytes: Uint8Array;
  /** Frozen; parsed again when it was not asked for in a while. */
  readonly object: KubeObject;
  /** The object without the record of its field owners, which only writers need: the same one for all views that hold it. */
  readonly lean: KubeObject;
  /** The JSON of metadata alone, as in `bytes`: nothing is parsed for it. */
  readonly metadataBytes: Uint8Array;
  /** What selectors look at first. */
  readonly labels: Labels | undefined;
}

/** Stored under the kind of `T`, whose schema it went through. */
export type StoredOf<T extends KubeObject> = Stored & { readonly object: Live<T> };

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly stored: Stored;
}

/** What can be made again from the bytes of the journal, for the newest objects that were asked for it. */
export interface Kept {
  /** With resourceVersion: what a get and the watchers of a change share. A list splices on the fly. */
  readonly bytes: Newest<StoredObject>;
  /** Parsed: what the next write or selection starts from. Four to five times as large as the bytes. */
  readonly objects: Newest<StoredObject>;
}

// An object may have three megabytes: a thousand of them, each with its state, would be gigabytes.
const BYTES_KEPT = { count: 1_024, bytes: 8 * 1024 * 1024 };
const OBJECTS_KEPT = { count: 4_096, bytes: 12 * 1024 * 1024 };

export function keptFor(): Kept {
  return {
    bytes: new Newest(BYTES_KEPT, (stored) => stored.dropBytes()),
    objects: new Newest(OBJECTS_KEPT, (stored) => stored.dropObject()),
  };
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
  readonly #kept: Kept;
  #object: KubeObject | null = null;
  #bytes: Uint8Array | null = null;
  /** Alive while somebody's view holds it. */
  #lean: WeakRef<KubeObject> | null = null;
  /** Null until somebody selected by them. */
  #labels: { readonly are: Labels | undefined } | null = null;
  /** How other forms show this object: one of each version, the newest. */
  #versions: Map<string, Shown> | null = null;

  constructor(source: {
    readonly form: Form;
    readonly kept: Kept;
    readonly key: ObjectKey;
    readonly revision: Revision;
    readonly raw: Uint8Array;
    readonly object?: KubeObject;
  }) {
    this.key = source.key;
    this.revision = source.revision;
    this.raw = source.raw;
    this.#form = source.form;
    this.#kept = source.kept;
    if (source.object !== undefined) this.#keep(freeze(withRevision(source.object, this.#form, source.revision)));
  }

  get bytes(): Uint8Array {
    if (this.#bytes === null) {
      const bytes = new Uint8Array(this.size);
      this.writeTo(bytes, 0);
      this.#bytes = bytes;
      this.#kept.bytes.keep(this, bytes.length);
    }
    return this.#bytes;
  }

  get size(): number {
    const { head } = this.#form;
    const start = endOfHead(this.raw, head);
    return this.raw.length - start + head.length + sizeOfRevision(this.raw[start], this.revision);
  }

  /** The wanted head and `"resourceVersion":"N",` in front of the rest of metadata. */
  writeTo(into: Uint8Array, at: number): void {
    const { head } = this.#form;
    const start = endOfHead(this.raw, head);
    const middle = sizeOfRevision(this.raw[start], this.revision);
    const shift = at + head.length + middle - start;
    // The whole first, then its beginning over it: twice as fast as cutting the rest out.
    if (shift >= at) into.set(this.raw, shift);
    else into.set(this.raw.subarray(at - shift), at);
    into.set(head, at);
    if (middle > 0) writeRevision(into, at + head.length, middle, this.revision);
  }

  get object(): KubeObject {
    return this.#object ?? this.#keep(this.#parsed());
  }

  get lean(): KubeObject {
    const known = this.#lean?.deref();
    if (known !== undefined) return known;
    const lean = withoutOwners(this.#object ?? this.#parsed());
    this.#lean = new WeakRef(lean);
    return lean;
  }

  get metadataBytes(): Uint8Array {
    const { raw, revision } = this;
    const start = endOfHead(raw, this.#form.head);
    const rest = raw.subarray(start, endOfObject(raw, start));
    const middle = sizeOfRevision(raw[start], revision);
    const bytes = new Uint8Array(1 + middle + rest.length);
    bytes[0] = OPEN;
    if (middle > 0) writeRevision(bytes, 1, middle, revision);
    bytes.set(rest, 1 + middle);
    return bytes;
  }

  get labels(): Labels | undefined {
    this.#labels ??= { are: this.lean.metadata.labels };
    return this.#labels.are;
  }

  /** The same state under another revision: what a watcher gets of a deleted object. */
  at(revision: Revision): StoredObject {
    return new StoredObject({ form: this.#form, kept: this.#kept, key: this.key, revision, raw: this.raw });
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
        : new StoredObject({ form, kept: this.#kept, key: this.key, revision: this.revision, ...content });
    this.#versions ??= new Map();
    this.#versions.set(form.apiVersion, { form, stored });
    this.#kept.objects.keep(this, this.raw.length);
    return stored;
  }

  dropBytes(): void {
    this.#bytes = null;
  }

  dropObject(): void {
    this.#object = null;
    this.#versions = null;
  }

  #keep(object: KubeObject): KubeObject {
    this.#object = object;
    this.#kept.objects.keep(this, this.raw.length);
    return object;
  }

  #parsed(): KubeObject {
    return freeze(withRevision(parseExactly(decodeUtf8(this.raw)) as KubeObject, this.#form, this.revision));
  }

  #contentFor(form: Form): { readonly raw: Uint8Array; readonly object?: KubeObject } {
    if (form.fromStored === undefined && form.read === undefined) return { raw: this.raw };
    const converted = form.fromStored?.(this.object) ?? this.object;
    const object = form.read?.(converted) ?? converted;
    if (form.fromStored === undefined && sameJson(object, this.object)) return { raw: this.raw };
    return { raw: encodeObject(form, object), object };
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

function withoutOwners(object: KubeObject): KubeObject {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _owners, ...metadata } = object.metadata;
  return freeze({ ...object, metadata });
}

const METADATA = encodeUtf8('"metadata":{');

const REVISION = encodeUtf8('"resourceVersion":"');
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const BACKSLASH = 0x5c;
const ZERO = 0x30;

/** Only a dry run has no revision: nothing was stored. `next` is the first byte of the rest of metadata. */
function sizeOfRevision(next: number | undefined, revision: Revision): number {
  return revision === 0 ? 0 : REVISION.length + digitsOf(revision) + (next === CLOSE ? 1 : 2);
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

/** Behind the brace that closes the object in whose midst `at` is. */
function endOfObject(json: Uint8Array, at: number): number {
  let depth = 1;
  for (let end = at; end < json.length; end++) {
    const byte = json[end];
    if (byte === QUOTE) end = closingQuote(json, end);
    else if (byte === OPEN) depth++;
    else if (byte === CLOSE && --depth === 0) return end + 1;
  }
  throw new RangeError("stored bytes end in the midst of an object");
}

function closingQuote(json: Uint8Array, opening: number): number {
  let at = opening + 1;
  while (json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at;
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
  return object;
}

/** A JSON value that has metadata.name or generateName, as an object; the schema check proves the rest. */
export function objectOf(json: Json): KubeObject {
  if (isJsonObject(json) && isJsonObject(json["metadata"])) return json as unknown as KubeObject;
  return { ...(isJsonObject(json) ? json : {}), metadata: {} } as unknown as KubeObject;
}
