/** A sandbox as functions/ knows it: an agent's channel and the processes behind it. Shared by all drivers. */
import { reasonOf } from "#base/fault.ts";
import type { Clock } from "#base/clock.ts";
import type { Stop } from "#base/stop.ts";
import { exitSentence } from "#functions/invocation.ts";
import type {
  InitFailure,
  LogLine,
  RuntimeOutcome,
  RuntimeRequest,
  Sandbox,
  SandboxEnd,
  SandboxSpec,
  Started,
} from "#functions/sandboxes.ts";
import type { AgentChannel } from "./agent-channel.ts";
import { startsAnew } from "./lambda-environment.ts";

/** What a driver can do to the processes of one sandbox. */
export interface Body {
  readonly id: string;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  kill(): Promise<void>;
  peakMib(): Promise<number>;
  readonly ended: Promise<SandboxEnd>;
}

class AgentSandbox implements Sandbox {
  readonly id: string;
  readonly ended: Promise<SandboxEnd>;
  readonly #channel: AgentChannel;
  readonly #body: Body;
  readonly #clock: Clock;
  #isFrozen = false;

  constructor(channel: AgentChannel, body: Body, clock: Clock) {
    this.id = body.id;
    this.ended = body.ended;
    this.#channel = channel;
    this.#body = body;
    this.#clock = clock;
  }

  async invoke(request: RuntimeRequest): Promise<RuntimeOutcome> {
    const answered = this.#channel.invoke(request);
    if (this.#isFrozen) {
      this.#isFrozen = false;
      // The invocation already waits in the socket when the processes wake up: thawing costs no extra round trip.
      await this.#body.thaw();
    }
    const answer = await answered;
    if (answer !== null) return answer;
    return { is: "ended", end: withPeak(await endOf(this.#body, this.#clock), this.#channel.peakMib) };
  }

  idle(): Promise<boolean> {
    return this.#channel.idle();
  }

  async freeze(): Promise<void> {
    this.#isFrozen = true;
    await this.#body.freeze();
  }

  async kill(): Promise<void> {
    await this.#body.kill();
    this.#channel.close();
  }

  maxMemoryMib(): Promise<number> {
    return this.#body.peakMib();
  }
}

// The socket of a process that exits closes a moment before the exit is known. A process that closed its socket
// and lives on after this is killed.
const GRACE_MS = 250;

/** What `work` resolves to, or undefined when it takes longer than `ms`. */
export function within<T>(work: Promise<T>, ms: number, clock: Clock): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(undefined));
    const done = (): void => timer[Symbol.dispose]();
    work.then(resolve, reject).finally(done);
  });
}

/** The runtime's own word about its peak, where nobody looked from outside. */
function withPeak(end: SandboxEnd, peakMib: number | undefined): SandboxEnd {
  return peakMib === undefined ? end : { ...end, maxMemoryMib: Math.max(peakMib, end.maxMemoryMib ?? 0) };
}

async function endOf(body: Body, clock: Clock): Promise<SandboxEnd> {
  const end = await within(body.ended, GRACE_MS, clock);
  if (end !== undefined) return end;
  await body.kill();
  return body.ended;
}

export interface Binding {
  readonly channel: AgentChannel;
  readonly body: Body;
  /** What BIND carries. */
  readonly message: object;
  readonly cache: Uint8Array | undefined;
  readonly onLog: (line: LogLine) => void;
  readonly onCache: (bytes: Buffer) => void;
  /** When the start began, by the monotonic clock: INIT is counted from there. */
  readonly startedMs: number;
  readonly fromPool: boolean;
}

/** Runs INIT in a booted sandbox; whatever goes wrong is a failure in Lambda's words, and the sandbox is killed. */
export async function initialise(binding: Binding, clock: Clock, stop: Stop): Promise<Started> {
  const { channel, body } = binding;
  let isStopped = false;
  const onStop = (): void => {
    isStopped = true;
    channel.close();
  };
  stop.addEventListener("abort", onStop, { once: true });
  if (stop.aborted) onStop();
  try {
    const listener = { onLog: binding.onLog, onCache: binding.onCache, onEnding: () => body.peakMib() };
    const bound = await channel.bind(binding.message, binding.cache, listener);
    const initMs = clock.monotonicMs() - binding.startedMs;
    if (bound?.ok === true)
      return { ok: true, sandbox: new AgentSandbox(channel, body, clock), initMs, fromPool: binding.fromPool };
    if (isStopped || bound !== null) await body.kill();
    const end = withPeak(await endOf(body, clock), channel.peakMib);
    channel.close();
    const failure = bound?.failure ?? (isStopped ? initTimedOut() : exitFailure(end));
    const { maxMemoryMib } = end;
    return { ok: false, failure: { ...failure, ...(maxMemoryMib !== undefined && { maxMemoryMib }) }, initMs };
  } finally {
    stop.removeEventListener("abort", onStop);
  }
}

/** When there was no sandbox to initialise at all. */
export function startFailure(thrown: unknown, initMs: number): Started {
  return {
    ok: false,
    failure: { ...failureOf("Sandbox.StartFailed", reasonOf(thrown)), unavailable: reasonOf(thrown) },
    initMs,
  };
}

function initTimedOut(): InitFailure {
  return {
    ...failureOf("Sandbox.Timedout", "Error: the initialisation was stopped at its deadline"),
    isTimedOut: true,
  };
}

function exitFailure(end: SandboxEnd): InitFailure {
  return { ...failureOf("Runtime.ExitError", `Error: ${exitSentence(end)}`), end };
}

function failureOf(errorType: string, errorMessage: string): InitFailure {
  return { errorType, payload: Buffer.from(JSON.stringify({ errorType, errorMessage })) };
}

/** BIND's head: what the agent must know beyond the environment. */
export function bindMessage(spec: SandboxSpec, env: Readonly<Record<string, string>>, taskRoot: string): object {
  const { functionName, version, runtime, handler, memoryMib, logGroup, logStream } = spec;
  const function_ = { functionName, version, runtime, handler, memoryMib, logGroup, logStream };
  return { ...function_, startsAnew: startsAnew(spec.environment), hasLayers: spec.layers.length > 0, taskRoot, env };
}
