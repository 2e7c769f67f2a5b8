/** What admission is: a last look at a write, which may complete the object or refuse it. */
import type { ObjectKey } from "#base/key.ts";
import type { Kind, SubresourceName } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";

export interface AdmissionRequest {
  readonly kind: Kind;
  readonly key: ObjectKey;
  readonly object: KubeObject;
  /** Null on create. */
  readonly live: KubeObject | null;
  readonly subresource?: SubresourceName;
}

/** What admission may look at: the newest durable objects of built-in kinds, by storage name ("core/namespaces"). */
export interface Present {
  get(storage: string, key: ObjectKey): KubeObject | undefined;
  list(storage: string, namespace?: string): Iterable<KubeObject>;
}

/** What is said of a write that goes through. */
export interface Remarks {
  /** To who asks, in Warning headers. */
  readonly warnings: readonly string[];
  /** To those who look after the cluster, in the log. */
  readonly records: readonly string[];
}

export const NO_REMARKS: Remarks = { warnings: [], records: [] };

export interface Admission {
  /** Returns the object to go on with, or throws the fault that refuses it. */
  admit?(request: AdmissionRequest, present: Present): KubeObject;
  /** Looks at what is complete and valid: throws the fault that refuses it, or says something of it. */
  review?(request: AdmissionRequest, present: Present): Remarks;
  /** The write that was admitted has ended, well or badly. */
  settle?(request: AdmissionRequest): void;
}
