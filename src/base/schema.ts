/** The shape of a type as data: what a structural schema, merge keys, apply topology and protobuf numbers have in common. */
import type { Json } from "./json.ts";

/** The name of a type in a SchemaTable, for example "io.k8s.api.core.v1.PodSpec". */
export type TypeName = string;

export type Scalar = "string" | "integer" | "number" | "boolean";

export type Schema =
  | { readonly is: Scalar; readonly format?: string; readonly enum?: readonly Json[] }
  /** int-or-string: JSON number or text. */
  | { readonly is: "intOrString" }
  /** resource.Quantity: text or number, compared by value. */
  | { readonly is: "quantity" }
  /** metav1.Time ("time") and metav1.MicroTime ("microTime"): RFC 3339 text. */
  | { readonly is: "time" | "microTime" }
  /** Base64 text. */
  | { readonly is: "bytes" }
  /** Anything, kept as it is: RawExtension, FieldsV1, x-kubernetes-preserve-unknown-fields. */
  | { readonly is: "any" }
  | { readonly is: "ref"; readonly type: TypeName }
  | {
      readonly is: "object";
      readonly fields: Readonly<Record<string, Field>>;
      readonly required?: readonly string[];
      readonly atomic?: boolean;
      readonly preserveUnknown?: boolean;
      readonly unions?: readonly string[];
      /**
       * Protobuf number to the type of a message whose members stand in this object's own JSON (Volume.volumeSource);
       * those members are in `fields` as well, without a number.
       */
      readonly inlined?: Readonly<Record<number, TypeName>>;
    }
  | { readonly is: "map"; readonly of: Schema; readonly atomic?: boolean }
  | {
      readonly is: "list";
      readonly of: Schema;
      /** x-kubernetes-list-type; absent is atomic. */
      readonly type?: "atomic" | "set" | "map";
      /** x-kubernetes-list-map-keys. */
      readonly keys?: readonly string[];
      /** x-kubernetes-patch-merge-key with patchStrategy merge: strategic merge patch merges by it ("" for scalars). */
      readonly mergeKey?: string;
      /** Protobuf wraps the list in a message whose field 1 repeats (authorization's ExtraValue). */
      readonly isMessage?: boolean;
    };

export interface Field {
  readonly schema: Schema;
  readonly default?: Json;
  /** Field number in the published protobuf; absent for CRDs. */
  readonly proto?: number;
  /** Strategic merge: "retainKeys" as on Deployment.spec.strategy, or "replace". */
  readonly strategy?: "retainKeys" | "replace";
  readonly nullable?: boolean;
  /** Go's omitempty on a value: "", 0, false, [] and {} are the same as absent and are not stored. */
  readonly omitsEmpty?: boolean;
}

/** Follows `ref`s. Built-in kinds use the generated table, CRDs an empty one. */
export interface SchemaTable {
  /** The object schema of a named type; throws a RangeError for an unknown name. */
  resolve(type: TypeName): Schema & { readonly is: "object" };
}
