/** What a kind is: a frozen value of data and a few pure functions. Built-ins and CRDs go through the same code. */
import type { FieldFault } from "#base/fault.ts";
import type { Int64 } from "#base/json.ts";
import type { Schema, SchemaTable, TypeName } from "#base/schema.ts";
import type { JsonSchema } from "#kinds/admission/definition-spec.ts";
import type { PodTemplateSpec } from "#kinds/core/pod-spec.ts";
import type { KubeObject } from "./object.ts";
import type { Charges } from "./quota.ts";
import type { DefaultRoles } from "./roles.ts";

export type SubresourceName =
  | "status"
  | "scale"
  | "log"
  | "exec"
  | "attach"
  | "portforward"
  | "eviction"
  | "binding"
  | "token"
  | "finalize"
  | "proxy"
  | "approval"
  | "ephemeralcontainers";

export interface Subresource {
  readonly name: SubresourceName;
  /** As discovery lists them and authorization asks for them. */
  readonly verbs: readonly string[];
  /** What is sent and answered; absent: the object itself. */
  readonly body?: Kind;
  /** What is connected to is described by its parameters: "ExecOptions" of a Pod is PodExecOptions. */
  readonly options?: string;
  /** What the default roles may do by it; absent: nothing. */
  readonly roles?: DefaultRoles;
  /** The live object with what this path may change of it; absent: it writes no object. */
  readonly writes?: (kind: Kind, change: PartialWrite) => KubeObject;
}

/** What a write of a part is made from. */
export interface PartialWrite {
  readonly live: KubeObject;
  /** As the client sent it. */
  readonly next: KubeObject;
}

/** A function of an object of the kind. Written as a method so that a Kind<Pod> is also a Kind (bivariant parameters). */
type Of<T, Rest extends readonly unknown[], Result> = { of(object: T, ...rest: Rest): Result }["of"];

/** Who asks for a write, as the door knows him. */
export interface Asker {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface Kind<T extends KubeObject = KubeObject> {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  /** CamelCase singular: "Deployment". */
  readonly kind: string;
  /** Lower-case plural, the path segment and journal segment: "deployments". */
  readonly plural: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly schema: Schema & { readonly is: "object" };
  readonly table: SchemaTable;
  /** The name of the kind's type in the table; kinds of definitions have none. */
  readonly typeName?: TypeName;
  /** The paths below an object's own, by the values of subresources.ts. */
  readonly subresources: readonly Subresource[];
  /** Where spec and status replicas live, for the scale subresource. */
  readonly scale?: ScalePaths;
  /** Columns after NAME (and NAMESPACE, which kubectl adds); AGE included where the kind prints it. */
  readonly columns: readonly Column<T>[];
  /** Field selector paths beyond metadata.name and metadata.namespace. */
  readonly selectableFields?: Readonly<Record<string, Of<T, [], string>>>;
  /** "watch" and "list" may be missing for kinds that are only asked (SubjectAccessReview); absent means all verbs. */
  readonly verbs?: readonly Verb[];
  /** Conditional defaults that the schema cannot state; runs after the schema's own defaults. */
  readonly defaults?: Of<T, [], T>;
  /** On create: resets what clients may not set (status), sets what the kind derives. Generation is the deck's. */
  readonly onCreate?: Of<T, [asker?: Asker], T>;
  /** On update through the main path: keeps what it may not change (status), for example. Runs before validation. */
  readonly onUpdate?: Of<T, [live: T], T>;
  /**
   * Metadata that a write of status leaves as it is; absent: a write of status may change labels, annotations and the
   * rest, as upstream's status strategies let it for most built-in kinds.
   */
  readonly statusKeeps?: "all" | readonly ("labels" | "ownerReferences")[];
  /**
   * Semantic rules and immutable fields; `live` is null on create, `part` says by which path below the object's own the write comes.
   * The schema's own types were checked before.
   */
  readonly validate?: Of<T, [live: T | null, part?: SubresourceName], readonly FieldFault[]>;
  /** What the roles view, edit and admin of every cluster may do with it; absent: only whoever may do everything. */
  readonly roles?: DefaultRoles;
  /** Whether metadata.generation counts the changes of what is desired; absent: where there is a status. */
  readonly countsGenerations?: boolean;
  /** A create keeps the status that comes with it: a node's agent says what it has at once. */
  readonly createKeepsStatus?: true;
  /** How many seconds a delete leaves an object its time to end, of those that were asked for; absent: none. */
  readonly grace?: Of<T, [asked: number | undefined], number>;
  /** What holds a deleted object beside metadata.finalizers: a namespace has finalizers in its spec. */
  readonly specFinalizers?: Of<T, [], readonly string[]>;
  /** What a delete that cannot happen at once makes of the object, beside the marks in its metadata. */
  readonly onMarked?: Of<T, [], T>;
  /** False for what neither owns nor is owned: the garbage collector does not look at it. */
  readonly isCollected?: false;
  /** Changes all the time, and nobody looks back at it: little of its history is kept for watchers that come back. */
  readonly isChurning?: true;
  /** The template of the pods that the object asks for: pod security warns of what it says. */
  readonly podTemplate?: Of<T, [], PodTemplateSpec | undefined>;
  /** What its objects take of the quotas of their namespace, beside that each is one. */
  readonly charges?: Charges<T>;
  /** Lost at restart and kept in memory only: metrics. */
  readonly isEphemeral?: true;
  /** Checks metadata.name; default is a DNS-1123 subdomain. Returns what is wrong, or null. */
  readonly checkName?: (name: string) => string | null;
  /** The columns hold the name themselves: Event prints it last. */
  readonly hasOwnNameColumn?: true;
  /** Another version or group of objects that are stored as another kind: autoscaling/v1, events.k8s.io/v1. */
  readonly storedAs?: StoredAs<T>;
  /** Only CRD-made kinds: the name of the CRD. */
  readonly definedBy?: string;
  /** Only CRD-made kinds: the JSON schema of the version, as its definition has it. */
  readonly definition?: JsonSchema;
}

/** Conversion between what a kind serves and what is stored; keys, revisions and watches are the stored kind's. */
export interface StoredAs<T extends KubeObject = KubeObject> {
  readonly kind: Kind;
  readonly toStored: Of<T, [], KubeObject>;
  readonly fromStored: (object: KubeObject) => T;
}

export type Verb = "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update" | "watch";

export interface ScalePaths {
  readonly specReplicas: string;
  readonly statusReplicas: string;
  readonly selector?: string;
}

export type Cell = string | Int64 | boolean | null;

/** One metav1.TableColumnDefinition and how its cell is computed. `now` is for ages only. */
export interface Column<T> {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: string;
  /** 0 is always shown, 1 only with -o wide. */
  readonly priority?: number;
  readonly cell: Of<T, [now: number], Cell>;
}

/** "apps/v1" or "v1". */
export function apiVersionOf(kind: { readonly group: string; readonly version: string }): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}

/** The kind as which objects are stored, watched and admitted, whichever version of it is asked for. */
export function storedKind(kind: Kind): Kind {
  return kind.storedAs?.kind ?? kind;
}

/** "deployments.apps" or "pods", as error messages and RBAC name it. */
export function resourceOf(kind: { readonly group: string; readonly plural: string }): string {
  return kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`;
}
