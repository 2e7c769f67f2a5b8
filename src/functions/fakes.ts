/** Stand-ins for tests and simulation: a clock that only moves when told, objects in memory, scripted sandboxes. Never used in production. */
import type { Clock } from "#base/clock.ts";
import { Heap } from "#base/heap.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Stop } from "#base/stop.ts";
import type { Objects, View, ViewListener } from "#deck/objects.ts";
import type { Kind } from "#kinds/kind.ts";
import { keyOfObject, type KubeObject, type Live } from "#kinds/object.ts";
import type { Ledger, Usage } from "#metering/usage.ts";
import type {
  LogLine,
  RuntimeOutcome,
  RuntimeRequest,
  Sandbox,
  SandboxEnd,
  Sandboxes,
  SandboxSpec,
  Started,
} from "./sandboxes.ts";

interface Alarm {
  readonly atMs: number;
  readonly order: number;
  readonly work: () => void;
  isOff: boolean;
}

export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #alarms: Heap<Alarm> = new Heap((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));

  now(): number {
    return 1_750_000_000_000 + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, stop?: Stop): Promise<void> {
    return new Promise((resolve) => {
      const alarm = this.after(ms, resolve);
      stop?.addEventListener("abort", () => {
        alarm[Symbol.dispose]();
        resolve();
      });
    });
  }

  after(ms: number, work: () => void): Disposable {
    const alarm: Alarm = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, work, isOff: false };
    this.#alarms.push(alarm);
    return { [Symbol.dispose]: () => void (alarm.isOff = true) };
  }

  /** Runs what falls due, letting promises settle in between. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let next = this.#alarms.peek(); next !== undefined && next.atMs <= untilMs; next = this.#alarms.peek()) {
      this.#alarms.pop();
      this.#nowMs = next.atMs;
      if (next.isOff) continue;
      next.work();
      await settle();
    }
    this.#nowMs = untilMs;
    await settle();
  }
}

/** Lets everything that waits only on promises go on. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

/** Objects of any kind in a Map, with live views. Validates nothing. */
export class FakeObjects implements Objects {
  readonly #stored = new Map<string, KubeObject>();
  readonly #listeners = new Map<string, Set<ViewListener<never>>>();

  view<T extends KubeObject>(kind: Kind<T>): View<T> {
    const all = (): readonly Live<T>[] =>
      [...this.#stored].filter(([id]) => id.startsWith(`${kind.plural}:`)).map(([, object]) => object as Live<T>);
    const listeners = this.#listeners.get(kind.plural) ?? new Set();
    this.#listeners.set(kind.plural, listeners);
    return {
      synced: Promise.resolve(),
      get: (key) => this.#stored.get(`${kind.plural}:${key}`) as Live<T> | undefined,
      list: (namespace) => all().filter((object) => namespace === undefined || object.metadata.namespace === namespace),
      by: () => [],
      onChange: (listener) => {
        for (const object of all()) listener(keyOfObject(object), object, undefined);
        listeners.add(listener);
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
      [Symbol.dispose]: () => {},
    };
  }

  async get<T extends KubeObject>(kind: Kind<T>, key: ObjectKey): Promise<Live<T> | null> {
    return (this.#stored.get(`${kind.plural}:${key}`) as Live<T> | undefined) ?? null;
  }

  async create<T extends KubeObject>(kind: Kind<T>, object: T): Promise<Live<T>> {
    this.#set(kind.plural, keyOfObject(object), object);
    return object as Live<T>;
  }

  async change<T extends KubeObject>(
    kind: Kind<T>,
    key: ObjectKey,
    decide: (live: Live<T>) => T | null,
  ): Promise<Live<T> | null> {
    const live = this.#stored.get(`${kind.plural}:${key}`) as Live<T> | undefined;
    const next = live === undefined ? null : decide(live);
    if (next !== null) this.#set(kind.plural, key, next);
    return next as Live<T> | null;
  }

  async remove<T extends KubeObject>(kind: Kind<T>, key: ObjectKey): Promise<boolean> {
    const was = this.#stored.has(`${kind.plural}:${key}`);
    this.#set(kind.plural, key, undefined);
    return was;
  }

  #set(plural: string, key: ObjectKey, next: KubeObject | undefined): void {
    const previous = this.#stored.get(`${plural}:${key}`);
    if (next === undefined) this.#stored.delete(`${plural}:${key}`);
    else this.#stored.set(`${plural}:${key}`, next);
    for (const listener of this.#listeners.get(plural) ?? []) listener(key, next as never, previous as never);
  }
}

export class FakeLedger implements Ledger {
  readonly usage: Usage[] = [];

  append(usage: readonly Usage[]): void {
    this.usage.push(...usage);
  }

  async *read(): AsyncIterable<Usage> {
    yield* this.usage;
  }

  async trim(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** What a scripted sandbox does with an invocation; it may wait on the clock. */
export type Script = (request: RuntimeRequest, sandbox: FakeSandbox) => Promise<RuntimeOutcome>;

export class FakeSandboxes implements Sandboxes {
  readonly driver: string = "fake";
  readonly live: Set<FakeSandbox> = new Set();
  readonly started: SandboxSpec[] = [];
  readonly script: Script;
  /** How INIT goes; default: at once and well. */
  readonly init: (spec: SandboxSpec, stop: Stop) => Promise<Started | null>;

  constructor(script: Script, init: (spec: SandboxSpec, stop: Stop) => Promise<Started | null> = async () => null) {
    this.script = script;
    this.init = init;
  }

  runtimes(): readonly string[] {
    return ["nodejs24.x"];
  }

  async prepare(): Promise<void> {}

  async start(spec: SandboxSpec, onLog: (line: LogLine) => void, stop: Stop): Promise<Started> {
    this.started.push(spec);
    const failed = await this.init(spec, stop);
    if (failed !== null) return failed;
    const sandbox = new FakeSandbox(`s${this.started.length}`, this, onLog);
    this.live.add(sandbox);
    return { ok: true, sandbox, initMs: 5, fromPool: true };
  }
}

export class FakeSandbox implements Sandbox {
  readonly id: string;
  readonly ended: Promise<SandboxEnd>;
  readonly onLog: (line: LogLine) => void;
  isFrozen = false;
  whenIdle: Promise<boolean> = Promise.resolve(true);
  freezes = 0;
  readonly #owner: FakeSandboxes;
  #end: (end: SandboxEnd) => void = () => {};

  constructor(id: string, owner: FakeSandboxes, onLog: (line: LogLine) => void) {
    this.id = id;
    this.#owner = owner;
    this.onLog = onLog;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  async invoke(request: RuntimeRequest): Promise<RuntimeOutcome> {
    this.isFrozen = false;
    const killed = this.ended.then((end): RuntimeOutcome => ({ is: "ended", end }));
    return Promise.race([this.#owner.script(request, this), killed]);
  }

  /** What it does after an answer that came with `isBusy`; a test says. */
  idle(): Promise<boolean> {
    return this.whenIdle;
  }

  async freeze(): Promise<void> {
    this.isFrozen = true;
    this.freezes++;
  }

  async kill(): Promise<void> {
    this.endAs({ reason: "stopped" });
  }

  endAs(end: SandboxEnd): void {
    this.#owner.live.delete(this);
    this.#end(end);
  }

  async maxMemoryMib(): Promise<number> {
    return 40;
  }
}
