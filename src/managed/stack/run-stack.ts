/**
 * One operation on one stack, from its status to the next that is at rest. Every step is kept before and after it is taken, so a
 * process that ends anywhere is followed by one that goes on: a create that was begun is made again, and made twice is made once.
 */
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import { isJsonObject, type JsonObject, sameJson } from "#base/json.ts";
import type { Random } from "#base/random.ts";
import { dependenciesOf } from "./dependencies.ts";
import { type Failure, inOrder } from "./in-order.ts";
import { evaluated } from "./intrinsics.ts";
import type { Asked, FindResourceType, ResourceType } from "./resource-types.ts";
import { generatedName } from "./names.ts";
import { outputsOf } from "./outputs.ts";
import { type Exports, madeResources, scopeOf } from "./stack-scope.ts";
import type { ResourceRecord, ResourceStatus, Revision, StackRecord, StackStatus } from "./stack-record.ts";
import type { StackStore, Step } from "./stack-store.ts";
import { type ResourceDeclaration, readTemplate, type Template } from "./template.ts";

export interface RunTools {
  readonly store: StackStore;
  readonly findType: FindResourceType;
  readonly clock: Clock;
  readonly random: Random;
  readonly accountId: string;
  readonly region: string;
  /** Of all other stacks. */
  readonly exports: () => Promise<Exports>;
}

/** Resources that are worked on at the same time. */
const AT_ONCE = 12;

/** Runs until the stack is at rest; the head it is left with. */
export async function runStack(id: string, tools: RunTools): Promise<StackRecord | null> {
  for (;;) {
    const head = await tools.store.head(id);
    if (head === null || !head.status.endsWith("_IN_PROGRESS") || head.status === "REVIEW_IN_PROGRESS") return head;
    const records = new Map((await tools.store.resources(id)).map((one) => [one.logicalId, one]));
    await new StackRun(head, records, tools).next();
  }
}

/** What one phase says while it works: rollbacks of updates are updates with other words. */
type Phase = "CREATE" | "UPDATE" | "UPDATE_ROLLBACK";

const PHASES: Readonly<Partial<Record<StackStatus, Phase>>> = {
  CREATE_IN_PROGRESS: "CREATE",
  UPDATE_IN_PROGRESS: "UPDATE",
  UPDATE_ROLLBACK_IN_PROGRESS: "UPDATE_ROLLBACK",
};

class StackRun {
  #head: StackRecord;
  readonly #records: Map<string, ResourceRecord>;
  readonly #tools: RunTools;

  constructor(head: StackRecord, records: Map<string, ResourceRecord>, tools: RunTools) {
    this.#head = head;
    this.#records = records;
    this.#tools = tools;
  }

  async next(): Promise<void> {
    const { status } = this.#head;
    const phase = PHASES[status];
    if (phase !== undefined) return this.#forward(phase);
    if (status === "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") return this.#cleanUp("UPDATE_COMPLETE");
    if (status === "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS") return this.#cleanUp("UPDATE_ROLLBACK_COMPLETE");
    if (status === "ROLLBACK_IN_PROGRESS") return this.#removeAll("ROLLBACK_COMPLETE", "ROLLBACK_FAILED");
    return this.#removeAll("DELETE_COMPLETE", "DELETE_FAILED");
  }

  async #forward(phase: Phase): Promise<void> {
    const { store, exports } = this.#tools;
    const revision = await store.revision(this.#head.id, "current");
    if (revision === null) return this.#become("DELETE_IN_PROGRESS", "there is no template");
    const others = await exports();
    const target = targetOf(revision, others);
    const scope = scopeOf({ ...target, facts: this.#facts(), records: this.#records });
    const needs = dependenciesOf(target.template, madeResources(target.template, scope));
    const failures = await inOrder(needs, AT_ONCE, async (name) => {
      const declaration = target.template.resources.get(name);
      if (declaration !== undefined)
        await this.#settle(name, declaration, {
          phase,
          properties: propertiesOf(declaration, scope),
          needs: [...(needs.get(name) ?? [])],
        });
    });
    if (failures.length > 0) return this.#failed(phase, failures);
    let outputs: StackRecord["outputs"];
    try {
      outputs = outputsOf(target.template, scope, others);
    } catch (thrown) {
      return this.#failed(phase, [{ name: this.#head.name, thrown }]);
    }
    const done = phase === "CREATE" ? "CREATE_COMPLETE" : (`${phase}_COMPLETE_CLEANUP_IN_PROGRESS` as const);
    return this.#become(done, undefined, { outputs });
  }

  async #failed(phase: Phase, failures: readonly Failure[]): Promise<void> {
    const names = failures.map(({ name }) => name).join(", ");
    if (phase === "UPDATE_ROLLBACK")
      return this.#become("UPDATE_ROLLBACK_FAILED", `The following resource(s) failed to update: [${names}].`);
    const verb = phase === "CREATE" ? "create" : "update";
    const why = failures.every(({ name }) => this.#records.has(name))
      ? `The following resource(s) failed to ${verb}: [${names}].`
      : failures.map(({ thrown }) => reasonOf(thrown)).join(" ");
    if (this.#head.disableRollback) return this.#become(`${phase}_FAILED`, why);
    if (phase === "CREATE") return this.#become("ROLLBACK_IN_PROGRESS", `${why} Rollback requested by user.`);
    const before = await this.#tools.store.revision(this.#head.id, "before");
    return this.#become("UPDATE_ROLLBACK_IN_PROGRESS", why, {}, { current: before, before: null });
  }

  /** Brings one resource to what the template says. */
  async #settle(name: string, declaration: ResourceDeclaration, want: Wanted): Promise<void> {
    if (want.phase === "UPDATE_ROLLBACK") await this.#takeBack(name);
    const record = this.#records.get(name);
    const type = this.#typeOf(declaration.type);
    if (record === undefined || record.status === "DELETE_COMPLETE")
      return this.#make({ name, declaration, type, want, verb: "CREATE" });
    const isMade = record.physicalId !== undefined && record.status !== "CREATE_FAILED";
    if (!isMade) return this.#make({ name, declaration, type, want, verb: "CREATE", begun: record });
    const changed = changedProperties(record.properties, want.properties);
    const isWhole = record.status !== "UPDATE_IN_PROGRESS" && record.status !== "UPDATE_FAILED";
    if (record.type === declaration.type && changed.length === 0 && isWhole)
      return this.#keep({ ...record, ...policiesOf(declaration), needs: want.needs });
    const isReplaced = record.type !== declaration.type || changed.some((one) => type.createOnly.includes(one));
    if (isReplaced) return this.#replace(record, declaration, type, want);
    return this.#update(record, declaration, type, want);
  }

  /** Where the update had replaced it, the old one is still there. */
  async #takeBack(name: string): Promise<void> {
    const old = this.#head.leftovers.find(({ logicalId, isUndone }) => logicalId === name && isUndone !== true);
    if (old === undefined) return;
    const replaced = this.#records.get(name);
    const rest = this.#head.leftovers.filter((one) => one !== old);
    const leftovers = replaced?.physicalId === undefined ? rest : [...rest, { ...replaced, isUndone: true } as const];
    this.#head = { ...this.#head, leftovers };
    await this.#write({ ...old, status: "UPDATE_COMPLETE" }, { head: this.#head });
  }

  async #replace(
    record: ResourceRecord,
    declaration: ResourceDeclaration,
    type: ResourceType,
    want: Wanted,
  ): Promise<void> {
    const { nameProperty } = type;
    const named = nameProperty === undefined ? undefined : want.properties[nameProperty];
    if (
      record.type === declaration.type &&
      named !== undefined &&
      sameJson(named, record.properties[nameProperty ?? ""])
    )
      return this.#refuse(
        record,
        `CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename ${typeof named === "string" ? named : record.logicalId} and update the stack again.`,
      );
    this.#head = { ...this.#head, leftovers: [...this.#head.leftovers, record] };
    await this.#make({
      name: record.logicalId,
      declaration,
      type,
      want,
      verb: "UPDATE",
      reason: "Requested update requires the creation of a new physical resource; hence creating one.",
    });
  }

  async #make({ name, declaration, type, want, verb, reason, begun }: Making): Promise<void> {
    const { random } = this.#tools;
    const record: ResourceRecord = {
      logicalId: name,
      type: declaration.type,
      status: `${verb}_IN_PROGRESS`,
      generatedName: begun?.generatedName ?? generatedName(this.#head.name, name, random),
      attributes: {},
      properties: want.properties,
      ...policiesOf(declaration),
      needs: want.needs,
      changedAtMs: this.#now(),
    };
    await this.#write(withReason(record, reason), { head: this.#head });
    const made = await this.#attempt(record, () => type.create(this.#asked(record, begun !== undefined)));
    await this.#write({ ...record, ...made, status: `${verb}_COMPLETE` });
  }

  async #update(
    record: ResourceRecord,
    declaration: ResourceDeclaration,
    type: ResourceType,
    want: Wanted,
  ): Promise<void> {
    const before = {
      physicalId: record.physicalId ?? "",
      attributes: record.attributes,
      properties: record.properties,
    };
    await this.#write({ ...record, status: "UPDATE_IN_PROGRESS" });
    const next = { ...record, properties: want.properties };
    const isAgain = record.status === "UPDATE_IN_PROGRESS";
    const made = await this.#attempt(record, () => type.update(this.#asked(next, isAgain), before));
    await this.#write({ ...next, ...made, ...policiesOf(declaration), needs: want.needs, status: "UPDATE_COMPLETE" });
  }

  /** Removes what the new state no longer has: what was replaced, and what the template has no more. */
  async #cleanUp(done: "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE"): Promise<void> {
    const revision = await this.#tools.store.revision(this.#head.id, "current");
    if (revision === null) return this.#become(done);
    const target = targetOf(revision, await this.#tools.exports());
    const scope = scopeOf({ ...target, facts: this.#facts(), records: this.#records });
    const kept = madeResources(target.template, scope);
    const unwanted = [...this.#records.values()].filter(
      ({ logicalId, status }) => !kept.has(logicalId) && status !== "DELETE_COMPLETE",
    );
    await this.#removeInOrder(unwanted);
    for (const old of this.#head.leftovers)
      await this.#removeLeftover(old).catch(() => {
        // CloudFormation goes on: what it could not remove is in the events (UPDATE_COMPLETE with DELETE_FAILED).
      });
    return this.#become(done, undefined, { leftovers: [] }, { before: null });
  }

  async #removeAll(done: StackStatus, failed: StackStatus): Promise<void> {
    const left = [...this.#records.values()].filter(
      ({ status }) => status !== "DELETE_COMPLETE" && status !== "DELETE_SKIPPED",
    );
    const failures = await this.#removeInOrder(left);
    for (const old of this.#head.leftovers)
      await this.#removeLeftover(old).catch(() => {
        // Said in the events.
      });
    if (failures.length > 0)
      return this.#become(
        failed,
        `The following resource(s) failed to delete: [${failures.map(({ name }) => name).join(", ")}]. `,
      );
    return this.#become(
      done,
      undefined,
      done === "DELETE_COMPLETE" ? { deletedAtMs: this.#now(), outputs: [] } : { outputs: [] },
    );
  }

  /** Each before those that it needed. */
  #removeInOrder(unwanted: readonly ResourceRecord[]): Promise<readonly Failure[]> {
    const names = new Set(unwanted.map(({ logicalId }) => logicalId));
    const neededBy = new Map(unwanted.map(({ logicalId }) => [logicalId, new Set<string>()]));
    for (const { logicalId, needs } of unwanted)
      for (const needed of needs) if (names.has(needed)) neededBy.get(needed)?.add(logicalId);
    return inOrder(neededBy, AT_ONCE, async (name) => {
      const record = this.#records.get(name);
      if (record !== undefined) await this.#remove(record);
    });
  }

  async #remove(record: ResourceRecord): Promise<void> {
    const isCreateUndone = this.#head.status === "ROLLBACK_IN_PROGRESS";
    const { deletionPolicy: policy, physicalId } = record;
    if (policy === "Retain" || (policy === "RetainExceptOnCreate" && !isCreateUndone))
      return this.#write({ ...record, status: "DELETE_SKIPPED" });
    if (physicalId === undefined) return this.#write(withReason({ ...record, status: "DELETE_COMPLETE" }, undefined));
    await this.#write({ ...record, status: "DELETE_IN_PROGRESS" });
    const type = this.#typeOf(record.type);
    await this.#attempt({ ...record, status: "DELETE_IN_PROGRESS" }, () =>
      type.remove(this.#asked(record, record.status === "DELETE_IN_PROGRESS"), {
        physicalId,
        attributes: record.attributes,
      }),
    );
    await this.#write({ ...record, status: "DELETE_COMPLETE" });
  }

  /** The record of its logical name belongs to another one by now: only events tell of it. */
  async #removeLeftover(old: ResourceRecord): Promise<void> {
    const { physicalId, updateReplacePolicy } = old;
    if (physicalId === undefined) return;
    if (updateReplacePolicy !== "Delete") return this.#tell({ ...old, status: "DELETE_SKIPPED" });
    await this.#tell({ ...old, status: "DELETE_IN_PROGRESS" });
    try {
      await this.#typeOf(old.type).remove(this.#asked(old, true), { physicalId, attributes: old.attributes });
    } catch (thrown) {
      await this.#tell(withReason({ ...old, status: "DELETE_FAILED" }, reasonOf(thrown)));
      throw thrown;
    }
    await this.#tell({ ...old, status: "DELETE_COMPLETE" });
  }

  async #attempt<R>(record: ResourceRecord, work: () => Promise<R>): Promise<R> {
    try {
      return await work();
    } catch (thrown) {
      const status = record.status.replace(/_(IN_PROGRESS|COMPLETE)$/, "_FAILED") as ResourceStatus;
      await this.#write(withReason({ ...record, status }, reasonOf(thrown)));
      throw thrown;
    }
  }

  async #refuse(record: ResourceRecord, reason: string): Promise<never> {
    await this.#write(withReason({ ...record, status: "UPDATE_FAILED" }, reason));
    throw new Error(reason);
  }

  #asked({ logicalId, generatedName: name, properties }: ResourceRecord, isAgain: boolean): Asked {
    const { name: stackName, id, caller, tags } = this.#head;
    return { logicalId, generatedName: name, properties, isAgain, stack: { name: stackName, id, tags, caller } };
  }

  #typeOf(name: string): ResourceType {
    const type = this.#tools.findType(name);
    if (type === null) throw new Error(`Unrecognized resource type: ${name}`);
    return type;
  }

  #facts(): Parameters<typeof scopeOf>[0]["facts"] {
    const { accountId, region } = this.#tools;
    const { name: stackName, id: stackId, notificationArns } = this.#head;
    return { accountId, region, stackName, stackId, notificationArns };
  }

  #now(): number {
    return this.#tools.clock.now();
  }

  async #keep(record: ResourceRecord): Promise<void> {
    if (sameJson(record, this.#records.get(record.logicalId))) return;
    this.#records.set(record.logicalId, record);
    await this.#tools.store.write(this.#head.id, { resources: [record] }, this.#now());
  }

  /** The resource's new state and its event, in one step. */
  async #write(record: ResourceRecord, more: Step = {}): Promise<void> {
    const next = { ...record, changedAtMs: this.#now() };
    this.#records.set(next.logicalId, next);
    await this.#tools.store.write(
      this.#head.id,
      { ...more, resources: [next], events: [this.#event(next)] },
      next.changedAtMs,
    );
  }

  async #tell(record: ResourceRecord): Promise<void> {
    await this.#tools.store.write(this.#head.id, { events: [this.#event(record)] }, this.#now());
  }

  #event({
    logicalId,
    type,
    status,
    reason,
    physicalId,
    properties,
  }: ResourceRecord): NonNullable<Step["events"]>[number] {
    const atMs = this.#now();
    return {
      id: `${logicalId}-${status}-${this.#tools.random.uuid()}`,
      atMs,
      logicalId,
      physicalId: physicalId ?? "",
      type,
      status,
      ...(reason !== undefined && { reason }),
      ...(this.#head.token !== undefined && { token: this.#head.token }),
      properties,
    };
  }

  /** The stack's new status and its event, in one step with what else changes. */
  async #become(
    status: StackStatus,
    reason?: string,
    more: Partial<StackRecord> = {},
    revisions: Step["revisions"] = {},
  ): Promise<void> {
    const { reason: _old, ...head } = { ...this.#head, ...more };
    const next: StackRecord = { ...head, status, ...(reason !== undefined && { reason }) };
    this.#head = next;
    await this.#tools.store.write(
      next.id,
      { head: next, revisions, events: [stackEvent(next, this.#tools)] },
      this.#now(),
    );
  }
}

interface Wanted {
  readonly phase: Phase;
  readonly properties: JsonObject;
  readonly needs: readonly string[];
}

interface Making {
  readonly name: string;
  readonly declaration: ResourceDeclaration;
  readonly type: ResourceType;
  readonly want: Wanted;
  readonly verb: "CREATE" | "UPDATE";
  readonly reason?: string;
  /** What a process before this one had begun. */
  readonly begun?: ResourceRecord;
}

/** A revision, read, with what others export. */
interface Target {
  readonly template: Template;
  readonly revision: Revision;
  readonly exports: Exports;
}

function targetOf(revision: Revision, exports: Exports): Target {
  return { template: readTemplate(revision.processedText), revision, exports };
}

/** An event about the stack itself. */
export function stackEvent(
  { id, name, status, reason, token }: StackRecord,
  { clock, random }: Pick<RunTools, "clock" | "random">,
): NonNullable<Step["events"]>[number] {
  return {
    id: random.uuid(),
    atMs: clock.now(),
    logicalId: name,
    physicalId: id,
    type: "AWS::CloudFormation::Stack",
    status,
    ...(reason !== undefined && { reason }),
    ...(token !== undefined && { token }),
  };
}

function propertiesOf({ properties }: ResourceDeclaration, scope: Parameters<typeof evaluated>[1]): JsonObject {
  const value = evaluated(properties, scope);
  return isJsonObject(value) ? value : {};
}

/** Top members that differ. */
export function changedProperties(before: JsonObject, after: JsonObject): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !sameJson(before[name], after[name]),
  );
}

function policiesOf({
  deletionPolicy,
  updateReplacePolicy,
}: ResourceDeclaration): Pick<ResourceRecord, "deletionPolicy" | "updateReplacePolicy"> {
  return { deletionPolicy, updateReplacePolicy };
}

function withReason(record: ResourceRecord, reason: string | undefined): ResourceRecord {
  const { reason: _old, ...rest } = record;
  return reason === undefined ? rest : { ...rest, reason };
}
