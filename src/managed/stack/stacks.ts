/** All stacks of an instance: made, changed, looked at and removed; what is under way goes on after a restart. */
import { Fault } from "#base/fault.ts";
import type { JsonObject } from "#base/json.ts";
import type { Tasks } from "#base/tasks.ts";
import { changesOf } from "./changes.ts";
import { checkReferences, dependenciesOf } from "./dependencies.ts";
import { type GivenParameter, parameterValues, storeParameter } from "./parameters.ts";
import { isPseudoParameter } from "./pseudo-parameters.ts";
import { runStack, type RunTools, stackEvent } from "./run-stack.ts";
import { type Exports, madeResources, scopeOf } from "./stack-scope.ts";
import type { ChangeSetRecord, ResourceRecord, Revision, StackRecord, StackStatus } from "./stack-record.ts";
import type { StackStore } from "./stack-store.ts";
import { readTemplate, type Template } from "./template.ts";
import { importedNames } from "./imported-names.ts";
import type { Processed } from "./transforms.ts";

export interface StacksOptions extends Omit<RunTools, "exports"> {
  readonly tasks: Tasks;
  /** Does the transforms that a template names. Fault: BadRequest for one that there is not. */
  readonly process: (templateText: string, parameters: Readonly<Record<string, string>>) => Processed;
  /** The value of a parameter of the parameter store; null when there is none. */
  readonly storedParameter: (name: string) => Promise<string | null>;
}

/** What is to be. */
export interface StackInput {
  readonly name: string;
  /** Null keeps the template that there is. */
  readonly templateText: string | null;
  readonly parameters: readonly GivenParameter[];
  /** Undefined keeps those that there are. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  readonly disableRollback?: boolean;
  readonly terminationProtection?: boolean;
  readonly notificationArns?: readonly string[];
  readonly roleArn?: string;
  /** The client's own mark of the operation. */
  readonly token?: string;
  readonly caller: JsonObject;
}

/** Who begins an operation, and how. */
type Operation = Pick<StackInput, "caller" | "disableRollback" | "token">;

const NAME = /^[a-zA-Z][-a-zA-Z0-9]{0,127}$/;
const NO_UPDATES = "No updates are to be performed.";
/** "CloudFormation quotas": of a template in the request itself, and by S3. */
export const MAX_INLINE_BYTES = 51_200;
export const MAX_TEMPLATE_BYTES = 1_048_576;

export class Stacks {
  readonly #options: StacksOptions;
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(options: StacksOptions) {
    this.#options = options;
  }

  get store(): StackStore {
    return this.#options.store;
  }

  /** Goes on with what a process before this one had begun. */
  async resume(): Promise<void> {
    for (const { id, status } of await this.store.heads()) if (isUnderWay(status)) this.#run(id);
  }

  /** By name, which only those have that are not removed, or by ARN. */
  async find(nameOrId: string): Promise<StackRecord | null> {
    if (nameOrId.startsWith("arn:")) return this.store.head(nameOrId);
    return (
      (await this.store.heads()).find(({ name, status }) => name === nameOrId && status !== "DELETE_COMPLETE") ?? null
    );
  }

  /** Fault: NotFound. */
  async get(nameOrId: string): Promise<StackRecord> {
    const found = await this.find(nameOrId);
    if (found === null) throw new Fault("NotFound", `Stack with id ${nameOrId} does not exist`);
    return found;
  }

  /** Faults: AlreadyExists, BadRequest. */
  async create(input: StackInput): Promise<StackRecord> {
    const known = await this.find(input.name);
    if (known !== null && known.status !== "REVIEW_IN_PROGRESS")
      throw new Fault("AlreadyExists", `Stack [${input.name}] already exists`);
    const head = known ?? this.#newHead(input);
    const { revision } = await this.#planned(head, input, null);
    return this.#begin(head, revision, "CREATE_IN_PROGRESS", input);
  }

  /** Faults: NotFound, BadRequest ("No updates are to be performed."). */
  async update(input: StackInput): Promise<StackRecord> {
    const head = await this.get(input.name);
    checkAtRest(head);
    const current = await this.store.revision(head.id, "current");
    const { revision, changes } = await this.#planned(head, input, current);
    if (changes.length === 0 && !hasOtherTags(head, revision)) throw new Fault("BadRequest", NO_UPDATES);
    return this.#begin(head, revision, "UPDATE_IN_PROGRESS", { ...input, before: current });
  }

  /** Nothing when there is no such stack. Fault: BadRequest under termination protection, or while its exports are used. */
  async remove(nameOrId: string, token?: string): Promise<void> {
    const head = await this.find(nameOrId);
    if (head === null || head.status === "DELETE_COMPLETE") return;
    if (head.terminationProtection)
      throw new Fault("BadRequest", `Stack [${head.name}] cannot be deleted while TerminationProtection is enabled`);
    await this.#checkUnused(head);
    if (head.status === "REVIEW_IN_PROGRESS") return this.#become(head, "DELETE_COMPLETE");
    await this.#settled(head.id);
    const { token: _old, ...rest } = (await this.store.head(head.id)) ?? head;
    const status = "DELETE_IN_PROGRESS";
    const next: StackRecord = { ...rest, status, reason: "User Initiated", ...(token !== undefined && { token }) };
    await this.store.write(head.id, { head: next, events: [stackEvent(next, this.#options)] }, this.#now());
    this.#run(head.id);
  }

  /** Of a stack whose rollback failed: tries again. */
  async continueRollback(nameOrId: string): Promise<void> {
    const head = await this.get(nameOrId);
    if (head.status !== "UPDATE_ROLLBACK_FAILED")
      throw new Fault("BadRequest", `Stack [${head.name}] is in ${head.status} state and can not be rolled back.`);
    await this.#become(head, "UPDATE_ROLLBACK_IN_PROGRESS");
    this.#run(head.id);
  }

  async protect(nameOrId: string, isProtected: boolean): Promise<StackRecord> {
    const head = await this.get(nameOrId);
    const next = { ...head, terminationProtection: isProtected };
    await this.store.write(head.id, { head: next }, this.#now());
    return next;
  }

  /** A plan that is kept until it is carried out. Faults: BadRequest, NotFound, AlreadyExists. */
  async createChangeSet(
    input: StackInput & { readonly changeSet: string; readonly isCreate: boolean; readonly description?: string },
  ): Promise<{
    readonly stack: StackRecord;
    readonly changeSet: ChangeSetRecord;
  }> {
    const known = await this.find(input.name);
    const head = input.isCreate ? (known ?? this.#newHead(input)) : await this.get(input.name);
    if (input.isCreate && head.status !== "REVIEW_IN_PROGRESS")
      throw new Fault(
        "BadRequest",
        `Stack [${input.name}] already exists and cannot be created again with the changeSet [${input.changeSet}].`,
      );
    if (!input.isCreate) checkAtRest(head);
    const there = await this.#changeSet(head.id, input.changeSet);
    if (there !== null && there.token !== undefined && there.token === input.token)
      return { stack: head, changeSet: there };
    if (there !== null) throw new Fault("AlreadyExists", `ChangeSet ${input.changeSet} already exists`);
    const current = input.isCreate ? null : await this.store.revision(head.id, "current");
    const { revision, changes } = await this.#planned(head, input, current);
    const isEmpty = !input.isCreate && changes.length === 0 && !hasOtherTags(head, revision);
    const changeSet: ChangeSetRecord = {
      id: this.#arn("changeSet", `${input.changeSet}/${this.#options.random.uuid()}`),
      name: input.changeSet,
      kind: input.isCreate ? "CREATE" : "UPDATE",
      createdAtMs: this.#now(),
      status: isEmpty ? "FAILED" : "CREATE_COMPLETE",
      ...(isEmpty && {
        reason:
          "The submitted information didn't contain changes. Submit different information to create a change set.",
      }),
      executionStatus: isEmpty ? "UNAVAILABLE" : "AVAILABLE",
      revision,
      given: input.parameters,
      changes,
      ...(input.description !== undefined && { description: input.description }),
      ...(input.token !== undefined && { token: input.token }),
    };
    const begun = known === null ? { head, events: [stackEvent(head, this.#options)] } : {};
    await this.store.write(head.id, { ...begun, changeSets: [changeSet] }, this.#now());
    return { stack: head, changeSet };
  }

  /** By name within a stack, or by ARN. Fault: NotFound. */
  async changeSet(
    nameOrId: string,
    stack: string | undefined,
  ): Promise<{ readonly stack: StackRecord; readonly changeSet: ChangeSetRecord }> {
    const heads = stack === undefined ? await this.store.heads() : [await this.get(stack)];
    for (const head of heads) {
      const found = await this.#changeSet(head.id, nameOrId);
      if (found !== null) return { stack: head, changeSet: found };
    }
    throw new Fault("NotFound", `ChangeSet [${nameOrId}] does not exist`);
  }

  async executeChangeSet(nameOrId: string, stack: string | undefined, input: Operation): Promise<void> {
    const { stack: head, changeSet } = await this.changeSet(nameOrId, stack);
    if (changeSet.executionStatus !== "AVAILABLE")
      throw new Fault(
        "Conflict",
        `ChangeSet [${changeSet.id}] cannot be executed in its current execution status of [${changeSet.executionStatus}]`,
      );
    const isCreate = changeSet.kind === "CREATE";
    if (!isCreate) checkAtRest(head);
    const before = isCreate ? null : await this.store.revision(head.id, "current");
    const status = isCreate ? "CREATE_IN_PROGRESS" : "UPDATE_IN_PROGRESS";
    await this.store.write(
      head.id,
      { changeSets: [{ ...changeSet, executionStatus: "EXECUTE_COMPLETE" }] },
      this.#now(),
    );
    await this.#begin(head, changeSet.revision, status, { ...input, before });
  }

  async removeChangeSet(nameOrId: string, stack: string | undefined): Promise<void> {
    const { stack: head, changeSet } = await this.changeSet(nameOrId, stack);
    await this.store.removeChangeSet(head.id, changeSet.name);
  }

  /** A template, read and checked as a create would; nothing is made. */
  validate(templateText: string): { readonly template: Template; readonly processed: Processed } {
    const processed = this.#options.process(templateText, {});
    return { template: checkedTemplate(processed.text, this.#options.findType), processed };
  }

  /** Resources in the order of their names. */
  resources(id: string): Promise<readonly ResourceRecord[]> {
    return this.store.resources(id);
  }

  /** Of all stacks but one. */
  async exports(but?: string): Promise<Exports> {
    const heads = (await this.store.heads()).filter(({ id, status }) => id !== but && status !== "DELETE_COMPLETE");
    return new Map(
      heads.flatMap(({ id, name, outputs }) =>
        outputs.flatMap(({ exportName, value }) =>
          exportName === undefined ? [] : [[exportName, { value, stackId: id, stackName: name }] as const],
        ),
      ),
    );
  }

  /** Names of stacks that use it. */
  async importers(exportName: string): Promise<readonly string[]> {
    const heads = await this.store.heads();
    return heads
      .filter(({ imports, status }) => status !== "DELETE_COMPLETE" && imports.includes(exportName))
      .map(({ name }) => name);
  }

  async #changeSet(id: string, nameOrId: string): Promise<ChangeSetRecord | null> {
    return (await this.store.changeSets(id)).find((one) => one.name === nameOrId || one.id === nameOrId) ?? null;
  }

  async #checkUnused({ name, outputs }: StackRecord): Promise<void> {
    for (const { exportName } of outputs) {
      const users =
        exportName === undefined ? [] : (await this.importers(exportName)).filter((other) => other !== name);
      if (users.length > 0)
        throw new Fault(
          "BadRequest",
          `Export ${exportName ?? ""} cannot be deleted as it is in use by ${users.join(", ")}`,
        );
    }
  }

  /** The revision that an input asks for, checked whole, and what it would change. */
  async #planned(
    head: StackRecord,
    input: StackInput,
    current: Revision | null,
  ): Promise<{ readonly revision: Revision; readonly changes: ChangeSetRecord["changes"] }> {
    const templateText = input.templateText ?? current?.templateText;
    if (templateText === undefined)
      throw new Fault("BadRequest", "Either Template URL or Template Body must be specified.");
    const previous = current?.parameters ?? {};
    const given = Object.fromEntries(input.parameters.map(({ key, value }) => [key, value ?? previous[key] ?? ""]));
    const processed = this.#options.process(templateText, { ...previous, ...given });
    const template = checkedTemplate(processed.text, this.#options.findType);
    checkCapabilities(template, processed, input.capabilities);
    const values = parameterValues(template, input.parameters, new Map(Object.entries(previous)));
    const revision: Revision = {
      templateText,
      processedText: processed.text,
      parameters: Object.fromEntries(await this.#withStored(template, values)),
      tags: input.tags ?? current?.tags ?? {},
      capabilities: input.capabilities,
    };
    const records = new Map((await this.resources(head.id)).map((one) => [one.logicalId, one]));
    const scope = scopeOf({
      template,
      revision,
      facts: this.#facts(head),
      records,
      exports: await this.exports(head.id),
    });
    // Rings are found before anything is made.
    dependenciesOf(template, madeResources(template, scope));
    return { revision, changes: changesOf(template, scope, { records, findType: this.#options.findType }) };
  }

  /** Parameters of the store's types give what is stored under their value. */
  async #withStored(template: Template, values: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, string>> {
    const found = new Map(values);
    for (const [key, value] of values) {
      const declared = template.parameters.get(key);
      const name = declared === undefined ? null : storeParameter(declared, value);
      if (name === null) continue;
      const stored = await this.#options.storedParameter(name);
      if (stored === null)
        throw new Fault("BadRequest", `Unable to fetch parameters [${value}] from parameter store for this account.`);
      found.set(key, stored);
    }
    return found;
  }

  #newHead({
    name,
    tags = {},
    capabilities,
    caller,
    terminationProtection = false,
    notificationArns = [],
    roleArn,
  }: StackInput): StackRecord {
    if (!NAME.test(name))
      throw new Fault(
        "BadRequest",
        `1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*`,
      );
    return {
      id: this.#arn("stack", `${name}/${this.#options.random.uuid()}`),
      name,
      status: "REVIEW_IN_PROGRESS",
      reason: "User Initiated",
      createdAtMs: this.#now(),
      description: "",
      parameters: {},
      tags,
      capabilities,
      imports: [],
      outputs: [],
      disableRollback: false,
      terminationProtection,
      leftovers: [],
      caller,
      ...(roleArn !== undefined && { roleArn }),
      notificationArns,
    };
  }

  async #begin(
    head: StackRecord,
    revision: Revision,
    status: "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS",
    { caller, disableRollback = false, token, before = null }: Operation & { readonly before?: Revision | null },
  ): Promise<StackRecord> {
    const template = readTemplate(revision.processedText);
    const { token: _old, ...rest } = head;
    const next: StackRecord = {
      ...rest,
      status,
      reason: "User Initiated",
      ...(token !== undefined && { token }),
      description: template.description,
      parameters: shownParameters(template, revision),
      tags: revision.tags,
      capabilities: revision.capabilities,
      imports: importedNames(template, this.#scopeFor(head, template, revision)),
      caller,
      disableRollback,
      ...(status === "UPDATE_IN_PROGRESS" && { updatedAtMs: this.#now() }),
    };
    const events = [stackEvent(next, this.#options)];
    await this.store.write(next.id, { head: next, revisions: { current: revision, before }, events }, this.#now());
    this.#run(next.id);
    return next;
  }

  #scopeFor(head: StackRecord, template: Template, revision: Revision): ReturnType<typeof scopeOf> {
    return scopeOf({ template, revision, facts: this.#facts(head), records: new Map(), exports: new Map() });
  }

  async #become(head: StackRecord, status: StackStatus): Promise<void> {
    const { reason: _old, ...rest } = head;
    const next: StackRecord = { ...rest, status, ...(status === "DELETE_COMPLETE" && { deletedAtMs: this.#now() }) };
    await this.store.write(head.id, { head: next, events: [stackEvent(next, this.#options)] }, this.#now());
  }

  #facts({ name: stackName, id: stackId, notificationArns }: StackRecord): Parameters<typeof scopeOf>[0]["facts"] {
    const { accountId, region } = this.#options;
    return { accountId, region, stackName, stackId, notificationArns };
  }

  /** One run of a stack at a time. */
  #run(id: string): void {
    const before = this.#running.get(id) ?? Promise.resolve();
    const run = before.then(() => runStack(id, { ...this.#options, exports: () => this.exports(id) }));
    this.#running.set(id, run);
    this.#options.tasks.run(`work on the stack ${id}`, async () => {
      try {
        await run;
      } finally {
        if (this.#running.get(id) === run) this.#running.delete(id);
      }
    });
  }

  /** Resolves when nobody works on it. */
  async #settled(id: string): Promise<void> {
    await this.#running.get(id)?.catch(() => {
      // The task has logged it.
    });
  }

  #arn(what: string, rest: string): string {
    const { region, accountId } = this.#options;
    return `arn:aws:cloudformation:${region}:${accountId}:${what}/${rest}`;
  }

  #now(): number {
    return this.#options.clock.now();
  }
}

function isUnderWay(status: StackStatus): boolean {
  return status.endsWith("_IN_PROGRESS") && status !== "REVIEW_IN_PROGRESS";
}

function checkAtRest({ id, status }: StackRecord): void {
  const mayChange = [
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_FAILED",
    "CREATE_FAILED",
  ].includes(status);
  if (!mayChange) throw new Fault("BadRequest", `Stack:${id} is in ${status} state and can not be updated.`);
}

function hasOtherTags({ tags }: StackRecord, revision: Revision): boolean {
  return JSON.stringify(tags) !== JSON.stringify(revision.tags);
}

/** Fault: BadRequest for what refers to nothing, a type that there is not, and a property that it does not take. */
function checkedTemplate(text: string, findType: StacksOptions["findType"]): Template {
  const template = readTemplate(text);
  checkReferences(template, isPseudoParameter);
  const unknown = [...new Set([...template.resources.values()].map(({ type }) => type))].filter(
    (type) => findType(type) === null,
  );
  if (unknown.length > 0)
    throw new Fault("BadRequest", `Template format error: Unrecognized resource types: [${unknown.join(", ")}]`);
  for (const [name, { type, properties }] of template.resources) {
    const taken = findType(type)?.properties ?? [];
    const other = Object.keys(properties).find((member) => !taken.includes(member));
    if (other !== undefined)
      throw new Fault("BadRequest", `the property ${other} of ${name} (${type}) is not supported`);
  }
  return template;
}

/** IAM resources and transforms are acknowledged by who deploys them ("Acknowledging IAM resources in CloudFormation templates"). */
function checkCapabilities({ resources }: Template, processed: Processed, given: readonly string[]): void {
  const iam = [...resources.values()].filter(({ type }) => type.startsWith("AWS::IAM::"));
  const isNamed = iam.some(({ properties }) =>
    ["RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName"].some(
      (member) => properties[member] !== undefined,
    ),
  );
  const need = isNamed ? ["CAPABILITY_NAMED_IAM"] : iam.length > 0 ? ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"] : [];
  const missing = need.length > 0 && !need.some((one) => given.includes(one)) ? need.slice(0, 1) : [];
  if (processed.hasMacros && !given.includes("CAPABILITY_AUTO_EXPAND")) missing.push("CAPABILITY_AUTO_EXPAND");
  if (missing.length > 0) throw new Fault("Forbidden", `Requires capabilities : [${missing.join(", ")}]`);
}

/** What NoEcho hides is never shown again. */
function shownParameters({ parameters }: Template, revision: Revision): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(revision.parameters).map(([key, value]) => [
      key,
      parameters.get(key)?.isNoEcho === true ? "****" : value,
    ]),
  );
}
