/** All schedules of an instance and their groups, as objects. When they run is keep-schedules.ts's. */
import type { Clock } from "#base/clock.ts";
import { keyOf } from "#base/key.ts";
import type { Objects, View } from "#deck/objects.ts";
import { DEFAULT_GROUP, groupOf, type Schedule, scheduleKind, scheduleObjectName } from "#kinds/catamaran/schedule.ts";
import { type ScheduleGroup, scheduleGroupKind } from "#kinds/catamaran/schedule-group.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import { seenIn } from "../seen.ts";

export class Schedules implements Disposable {
  readonly #objects: Objects;
  readonly #clock: Clock;
  readonly #schedules: View<Schedule>;
  readonly #groups: View<ScheduleGroup>;

  constructor(objects: Objects, clock: Clock) {
    this.#objects = objects;
    this.#clock = clock;
    this.#schedules = objects.view(scheduleKind);
    this.#groups = objects.view(scheduleGroupKind);
  }

  /** Null when there is none; the default group is always there. */
  async findGroup(namespace: string, name: string): Promise<ScheduleGroup | null> {
    const key = keyOf(namespace, name);
    const found = this.#groups.get(key) ?? (await this.#objects.get(scheduleGroupKind, key));
    return found ?? (name === DEFAULT_GROUP ? defaultGroup(namespace) : null);
  }

  groups(namespace: string): readonly ScheduleGroup[] {
    const all = this.#groups.list(namespace);
    const isThere = all.some(({ metadata }) => metadata.name === DEFAULT_GROUP);
    return [...all, ...(isThere ? [] : [defaultGroup(namespace)])].toSorted(byName);
  }

  async createGroup(group: ScheduleGroup): Promise<ScheduleGroup> {
    const created = await this.#objects.create(scheduleGroupKind, group);
    await seenIn(this.#groups, created, this.#clock);
    return created;
  }

  /** The default group becomes an object when something is set on it. */
  async changeGroup(group: ScheduleGroup, decide: (live: ScheduleGroup) => ScheduleGroup): Promise<void> {
    if (group.metadata.uid === undefined) return void (await this.createGroup(decide(group)));
    const changed = await this.#objects.change(scheduleGroupKind, keyOfObject(group), decide);
    if (changed !== null) await seenIn(this.#groups, changed, this.#clock);
  }

  /** With its schedules. */
  async removeGroup(group: ScheduleGroup): Promise<void> {
    const { namespace = "", name } = group.metadata;
    for (const schedule of this.list(namespace)) if (groupOf(schedule) === name) await this.remove(schedule);
    await this.#objects.remove(scheduleGroupKind, keyOfObject(group));
  }

  async find(namespace: string, group: string, name: string): Promise<Schedule | null> {
    const key = keyOf(namespace, scheduleObjectName(group, name));
    return this.#schedules.get(key) ?? (await this.#objects.get(scheduleKind, key));
  }

  list(namespace: string): readonly Schedule[] {
    return this.#schedules.list(namespace).toSorted(byName);
  }

  async create(schedule: Schedule): Promise<Schedule> {
    const created = await this.#objects.create(scheduleKind, schedule);
    await seenIn(this.#schedules, created, this.#clock);
    return created;
  }

  async change(schedule: Schedule, decide: (live: Schedule) => Schedule): Promise<void> {
    const changed = await this.#objects.change(scheduleKind, keyOfObject(schedule), decide);
    if (changed !== null) await seenIn(this.#schedules, changed, this.#clock);
  }

  async remove(schedule: Schedule): Promise<void> {
    await this.#objects.remove(scheduleKind, keyOfObject(schedule));
  }

  [Symbol.dispose](): void {
    this.#schedules[Symbol.dispose]();
    this.#groups[Symbol.dispose]();
  }
}

function defaultGroup(namespace: string): ScheduleGroup {
  const metadata = { name: DEFAULT_GROUP, namespace };
  return { apiVersion: "catamaran.dev/v1", kind: "ScheduleGroup", metadata, spec: {} };
}

function byName(a: KubeObject, b: KubeObject): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
