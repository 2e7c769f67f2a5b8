/** Function states: Pending to Active, and each update to Successful, once the code lies ready on this machine. Level-triggered. */
import { Fault, reasonOf } from "#base/fault.ts";
import type { Tasks } from "#base/tasks.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Objects } from "#deck/objects.ts";
import { functionKind, type FunctionObject, type FunctionStatus, UPDATED_AT } from "#kinds/catamaran/function.ts";
import type { Sandboxes } from "./sandboxes.ts";

/** True when something about the object has not been taken in yet. */
export function isUnsettled(object: FunctionObject): boolean {
  const { status } = object;
  if (status?.state === undefined || status.state === "Pending") return true;
  return status.lastUpdateStatus === "InProgress" || isUpdating(object);
}

/** An update through Lambda's API that has not been taken in yet. */
export function isUpdating(object: FunctionObject): boolean {
  const updatedAt = updatedAtOf(object);
  return updatedAt !== undefined && updatedAt !== object.status?.lastModified;
}

function updatedAtOf({ metadata }: FunctionObject): string | undefined {
  return metadata.annotations?.[UPDATED_AT];
}

/** The status once the code is ready. Pure. */
export function activated(object: FunctionObject, nowIso: string): FunctionStatus {
  const kept: Record<string, unknown> = { ...object.status };
  for (const gone of ["stateReason", "stateReasonCode", "lastUpdateStatusReason", "lastUpdateStatusReasonCode"])
    delete kept[gone];
  return {
    ...kept,
    state: "Active",
    lastUpdateStatus: "Successful",
    lastModified: updatedAtOf(object) ?? object.status?.lastModified ?? nowIso,
  };
}

/** The status when the code cannot be used: a new function failed, an old one keeps its state and reports the update. Pure. */
export function refused(object: FunctionObject, reason: string, code: string): FunctionStatus {
  const { status } = object;
  const isNew = status?.state === undefined || status.state === "Pending";
  const lastModified = updatedAtOf(object) ?? status?.lastModified;
  return {
    ...status,
    ...(isNew && { state: "Failed" as const, stateReason: reason, stateReasonCode: code }),
    ...(lastModified !== undefined && { lastModified }),
    lastUpdateStatus: "Failed",
    lastUpdateStatusReason: reason,
    lastUpdateStatusReasonCode: code,
  };
}

export interface LifecycleTools {
  readonly objects: Objects;
  readonly sandboxes: Sandboxes;
  readonly tasks: Tasks;
  readonly nowIso: () => string;
}

export class Lifecycle {
  readonly #tools: LifecycleTools;
  readonly #settling = new Map<ObjectKey, Promise<void>>();
  readonly #again = new Set<ObjectKey>();

  constructor(tools: LifecycleTools) {
    this.#tools = tools;
  }

  /** Called for every change; does nothing for settled objects. One at a time per function. */
  look(key: ObjectKey, object: FunctionObject): void {
    if (!isUnsettled(object)) return;
    if (this.#settling.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#tools.tasks.run("settle a function", () => {
      const work = this.#settle(key, object).finally(() => {
        this.#settling.delete(key);
      });
      this.#settling.set(key, work);
      return work;
    });
  }

  /** Resolves when the function is no longer being taken in. */
  async settled(key: ObjectKey): Promise<void> {
    await this.#settling.get(key);
  }

  async #settle(key: ObjectKey, object: FunctionObject): Promise<void> {
    const { objects, nowIso } = this.#tools;
    const next = await this.#judge(object);
    await objects.change(
      functionKind,
      key,
      (live) => {
        const isSame = live.spec.code.sha256 === object.spec.code.sha256 && updatedAtOf(live) === updatedAtOf(object);
        if (!isUnsettled(live) || !isSame) return null;
        return { ...live, status: next === null ? activated(live, nowIso()) : refused(live, next.reason, next.code) };
      },
      { subresource: "status" },
    );
    if (!this.#again.delete(key)) return;
    const live = await objects.get(functionKind, key);
    if (live !== null && isUnsettled(live)) await this.#settle(key, live);
  }

  /** Null: can be run. */
  async #judge(object: FunctionObject): Promise<{ readonly reason: string; readonly code: string } | null> {
    const { sandboxes } = this.#tools;
    const { runtime, code } = object.spec;
    if (!sandboxes.runtimes().includes(runtime))
      return {
        reason: `the runtime ${runtime} is not available on this machine (available: ${sandboxes.runtimes().join(", ")})`,
        code: "InvalidRuntime",
      };
    try {
      await sandboxes.prepare(code.sha256);
      return null;
    } catch (thrown) {
      const isBad = thrown instanceof Fault && thrown.code === "Invalid";
      return { reason: reasonOf(thrown), code: isBad ? "InvalidZipFileException" : "InternalError" };
    }
  }
}
