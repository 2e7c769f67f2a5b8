/** What admission is: a last look at a write, which may complete the object or refuse it. Contracts only. */
import type { ObjectKey } from "#base/key.ts";
import type { Kind, SubresourceName } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { ObjectChange } from "./collection.ts";

/** "part": a write by one of the paths below the object's own. */
export type Operation = "create" | "update" | "part" | "delete";

export interface AdmissionRequest<T extends KubeObject = KubeObject> {
  /** As which the object is stored. */
  readonly kind: Kind<T>;
  readonly key: ObjectKey;
  readonly object: T;
  /** Null on create. */
  readonly live: T | null;
  readonly operation: Operation;
  readonly subresource?: SubresourceName;
}

/** What admission may look at: the newest durable objects of built-in kinds, as they are stored. */
export interface Present {
  get<T extends KubeObject>(kind: Kind<T>, key: ObjectKey): T | undefined;
  list<T extends KubeObject>(kind: Kind<T>, namespace?: string): Iterable<T>;
  /** Of any kind, by where its objects are stored: "core/pods". */
  listAt(storage: string, namespace: string): Iterable<KubeObject>;
}

/** What is said of a write that goes through. */
export interface Remarks {
  /** To who asks, in Warning headers. */
  readonly warnings: readonly string[];
  /** To those who look after the cluster, in the log. */
  readonly records: readonly string[];
  /** Called when the write has ended, well or badly. */
  readonly settle?: () => void;
}

export const NO_REMARKS: Remarks = { warnings: [], records: [] };

/** One rule of admission, named as upstream's plugin that has it. Those of a list run in its order. */
export interface Admission<T extends KubeObject = KubeObject> {
  readonly name: string;
  readonly kinds: readonly Kind<T>[] | "all";
  readonly on: readonly Operation[];
  /** Returns the object to go on with, or throws the fault that refuses it. Not asked on delete. */
  admit?(request: AdmissionRequest<T>, present: Present): T;
  /** Looks at what is complete and valid: throws the fault that refuses it, or says something of it. */
  review?(request: AdmissionRequest<T>, present: Present): Remarks;
  /** The write that was admitted has ended, well or badly. */
  settle?(request: AdmissionRequest<T>): void;
  /** Told of every change of what is stored once it is durable, before whoever wrote it goes on. */
  observe?(storage: string, change: ObjectChange): void;
}

/** Whether the rule has a say in this write. */
export function concerns({ kinds, on }: Admission, { kind, operation }: AdmissionRequest): boolean {
  return on.includes(operation) && (kinds === "all" || kinds.includes(kind));
}
