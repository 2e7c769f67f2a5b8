/** All buses of an instance: from events, rules and archives to pushes and kept events, in one durable step. */
import { parseArn } from "#base/arn.ts";
import type { Clock } from "#base/clock.ts";
import { isJsonObject } from "#base/json.ts";
import { keyOf } from "#base/key.ts";
import { type Pattern, readPattern } from "#base/pattern/pattern.ts";
import type { Objects, View } from "#deck/objects.ts";
import { type Archive, archiveKind } from "#kinds/catamaran/archive.ts";
import { type EventBus, eventBusKind } from "#kinds/catamaran/event-bus.ts";
import {
  busOf,
  DEFAULT_BUS,
  type Rule,
  ruleKind,
  ruleName,
  ruleObjectName,
  type RuleTarget,
} from "#kinds/catamaran/rule.ts";
import type { Kind } from "#kinds/kind.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import type { Database } from "../database.ts";
import type { Prepared, Push, Pushes, RetryPhase } from "../push.ts";
import { seenIn } from "../seen.ts";
import { archivedRow, collectionOf as archiveCollection } from "./archived.ts";
import { type BusEvent, type Envelope, envelopeOf, type Origin } from "./event.ts";
import { inputOf } from "./transform.ts";

export interface BusesOptions {
  readonly objects: Objects;
  readonly database: Database;
  readonly pushes: Pushes;
  readonly origin: Origin;
  /** How a rule is named to its targets. */
  readonly ruleArn: (bus: string, rule: string) => string;
  readonly clock: Clock;
}

/** Of a replay: only these rules see the events again, and no archive keeps them twice. */
export interface Again {
  /** Names; absent: all rules of the bus. */
  readonly rules?: ReadonlySet<string>;
  /** What is written in the same step. */
  readonly rows: Prepared["rows"];
}

// "Retries for 24 hours and up to 185 times with exponential back-off and jitter" (EventBridge User Guide, "Retrying event delivery").
const RETRIES = 185;
const MAX_AGE_SECONDS = 86_400;
const PHASES: readonly RetryPhase[] = [{ times: RETRIES, fromMs: 1_000, toMs: 600_000, growth: "exponential" }];

export class Buses implements Disposable {
  readonly #options: BusesOptions;
  readonly #buses: View<EventBus>;
  readonly #rules: View<Rule>;
  readonly #archives: View<Archive>;

  constructor(options: BusesOptions) {
    const { objects } = options;
    this.#options = options;
    this.#buses = objects.view(eventBusKind);
    this.#rules = objects.view(ruleKind, {
      indexes: { bus: (rule) => [keyOf(rule.metadata.namespace ?? "", busOf(rule))] },
    });
    this.#archives = objects.view(archiveKind, {
      indexes: { bus: ({ metadata, spec }) => [keyOf(metadata.namespace ?? "", spec.bus ?? DEFAULT_BUS)] },
    });
  }

  /** Null when there is none; the default bus is always there. */
  async find(namespace: string, name: string): Promise<EventBus | null> {
    const found = await this.#find(this.#buses, eventBusKind, keyOf(namespace, name));
    return found ?? (name === DEFAULT_BUS ? defaultBus(namespace) : null);
  }

  list(namespace: string): readonly EventBus[] {
    const all = this.#buses.list(namespace);
    const isThere = all.some(({ metadata }) => metadata.name === DEFAULT_BUS);
    return [...all, ...(isThere ? [] : [defaultBus(namespace)])].toSorted(byName);
  }

  findRule(namespace: string, bus: string, rule: string): Promise<Rule | null> {
    return this.#find(this.#rules, ruleKind, keyOf(namespace, ruleObjectName(bus, rule)));
  }

  rulesOf({ metadata }: EventBus): readonly Rule[] {
    return this.#rules.by("bus", keyOf(metadata.namespace ?? "", metadata.name)).toSorted(byName);
  }

  /** One that is going is not there any more. */
  async findArchive(namespace: string, name: string): Promise<Archive | null> {
    const found = await this.#find(this.#archives, archiveKind, keyOf(namespace, name));
    return found?.metadata.deletionTimestamp === undefined ? found : null;
  }

  archives(namespace: string): readonly Archive[] {
    return this.#archives
      .list(namespace)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .toSorted(byName);
  }

  /** As it is now; the status of the object says it once a minute. */
  async countArchived(archive: Archive): Promise<{ readonly events: number; readonly bytes: number }> {
    const { rows: events, bytes } = await this.#options.database.count(archiveCollection(archive));
    return { events, bytes };
  }

  createBus(bus: EventBus): Promise<EventBus> {
    return this.#create(this.#buses, eventBusKind, bus);
  }

  /** The default bus becomes an object when something is set on it. */
  async changeBus(bus: EventBus, decide: (live: EventBus) => EventBus): Promise<void> {
    if (bus.metadata.uid === undefined) await this.createBus(decide(bus));
    else await this.#change(this.#buses, eventBusKind, bus, decide);
  }

  createRule(rule: Rule): Promise<Rule> {
    return this.#create(this.#rules, ruleKind, rule);
  }

  changeRule(rule: Rule, decide: (live: Rule) => Rule): Promise<void> {
    return this.#change(this.#rules, ruleKind, rule, decide);
  }

  createArchive(archive: Archive): Promise<Archive> {
    return this.#create(this.#archives, archiveKind, archive);
  }

  changeArchive(archive: Archive, decide: (live: Archive) => Archive): Promise<void> {
    return this.#change(this.#archives, archiveKind, archive, decide);
  }

  async remove<T extends KubeObject>(kind: Kind<T>, object: T): Promise<void> {
    await this.#options.objects.remove(kind, keyOfObject(object));
  }

  /** Durable for every target and archive when resolved. */
  put(bus: EventBus, events: readonly BusEvent[]): Promise<void> {
    return this.#put(bus, events, { rows: [] });
  }

  /** Puts events again that an archive has kept. */
  putAgain(bus: EventBus, events: readonly BusEvent[], again: Again): Promise<void> {
    return this.#put(bus, events, again);
  }

  /** Hands an event to the targets of one rule, whatever its pattern says; `rows` are written in the same step. */
  async fire(rule: Rule, event: BusEvent, rows: Prepared["rows"]): Promise<void> {
    const { pushes, origin } = this.#options;
    const prepared = pushes.prepare(this.#pushesOf(rule, event, envelopeOf(event, origin)));
    await this.#write([...rows, ...prepared.rows]);
    prepared.start();
  }

  [Symbol.dispose](): void {
    for (const view of [this.#buses, this.#rules, this.#archives]) view[Symbol.dispose]();
  }

  async #put(bus: EventBus, events: readonly BusEvent[], { rules: only, rows }: Again): Promise<void> {
    const { origin, pushes } = this.#options;
    const key = keyOf(bus.metadata.namespace ?? "", bus.metadata.name);
    const rules = this.#rules.by("bus", key).filter((rule) => only === undefined || only.has(ruleName(rule)));
    const archives = this.#archives.by("bus", key);
    const seen = events.map((event) => ({ event, envelope: envelopeOf(event, origin) }));
    const out = seen.flatMap(({ event, envelope }) =>
      rules.filter((rule) => isWanted(rule, envelope)).flatMap((rule) => this.#pushesOf(rule, event, envelope)),
    );
    const kept = seen
      .filter(({ event }) => event.replay === undefined)
      .flatMap(({ event, envelope }) =>
        archives
          .filter((archive) => patternOf(archive)?.matches(envelope) ?? true)
          .map((archive) => archivedRow(archive, event)),
      );
    const prepared = pushes.prepare(out);
    const all = [...rows, ...kept, ...prepared.rows];
    if (all.length > 0) await this.#write(all);
    prepared.start();
  }

  #pushesOf(rule: Rule, { isForwarded }: BusEvent, envelope: Envelope): readonly Push[] {
    const name = ruleName(rule);
    const ruleArn = this.#options.ruleArn(busOf(rule), name);
    return (rule.spec.targets ?? []).flatMap((target) => {
      if (isForwarded === true && parseArn(target.arn)?.service === "events") return [];
      const payload = inputOf(target, envelope, { ruleArn, ruleName: name });
      return payload === null ? [] : [pushOf(rule, target, { payload, ruleArn, id: identityOf(envelope) })];
    });
  }

  #write(writes: Prepared["rows"]): Promise<void> {
    return this.#options.database.changeAll([], () => ({ writes, result: undefined }));
  }

  async #find<T extends KubeObject>(view: View<T>, kind: Kind<T>, key: ReturnType<typeof keyOf>): Promise<T | null> {
    return view.get(key) ?? (await this.#options.objects.get(kind, key));
  }

  async #create<T extends KubeObject>(view: View<T>, kind: Kind<T>, object: T): Promise<T> {
    const created = await this.#options.objects.create(kind, object);
    await seenIn(view, created, this.#options.clock);
    return created;
  }

  async #change<T extends KubeObject>(view: View<T>, kind: Kind<T>, object: T, decide: (live: T) => T): Promise<void> {
    const changed = await this.#options.objects.change(kind, keyOfObject(object), decide);
    if (changed !== null) await seenIn(view, changed, this.#options.clock);
  }
}

function defaultBus(namespace: string): EventBus {
  return { apiVersion: "catamaran.dev/v1", kind: "EventBus", metadata: { name: DEFAULT_BUS, namespace }, spec: {} };
}

// A pattern is read once, as long as its object stays as it is.
const patterns = new WeakMap<Rule | Archive, Pattern>();

function patternOf(of: Rule | Archive): Pattern | null {
  const { pattern } = of.spec;
  if (pattern === undefined) return null;
  const known = patterns.get(of);
  if (known !== undefined) return known;
  const read = readPattern(pattern);
  patterns.set(of, read);
  return read;
}

function isWanted(rule: Rule, envelope: Envelope): boolean {
  return rule.spec.enabled !== false && patternOf(rule)?.matches(envelope) === true;
}

interface Handed {
  readonly payload: string;
  readonly ruleArn: string;
  readonly id: string;
}

/** What tells one putting of an event from another: a replay puts it again on purpose. */
function identityOf(envelope: Envelope): string {
  const { id, "replay-name": replay } = envelope;
  return replay === undefined ? id : `${id}.${replay}`;
}

function pushOf(rule: Rule, target: RuleTarget, { payload, ruleArn, id }: Handed): Push {
  const { arn, deadLetterQueue, messageGroup, retry = {} } = target;
  const attributes = { RULE_ARN: text(ruleArn), TARGET_ARN: text(arn) };
  return {
    target: arn,
    namespace: rule.metadata.namespace ?? "",
    payload,
    source: ruleArn,
    retry: {
      retries: retry.maximumAttempts ?? RETRIES,
      maxAgeMs: (retry.maximumAgeSeconds ?? MAX_AGE_SECONDS) * 1_000,
      phases: PHASES,
    },
    ...(messageGroup !== undefined && {
      group: messageGroup,
      deduplication: `${id}.${rule.metadata.uid ?? ""}.${target.id}`,
    }),
    ...(deadLetterQueue !== undefined && { deadLetter: { target: deadLetterQueue, attributes, isExplained: true } }),
  };
}

function text(value: string): { readonly type: string; readonly value: string } {
  return { type: "String", value };
}

function byName(a: KubeObject, b: KubeObject): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

/** The event in an envelope that came from another bus. Null for what is none. */
export function eventIn(json: unknown): BusEvent | null {
  if (!isJsonObject(json)) return null;
  const { id, source, "detail-type": type, time, resources = [], detail = {} } = json;
  if (typeof id !== "string" || typeof source !== "string" || typeof type !== "string") return null;
  const timeMs = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return {
    id,
    source,
    type,
    timeMs: Number.isNaN(timeMs) ? 0 : timeMs,
    resources: Array.isArray(resources) ? resources.map(String) : [],
    detail,
    isForwarded: true,
  };
}
