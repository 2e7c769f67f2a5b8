/** What is kept of a stack: its head, its resources, its events, its change sets. Rows of a Database; codecs only. */
import type { JsonObject } from "#base/json.ts";
import type { GivenParameter } from "./parameters.ts";
import type { DeletionPolicy } from "./template.ts";

/** "Stack status codes"; IN_PROGRESS ones are gone on with after a restart. */
export type StackStatus =
  | "REVIEW_IN_PROGRESS"
  | "CREATE_IN_PROGRESS"
  | "CREATE_COMPLETE"
  | "CREATE_FAILED"
  | "ROLLBACK_IN_PROGRESS"
  | "ROLLBACK_COMPLETE"
  | "ROLLBACK_FAILED"
  | "UPDATE_IN_PROGRESS"
  | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
  | "UPDATE_COMPLETE"
  | "UPDATE_FAILED"
  | "UPDATE_ROLLBACK_IN_PROGRESS"
  | "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
  | "UPDATE_ROLLBACK_COMPLETE"
  | "UPDATE_ROLLBACK_FAILED"
  | "DELETE_IN_PROGRESS"
  | "DELETE_COMPLETE"
  | "DELETE_FAILED";

export type ResourceStatus =
  | "CREATE_IN_PROGRESS"
  | "CREATE_COMPLETE"
  | "CREATE_FAILED"
  | "UPDATE_IN_PROGRESS"
  | "UPDATE_COMPLETE"
  | "UPDATE_FAILED"
  | "DELETE_IN_PROGRESS"
  | "DELETE_COMPLETE"
  | "DELETE_FAILED"
  | "DELETE_SKIPPED";

/** A template with what it was given. */
export interface Revision {
  /** As it was sent. */
  readonly templateText: string;
  /** With its transforms done, as JSON; the same text where there are none. */
  readonly processedText: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
}

export interface StackRecord {
  /** The ARN. */
  readonly id: string;
  readonly name: string;
  readonly status: StackStatus;
  readonly reason?: string;
  readonly createdAtMs: number;
  readonly updatedAtMs?: number;
  readonly deletedAtMs?: number;
  readonly description: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  /** Names that other stacks export and this one uses. */
  readonly imports: readonly string[];
  readonly outputs: readonly StackOutput[];
  readonly disableRollback: boolean;
  readonly terminationProtection: boolean;
  /** Physical resources that the update no longer needs, removed in its last phase. */
  readonly leftovers: readonly Leftover[];
  /** Whose rights count; the door's. */
  readonly caller: JsonObject;
  readonly roleArn?: string;
  /** The client's own mark of the operation, in all its events. */
  readonly token?: string;
  readonly notificationArns: readonly string[];
}

export interface StackOutput {
  readonly key: string;
  readonly value: string;
  readonly description?: string;
  readonly exportName?: string;
}

export interface ResourceRecord {
  readonly logicalId: string;
  readonly type: string;
  readonly status: ResourceStatus;
  readonly reason?: string;
  readonly generatedName: string;
  /** Absent until it is made. */
  readonly physicalId?: string;
  readonly attributes: JsonObject;
  /** All functions done, as it was made or last changed. */
  readonly properties: JsonObject;
  readonly deletionPolicy: DeletionPolicy;
  readonly updateReplacePolicy: DeletionPolicy;
  /** Logical names that it needed. */
  readonly needs: readonly string[];
  readonly changedAtMs: number;
}

/** A resource whose logical name another one has by now. */
export interface Leftover extends ResourceRecord {
  /** It was made by an update that is taken back: it does not come again. */
  readonly isUndone?: true;
}

export interface StackEvent {
  readonly id: string;
  readonly atMs: number;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: ResourceStatus | StackStatus;
  readonly reason?: string;
  readonly properties?: JsonObject;
  readonly token?: string;
}

export interface ChangeSetRecord {
  readonly id: string;
  readonly name: string;
  readonly kind: "CREATE" | "UPDATE";
  readonly createdAtMs: number;
  readonly status: "CREATE_COMPLETE" | "FAILED";
  readonly reason?: string;
  readonly executionStatus: "AVAILABLE" | "UNAVAILABLE" | "EXECUTE_IN_PROGRESS" | "EXECUTE_COMPLETE" | "OBSOLETE";
  readonly revision: Revision;
  readonly given: readonly GivenParameter[];
  readonly changes: readonly Change[];
  readonly description?: string;
  /** The client's own mark: asked for again by the same mark, it is the same change set. */
  readonly token?: string;
}

export interface Change {
  readonly action: "Add" | "Modify" | "Remove";
  readonly logicalId: string;
  readonly physicalId?: string;
  readonly type: string;
  readonly replacement?: "True" | "False" | "Conditional";
  /** Of properties, by name. */
  readonly details: readonly string[];
}
