/** What admission is: a last look at a write, which may complete the object or refuse it. */
import type { ObjectKey } from "#base/key.ts";
import type { Kind, Subresource } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";

export interface AdmissionRequest {
  readonly kind: Kind;
  readonly key: ObjectKey;
  readonly object: KubeObject;
  /** Null on create. */
  readonly live: KubeObject | null;
  readonly subresource?: Subresource;
}

/** What admission may look at: the newest durable objects of built-in kinds, by storage name ("core/namespaces"). */
export interface Present {
  get(storage: string, key: ObjectKey): KubeObject | undefined;
  list(storage: string): Iterable<KubeObject>;
}

export interface Admission {
  /** Returns the object to go on with, or throws the fault that refuses it. */
  admit(request: AdmissionRequest, present: Present): KubeObject;
  /** The write that was admitted has ended, well or badly. */
  settle?(request: AdmissionRequest): void;
}
