/** The functions hull: knows every Function object, finds or starts an environment for each invocation, meters it. Never touches a process. */
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { keyOf, nameOf, type ObjectKey } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { Tasks } from "#base/tasks.ts";
import { startKeeper } from "#deck/loop.ts";
import type { Objects } from "#deck/objects.ts";
import { functionKind, type FunctionObject, type FunctionStatus } from "#kinds/catamaran/function.ts";
import { functionVersionKind, type FunctionVersion, versionName } from "#kinds/catamaran/function-version.ts";
import type { Ledger } from "#metering/usage.ts";
import { Catalogue, type Deployed, type Target } from "./catalogue.ts";
import type { CodeStore } from "./code-store.ts";
import { CodeSweep } from "./code-sweep.ts";
import {
  type ConcurrencyLimits,
  LAMBDA_LIMITS,
  Throttled,
  throttleReason,
  type ThrottleReason,
} from "./concurrency.ts";
import type { Environment, IdleRules } from "./environment.ts";
import { type AsyncEvent, type AsyncEvents, type Asynchronous, EventQueue, MemoryEvents } from "./event-queue.ts";
import { type Figures, Fleet } from "./fleet.ts";
import {
  type Ended,
  type InvokeRequest,
  type InvokeResult,
  initFailed,
  MAX_EVENT_BYTES,
  MAX_PAYLOAD_BYTES,
  timedOut,
} from "./invocation.ts";
import { type Job, resultOf, sinkOf } from "./job.ts";
import { Lifecycle } from "./lifecycle.ts";
import { MOST_LOOPS, RecursiveInvocation, traceOf, withLineage } from "./lineage.ts";
import { type LogStore, MemoryLogs, Tail } from "./logs.ts";
import { Provisioned, type ProvisionedState } from "./provisioned.ts";
import { Recorder } from "./recorder.ts";
import type { Initialization, RuntimeRequest, Sandboxes, SandboxSpec } from "./sandboxes.ts";
import { LATEST, type Settings } from "./settings.ts";

export interface FunctionsOptions {
  readonly objects: Objects;
  readonly sandboxes: Sandboxes;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The AWS credentials of the function's role. */
  readonly credentialsFor: (settings: Settings) => SandboxSpec["credentials"];
  /** Where packages that no function needs any more are removed from; absent: they stay. */
  readonly code?: CodeStore;
  /** Default: bounded, in memory. */
  readonly logs?: LogStore;
  /** Default: in memory; accepted events are then lost with the process. */
  readonly events?: AsyncEvents;
  readonly asynchronous?: Asynchronous;
  readonly region?: string;
  readonly accountId?: string;
  readonly limits?: ConcurrencyLimits;
  readonly idle?: IdleRules;
  /** Of the machine that runs the sandboxes; default 1. */
  readonly cores?: number;
}

export interface FunctionStats {
  readonly namespace: string;
  readonly name: string;
  readonly running: number;
  readonly idle: number;
  readonly frozen: number;
  readonly invocations: number;
  readonly errors: number;
  readonly throttles: number;
  readonly coldStarts: number;
  readonly durationMsP50: number;
  readonly durationMsP99: number;
}

// Lambda's INIT limit; a slower INIT is tried again within the first invocation's own timeout.
const INIT_LIMIT_MS = 10_000;
const SWEEP_MS = 5_000;
// Freezing within a burst would be paid by the next request; after 20 ms there is no burst.
const DEFAULT_IDLE: IdleRules = { freezeAfterMs: 20, keepAliveMs: 10 * 60_000 };
const NOTHING_RAN = { payload: new Uint8Array(0), isCold: false } as const;
// As many events of a function as wait for its environments at once; the others wait where they cost nothing.
const EVENTS_WAITING = 8;

export class Functions implements AsyncDisposable {
  readonly #options: FunctionsOptions;
  readonly #logs: LogStore;
  readonly #limits: ConcurrencyLimits;
  readonly #tasks: Tasks;
  readonly #catalogue: Catalogue;
  readonly #code: CodeSweep;
  readonly #lifecycle: Lifecycle<FunctionObject>;
  readonly #versionLifecycle: Lifecycle<FunctionVersion>;
  readonly #settling: readonly AsyncDisposable[];
  readonly #queue: EventQueue;
  readonly #recorder: Recorder;
  #unreservedRunning = 0;
  #sweeper: Disposable | null = null;

  /** Resolves when every Function object is known. */
  static async open(options: FunctionsOptions): Promise<Functions> {
    const functions = new Functions(options);
    await functions.#catalogue.synced;
    await functions.#queue.resume();
    return functions;
  }

  private constructor(options: FunctionsOptions) {
    const { objects, sandboxes, clock, log } = options;
    this.#options = options;
    this.#logs = options.logs ?? new MemoryLogs();
    this.#recorder = new Recorder(this.#logs, options.ledger, clock);
    this.#limits = options.limits ?? LAMBDA_LIMITS;
    this.#tasks = new Tasks(log);
    const nowIso = (): string => new Date(clock.now()).toISOString().replace("Z", "+0000");
    const parts = { objects, sandboxes, nowIso };
    this.#lifecycle = new Lifecycle(functionKind, parts);
    this.#versionLifecycle = new Lifecycle(functionVersionKind, parts);
    this.#queue = new EventQueue({
      store: options.events ?? new MemoryEvents(),
      clock,
      random: options.random,
      tasks: this.#tasks,
      log,
      mayRun: (event, inFlight) => this.#mayRunEvent(event, inFlight),
      run: (event) => this.#runEvent(event),
      asynchronous: options.asynchronous,
    });
    this.#code = new CodeSweep({
      code: options.code,
      sandboxes,
      clock,
      tasks: this.#tasks,
      declared: () => this.#catalogue.packages(),
    });
    this.#catalogue = new Catalogue({
      objects,
      newFleet: (settings, figures) => this.#newFleet(settings, figures),
      newProvisioned: (fleet) => new Provisioned(fleet, clock, this.#tasks),
      onChange: (key) => this.#queue.wake(key),
      onCodeGone: () => this.#code.look(),
    });
    this.#settling = [
      startKeeper(this.#lifecycle, objects, { clock, log }),
      startKeeper(this.#versionLifecycle, objects, { clock, log }),
    ];
    this.#sweep();
  }

  /** What the engine does is decided here: unknown, too large, throttled, dry, later, or now. */
  async invoke(request: InvokeRequest): Promise<InvokeResult> {
    const key = keyOf(request.namespace, request.name);
    const target = this.#activeTarget(key, request.qualifier) ?? (await this.#targetOf(key, request));
    const { deployed, fleet } = target;
    const requestId = this.#options.random.uuid();
    switch (request.type) {
      case "DryRun":
        return { ...NOTHING_RAN, status: 204, executedVersion: fleet.settings.version, requestId };
      case "Event":
        refuseLarger(request.payload, MAX_EVENT_BYTES);
        await this.#queue.accept(this.#eventOf(request, requestId));
        return { ...NOTHING_RAN, status: 202, executedVersion: fleet.settings.version, requestId };
      case "RequestResponse":
        refuseLarger(request.payload, MAX_PAYLOAD_BYTES);
        return this.#admitted({
          key,
          deployed,
          fleet,
          requestId,
          request,
          traceId: this.#traceOf(target, request, requestId),
          tail: request.logTail === true ? new Tail() : null,
        });
    }
  }

  stats(): readonly FunctionStats[] {
    const deployed = [...this.#catalogue.entries()].filter(([, { latest }]) => latest !== undefined);
    return deployed.map(([key, { fleets, running, figures }]) => ({
      ...nameOf(key),
      running,
      idle: sum(fleets, ({ idle }) => idle),
      frozen: sum(fleets, ({ frozen }) => frozen),
      ...figures.counters,
      durationMsP50: figures.durations.quantile(0.5) / 1000,
      durationMsP99: figures.durations.quantile(0.99) / 1000,
    }));
  }

  /** Of a version; null: there is none. */
  provisioned(namespace: string, name: string, version: string): ProvisionedState | null {
    return this.#catalogue.get(keyOf(namespace, name))?.versions.get(version)?.provisioned.state ?? null;
  }

  /** Accepted asynchronous invocations that wait for their time. */
  get backlog(): number {
    return this.#queue.backlog;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sweeper?.[Symbol.dispose]();
    this.#code[Symbol.dispose]();
    this.#queue[Symbol.dispose]();
    this.#catalogue[Symbol.dispose]();
    for (const settling of this.#settling) await settling[Symbol.asyncDispose]();
    await this.#tasks.ended();
  }

  #newFleet(settings: Settings, figures: Figures): Fleet {
    const { sandboxes, clock } = this.#options;
    return new Fleet(settings, {
      figures,
      sandboxes,
      clock,
      tasks: this.#tasks,
      rules: this.#options.idle ?? DEFAULT_IDLE,
      cores: this.#options.cores ?? 1,
      initLimitMs: INIT_LIMIT_MS,
      holdCode: (spec) => this.#code.inUse.hold([spec.codeSha256, ...spec.layers]),
      specOf: (now, initialization) => this.#specOf(now, initialization),
      onLog: (fleet, stream, line) => this.#recorder.write(fleet, stream, line),
      onStart: (fleet, spec) => this.#recorder.initStarted(fleet, spec),
    });
  }

  /** Undefined: unknown, or not active yet. */
  #activeTarget(key: ObjectKey, qualifier: string | undefined): Target | undefined {
    const target = this.#catalogue.get(key)?.target(qualifier, () => this.#options.random.number());
    return target?.isActive === true ? target : undefined;
  }

  async #targetOf(key: ObjectKey, request: InvokeRequest): Promise<Target> {
    const target = this.#catalogue.get(key)?.target(request.qualifier, () => this.#options.random.number());
    if (target === undefined) {
      throw new Fault("NotFound", `Function not found: ${this.#arnOf(request)}`, {
        kind: "functions",
        name: request.name,
      });
    }
    await this.#refuseInactive(key, target.fleet.settings);
    return target;
  }

  // A function that was created a moment ago is waited for; Lambda would answer 409 and clients would ask again.
  async #refuseInactive(key: ObjectKey, { namespace, name, version }: Settings): Promise<void> {
    const { functions, versions } = this.#catalogue;
    const state =
      version === LATEST
        ? await this.#lifecycle.stateOf(key, functions)
        : await this.#versionLifecycle.stateOf(keyOf(namespace, versionName(name, version)), versions);
    if (state === "Active") return;
    throw new Fault(
      "Conflict",
      `The operation cannot be performed at this time. The function is currently in the following state: ${state}`,
    );
  }

  /** Throws when a chain of invocations has come through the function too often. */
  #traceOf({ deployed, fleet }: Target, request: InvokeRequest, requestId: string): string {
    const header = request.traceId ?? traceOf(requestId, this.#options.clock.now());
    const { traceId, loops } = withLineage(header, fleet.settings.name);
    const allowsLoops = deployed.latest?.fleet.settings.allowsLoops === true;
    if (loops >= MOST_LOOPS && !allowsLoops) throw new RecursiveInvocation(fleet.settings.name);
    return traceId;
  }

  /** From the decision to its release nothing awaits, so the counts are exact. */
  async #admitted(job: Job): Promise<InvokeResult> {
    const { key, deployed, fleet } = job;
    const { reserved } = deployed;
    const reason = this.#throttleReason(deployed);
    if (reason !== null) {
      this.#recorder.throttled(job);
      throw new Throttled(reason);
    }
    deployed.running++;
    fleet.running++;
    deployed.figures.counters.invocations++;
    if (reserved === null) this.#unreservedRunning++;
    try {
      return await this.#run(job);
    } finally {
      deployed.running--;
      fleet.running--;
      if (reserved === null) this.#unreservedRunning--;
      this.#wakeEvents(key, reserved);
    }
  }

  #throttleReason({ running: own, reserved }: Deployed): ThrottleReason | null {
    const running = { own, unreserved: this.#unreservedRunning };
    return throttleReason(this.#limits, this.#catalogue.reservedTotal, reserved, running);
  }

  /** A slot came free: of the function alone, or the last one of those that all share. */
  #wakeEvents(key: ObjectKey, reserved: number | null): void {
    this.#queue.wake(key);
    const shared = this.#limits.account - this.#catalogue.reservedTotal;
    if (reserved === null && this.#unreservedRunning === shared - 1) this.#queue.wakeAll();
  }

  async #run(job: Job): Promise<InvokeResult> {
    const { fleet, requestId } = job;
    const idle = fleet.takeIdle();
    if (idle !== undefined) return this.#runIn(job, idle, false);
    const first = await fleet.obtain();
    // One fewer waits for an environment.
    this.#queue.wake(job.key);
    if (first.ok) return this.#runIn(job, first.environment, first.isCold);
    const { failure, initMs, logStream, initLog } = first;
    if (failure.unavailable !== undefined) throw new Fault("Unavailable", failure.unavailable);
    if (failure.isTimedOut === true) {
      this.#recorder.initEnded(job, logStream, { initMs, status: "timeout", initLog });
      return this.#runWithInit(job);
    }
    const ended = initFailed(failure, requestId);
    this.#recorder.initEnded(job, logStream, {
      initMs,
      status: "error",
      initLog,
      ...(ended.errorType !== undefined && { errorType: ended.errorType }),
    });
    return this.#initFailure(job, logStream, ended, { initMs, durationMs: 0 });
  }

  /** INIT was too slow by itself: again, within the function's own timeout, and then it counts as duration. */
  async #runWithInit(job: Job): Promise<InvokeResult> {
    const { fleet, requestId } = job;
    const { timeoutMs } = fleet.settings;
    const again = await fleet.start(timeoutMs);
    if (again.ok) return this.#runIn(job, again.environment, true);
    const isLate = again.failure.isTimedOut === true;
    const ended = isLate
      ? { ...timedOut(timeoutMs, requestId), maxMemoryMib: again.failure.maxMemoryMib ?? 0 }
      : initFailed(again.failure, requestId);
    return this.#initFailure(job, again.logStream, ended, { initMs: 0, durationMs: isLate ? timeoutMs : again.initMs });
  }

  #initFailure(
    job: Job,
    stream: string,
    ended: Ended,
    took: { readonly initMs: number; readonly durationMs: number },
  ): InvokeResult {
    this.#recorder.begin(job, stream);
    this.#recorder.finish(job, stream, ended, { ...took, isCold: true, maxMemoryMib: ended.maxMemoryMib ?? 0 });
    return resultOf(job, ended, true);
  }

  async #runIn(job: Job, environment: Environment, isCold: boolean): Promise<InvokeResult> {
    const { clock } = this.#options;
    const { fleet } = job;
    const { timeoutMs } = fleet.settings;
    const stream = environment.logStream;
    this.#recorder.begin(job, stream);
    const startedMs = clock.monotonicMs();
    const ended = await environment.invoke(this.#runtimeRequest(job, clock.now(), isCold), timeoutMs);
    const durationMs = ended.verdict === "timeout" ? timeoutMs : clock.monotonicMs() - startedMs;
    const initMs = environment.unreportedInitMs ?? 0;
    environment.unreportedInitMs = undefined;
    // Runtimes other than Node do not say it with the answer.
    if (ended.maxMemoryMib === undefined && !environment.isGone) await environment.measureMemory();
    fleet.release(environment, durationMs);
    this.#recorder.finish(job, stream, ended, { initMs, durationMs, isCold, maxMemoryMib: environment.maxMemoryMib });
    return resultOf(job, ended, isCold);
  }

  #runtimeRequest(job: Job, now: number, isCold: boolean): RuntimeRequest {
    const { requestId, request } = job;
    const { timeoutMs } = job.fleet.settings;
    return {
      requestId,
      payload: request.payload,
      deadlineMs: now + timeoutMs,
      invokedArn: this.#arnOf(request),
      traceId: job.traceId,
      ...(request.clientContext !== undefined && { clientContext: request.clientContext }),
      ...(request.sink !== undefined && { sink: sinkOf(job, request.sink, isCold) }),
    };
  }

  #specOf(settings: Settings, initialization: Initialization): SandboxSpec {
    const { clock, random } = this.#options;
    const day = new Date(clock.now()).toISOString().slice(0, 10).replaceAll("-", "/");
    const logStream = `${day}/[${settings.version}]${random.uuid().replaceAll("-", "")}`;
    return {
      functionName: settings.name,
      version: settings.version,
      arn: this.#arnOf({ name: settings.name }),
      runtime: settings.runtime,
      handler: settings.handler,
      codeSha256: settings.codeSha256,
      layers: settings.layers,
      memoryMib: settings.memoryMib,
      ephemeralStorageMib: settings.ephemeralStorageMib,
      environment: settings.environment,
      credentials: this.#options.credentialsFor(this.#withUid(settings)),
      logGroup: settings.logGroup,
      logStream,
      jsonLogLevel: settings.logging.applicationLevel,
      initialization,
    };
  }

  /** Credentials are the function's, whichever version has them. */
  #withUid(settings: Settings): Settings {
    const latest = this.#catalogue.functions.get(keyOf(settings.namespace, settings.name));
    return { ...settings, uid: latest?.metadata.uid ?? settings.uid };
  }

  #arnOf(named: { readonly name: string; readonly qualifier?: string }): string {
    const { region = "us-east-1", accountId = "000000000000" } = this.#options;
    const qualifier = named.qualifier === undefined ? "" : `:${named.qualifier}`;
    return `arn:aws:lambda:${region}:${accountId}:function:${named.name}${qualifier}`;
  }

  #eventOf(request: InvokeRequest, id: string): AsyncEvent {
    const now = this.#options.clock.now();
    const { namespace, name, qualifier, payload, clientContext, traceId } = request;
    return {
      id,
      namespace,
      name,
      payload,
      acceptedAtMs: now,
      failures: 0,
      notBeforeMs: now,
      ...(qualifier !== undefined && { qualifier }),
      ...(clientContext !== undefined && { clientContext }),
      ...(traceId !== undefined && { traceId }),
    };
  }

  async #runEvent(event: AsyncEvent): Promise<InvokeResult> {
    const request: InvokeRequest = { ...event, type: "RequestResponse" };
    const key = keyOf(event.namespace, event.name);
    const target = this.#activeTarget(key, event.qualifier) ?? (await this.#targetOf(key, request));
    const traceId = this.#traceOf(target, request, event.id);
    const { deployed, fleet } = target;
    return this.#admitted({ key, deployed, fleet, requestId: event.id, request, traceId, tail: null });
  }

  /** Only so many that none would be throttled, and that callers who wait for their answers find environments, too. */
  #mayRunEvent(event: AsyncEvent, inFlight: number): boolean {
    const target = this.#activeTarget(keyOf(event.namespace, event.name), event.qualifier);
    // The first ones find out what is the matter with a function that is not there, or not yet.
    if (target === undefined) return inFlight < EVENTS_WAITING;
    return target.fleet.waiting < EVENTS_WAITING && this.#throttleReason(target.deployed) === null;
  }

  /** What `kubectl get functions` shows; at most once per sweep, and only when it changed. */
  #reportCounts(key: ObjectKey, { running, fleets }: Deployed): void {
    const { objects } = this.#options;
    const status = this.#catalogue.functions.get(key)?.status;
    const counts = { running, warm: running + sum(fleets, ({ idle }) => idle) };
    if (status?.state === undefined || !isCountDue(status, counts)) return;
    this.#tasks.run("report a function's counts", () =>
      objects.change(functionKind, key, (live) => ({ ...live, status: { ...live.status, ...counts } }), {
        subresource: "status",
      }),
    );
  }

  #sweep(): void {
    const isShort = this.#options.sandboxes.isShortOfMemory?.() ?? false;
    for (const [key, deployed] of this.#catalogue.entries()) {
      for (const fleet of deployed.fleets) fleet.sweep(isShort);
      this.#reportCounts(key, deployed);
    }
    this.#sweeper = this.#options.clock.after(SWEEP_MS, () => this.#sweep());
  }
}

function sum(fleets: readonly Fleet[], count: (fleet: Fleet) => number): number {
  return fleets.reduce((total, fleet) => total + count(fleet), 0);
}

function isCountDue(status: FunctionStatus, counts: { readonly running: number; readonly warm: number }): boolean {
  return (status.running ?? 0) !== counts.running || (status.warm ?? 0) !== counts.warm;
}

function refuseLarger(payload: Uint8Array, limit: number): void {
  if (payload.length <= limit) return;
  throw new Fault("RequestTooLarge", `Request must be smaller than ${limit} bytes for the InvokeFunction operation`);
}
