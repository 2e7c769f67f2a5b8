/** Function states: Pending to Active, and each update to Successful, once the code lies ready on this machine. Level-triggered. */
import { Fault, reasonOf } from "#base/fault.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Keeper } from "#deck/controller.ts";
import type { Objects, View } from "#deck/objects.ts";
import { type FunctionStatus, UPDATED_AT } from "#kinds/catamaran/function.ts";
import type { Configured } from "#kinds/catamaran/function-version.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Sandboxes } from "./sandboxes.ts";

/** True when something about the object has not been taken in yet. */
export function isUnsettled(object: Configured): boolean {
  const { status } = object;
  if (status?.state === undefined || status.state === "Pending") return true;
  return status.lastUpdateStatus === "InProgress" || isUpdating(object);
}

/** An update through Lambda's API that has not been taken in yet. */
export function isUpdating(object: Configured): boolean {
  const updatedAt = updatedAtOf(object);
  return updatedAt !== undefined && updatedAt !== object.status?.lastModified;
}

function updatedAtOf({ metadata }: Configured): string | undefined {
  return metadata.annotations?.[UPDATED_AT];
}

/** The status once the code is ready. Pure. */
export function activated(object: Configured, nowIso: string): FunctionStatus {
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
export function refused(object: Configured, reason: string, code: string): FunctionStatus {
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

export interface LifecycleParts {
  readonly objects: Objects;
  readonly sandboxes: Sandboxes;
  readonly nowIso: () => string;
}

/** Of functions, or of their versions. */
export class Lifecycle<T extends Configured> implements Keeper<T> {
  readonly name: string;
  readonly kind: Kind<T>;
  readonly #parts: LifecycleParts;
  /** Who waits for the end of the next attempt for a key. */
  readonly #waiting = new Map<ObjectKey, (() => void)[]>();
  /** Keys whose last attempt failed: the next comes after a while. */
  readonly #failed = new Set<ObjectKey>();

  constructor(kind: Kind<T>, parts: LifecycleParts) {
    this.name = `${kind.kind.toLowerCase()}-lifecycle`;
    this.kind = kind;
    this.#parts = parts;
  }

  async keep(key: ObjectKey, object: T | undefined): Promise<undefined> {
    try {
      if (object !== undefined && isUnsettled(object)) await this.#settle(key, object);
      this.#failed.delete(key);
    } catch (thrown) {
      this.#failed.add(key);
      throw thrown;
    } finally {
      this.#letGo(key);
    }
  }

  /** Nothing but views wakes it; at the end nobody is left waiting. */
  listen(): Disposable {
    return { [Symbol.dispose]: () => [...this.#waiting.keys()].forEach((key) => this.#letGo(key)) };
  }

  /** Resolves when an attempt to take the function in has ended; at once when none is about to. */
  async settled(key: ObjectKey, object: Configured | undefined): Promise<void> {
    if (object === undefined || !isUnsettled(object) || this.#failed.has(key)) return;
    await new Promise<void>((resolve) => this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve]));
  }

  /** Its state, once what is new about it has been taken in. */
  async stateOf(key: ObjectKey, seen: View<T>): Promise<string> {
    await this.settled(key, seen.get(key));
    const live = await this.#parts.objects.get(this.kind, key);
    return live?.status?.state ?? "Pending";
  }

  #letGo(key: ObjectKey): void {
    for (const go of this.#waiting.get(key) ?? []) go();
    this.#waiting.delete(key);
  }

  async #settle(key: ObjectKey, object: T): Promise<void> {
    const { objects, nowIso } = this.#parts;
    const next = await this.#judge(object);
    await objects.change(
      this.kind,
      key,
      (live) => {
        // What changed meanwhile is judged by itself: the view wakes the key again.
        const isSame = live.spec.code.sha256 === object.spec.code.sha256 && updatedAtOf(live) === updatedAtOf(object);
        if (!isUnsettled(live) || !isSame) return null;
        return { ...live, status: next === null ? activated(live, nowIso()) : refused(live, next.reason, next.code) };
      },
      { subresource: "status" },
    );
  }

  /** Null: can be run. */
  async #judge(object: Configured): Promise<{ readonly reason: string; readonly code: string } | null> {
    const { sandboxes } = this.#parts;
    const { runtime, code, layers = [] } = object.spec;
    if (!sandboxes.runtimes().includes(runtime))
      return {
        reason: `the runtime ${runtime} is not available on this machine (available: ${sandboxes.runtimes().join(", ")})`,
        code: "InvalidRuntime",
      };
    try {
      await sandboxes.prepare({
        runtime,
        codeSha256: code.sha256,
        layers: layers.map((layer) => layer.code.sha256),
      });
      return null;
    } catch (thrown) {
      const isBad = thrown instanceof Fault && thrown.code === "Invalid";
      return { reason: reasonOf(thrown), code: isBad ? "InvalidZipFileException" : "InternalError" };
    }
  }
}
