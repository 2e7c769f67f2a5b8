/** Archives and replays of their events. */
import { parseArn } from "#base/arn.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import { nameOf, keyOf } from "#base/key.ts";
import { readPattern } from "#base/pattern/pattern.ts";
import { type Archive, archiveKind } from "#kinds/catamaran/archive.ts";
import { DEFAULT_BUS } from "#kinds/catamaran/rule.ts";
import { isGoing, type Replay } from "#managed/bus/replays.ts";
import { type Action, action } from "../action.ts";
import { type Archive as ListedArchive, model, type Replay as ListedReplay } from "./model.gen.ts";
import {
  archiveArn,
  archiveAt,
  busArn,
  busAt,
  type BusWorld,
  createdMs,
  failure,
  inBusWords,
  invalid,
  pageOf,
  replayArn,
  ruleArn,
} from "./world.ts";

const NOT_YET = "leave it out";

export const createArchive: Action<BusWorld> = action(model, "CreateArchive", {
  resources: ({ ArchiveName }, place) => [archiveArn(place, ArchiveName)],
  serves: ["ArchiveName", "EventSourceArn", "Description", "EventPattern", "RetentionDays"],
  unserved: { KmsKeyIdentifier: NOT_YET },
  run: async (world: BusWorld, { ArchiveName: name, EventSourceArn, ...settings }) => {
    const bus = await busAt(world, EventSourceArn);
    if ((await world.buses.findArchive(world.namespace, name)) !== null)
      throw failure("ResourceAlreadyExistsException", `Archive ${name} already exists.`);
    const archive = await inBusWords(() =>
      world.buses.createArchive({
        apiVersion: "catamaran.dev/v1",
        kind: "Archive",
        metadata: { name, namespace: world.namespace },
        spec: withSettings({ bus: bus.metadata.name }, settings),
      }),
    );
    return answerOf(world, archive);
  },
});

interface Settings {
  readonly Description?: string;
  readonly EventPattern?: string;
  readonly RetentionDays?: number;
}

function withSettings(spec: Archive["spec"], { Description, EventPattern, RetentionDays }: Settings): Archive["spec"] {
  if (EventPattern !== undefined) checkPattern(EventPattern);
  return {
    ...spec,
    ...(Description !== undefined && { description: Description }),
    ...(EventPattern !== undefined && { pattern: EventPattern }),
    ...(RetentionDays !== undefined && { retentionDays: RetentionDays }),
  };
}

function checkPattern(pattern: string): void {
  try {
    readPattern(pattern);
  } catch (thrown) {
    throw failure("InvalidEventPatternException", `Event pattern is not valid. Reason: ${reasonOf(thrown)}`);
  }
}

function answerOf(
  world: BusWorld,
  archive: Archive,
): { readonly ArchiveArn: string; readonly State: "ENABLED"; readonly CreationTime: number } {
  return { ArchiveArn: archiveArn(world, archive.metadata.name), State: "ENABLED", CreationTime: createdMs(archive) };
}

export const updateArchive: Action<BusWorld> = action(model, "UpdateArchive", {
  resources: ({ ArchiveName }, place) => [archiveArn(place, ArchiveName)],
  serves: ["ArchiveName", "Description", "EventPattern", "RetentionDays"],
  unserved: { KmsKeyIdentifier: NOT_YET },
  run: async (world: BusWorld, { ArchiveName: name, ...settings }) => {
    const archive = await archiveAt(world, name);
    withSettings(archive.spec, settings);
    await inBusWords(() =>
      world.buses.changeArchive(archive, (live) => ({ ...live, spec: withSettings(live.spec, settings) })),
    );
    return answerOf(world, archive);
  },
});

export const deleteArchive: Action<BusWorld> = action(model, "DeleteArchive", {
  resources: ({ ArchiveName }, place) => [archiveArn(place, ArchiveName)],
  serves: ["ArchiveName"],
  unserved: {},
  run: async (world: BusWorld, { ArchiveName: name }) => {
    await world.buses.remove(archiveKind, await archiveAt(world, name));
    return {};
  },
});

export const describeArchive: Action<BusWorld> = action(model, "DescribeArchive", {
  resources: ({ ArchiveName }, place) => [archiveArn(place, ArchiveName)],
  serves: ["ArchiveName"],
  unserved: {},
  run: async (world: BusWorld, { ArchiveName: name }) => {
    const archive = await archiveAt(world, name);
    const { description, pattern } = archive.spec;
    return {
      ...(await listed(world, archive)),
      ArchiveArn: archiveArn(world, name),
      ...(description !== undefined && { Description: description }),
      ...(pattern !== undefined && { EventPattern: pattern }),
    };
  },
});

export const listArchives: Action<BusWorld> = action(model, "ListArchives", {
  serves: ["NamePrefix", "EventSourceArn", "State", "NextToken", "Limit"],
  unserved: {},
  run: async (world: BusWorld, { NamePrefix: prefix = "", EventSourceArn: source, State = "ENABLED", ...page }) => {
    const bus = source === undefined ? null : await busAt(world, source);
    const all = world.buses
      .archives(world.namespace)
      .filter(
        ({ metadata, spec }) =>
          metadata.name.startsWith(prefix) && (bus === null || (spec.bus ?? DEFAULT_BUS) === bus.metadata.name),
      );
    const found = pageOf(State === "ENABLED" ? all : [], ({ metadata }) => metadata.name, page);
    return { Archives: await Promise.all(found.page.map((archive) => listed(world, archive))), ...found.next };
  },
});

async function listed(world: BusWorld, archive: Archive): Promise<ListedArchive> {
  const { spec, metadata } = archive;
  const { events, bytes } = await world.buses.countArchived(archive);
  return {
    ArchiveName: metadata.name,
    EventSourceArn: busArn(world, spec.bus ?? DEFAULT_BUS),
    State: "ENABLED",
    RetentionDays: spec.retentionDays ?? 0,
    SizeBytes: bytes,
    EventCount: events,
    CreationTime: createdMs(archive),
  };
}

export const startReplay: Action<BusWorld> = action(model, "StartReplay", {
  resources: ({ ReplayName }, place) => [replayArn(place, ReplayName)],
  serves: [
    "ReplayName",
    "Description",
    "EventSourceArn",
    "EventStartTime",
    "EventEndTime",
    "Destination.Arn",
    "Destination.FilterArns",
  ],
  unserved: {},
  run: async (world: BusWorld, input) => {
    const { ReplayName: name, EventSourceArn: source, EventStartTime: fromMs, EventEndTime: toMs, Destination } = input;
    const archive = await archiveAt(world, (parseArn(source)?.resource ?? source).replace(/^archive\//, ""));
    const bus = await busAt(world, Destination.Arn);
    if (bus.metadata.name !== (archive.spec.bus ?? DEFAULT_BUS))
      throw invalid("Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.");
    if (toMs <= fromMs)
      throw invalid("Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.");
    const { FilterArns: filters = [] } = Destination;
    const rules = filters.map((arn) => arn.slice(arn.lastIndexOf("/") + 1));
    const replay = await started(world, {
      name,
      archive: keyOf(world.namespace, archive.metadata.name),
      fromMs,
      toMs,
      ...(input.Description !== undefined && { description: input.Description }),
      ...(rules.length > 0 && { rules }),
    });
    return { ReplayArn: replayArn(world, name), State: replay.state, ReplayStartTime: replay.startedAtMs };
  },
});

async function started(world: BusWorld, asked: Parameters<BusWorld["replays"]["start"]>[0]): Promise<Replay> {
  try {
    return await world.replays.start(asked);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "AlreadyExists")
      throw failure("ResourceAlreadyExistsException", thrown.message);
    throw thrown;
  }
}

export const cancelReplay: Action<BusWorld> = action(model, "CancelReplay", {
  resources: ({ ReplayName }, place) => [replayArn(place, ReplayName)],
  serves: ["ReplayName"],
  unserved: {},
  run: async (world: BusWorld, { ReplayName: name }) => {
    const replay = await replayAt(world, name);
    if (!isGoing(replay) || (await world.replays.cancel(name)) === null)
      throw failure("IllegalStatusException", `Replay ${name} is not in a valid state for this operation.`);
    return { ReplayArn: replayArn(world, name), State: "CANCELLING" as const };
  },
});

export const describeReplay: Action<BusWorld> = action(model, "DescribeReplay", {
  resources: ({ ReplayName }, place) => [replayArn(place, ReplayName)],
  serves: ["ReplayName"],
  unserved: {},
  run: async (world: BusWorld, { ReplayName: name }) => {
    const replay = await replayAt(world, name);
    const archive = await world.buses.findArchive(world.namespace, nameOf(replay.archive).name);
    const bus = archive?.spec.bus ?? DEFAULT_BUS;
    const FilterArns = replay.rules?.map((rule) => ruleArn(world, bus, rule));
    return {
      ...listedReplay(world, replay),
      ReplayArn: replayArn(world, name),
      Destination: { Arn: busArn(world, bus), ...(FilterArns !== undefined && { FilterArns }) },
      ...(replay.description !== undefined && { Description: replay.description }),
    };
  },
});

async function replayAt(world: BusWorld, name: string): Promise<Replay> {
  const found = await world.replays.find(name);
  if (found === null) throw failure("ResourceNotFoundException", `Replay ${name} does not exist.`);
  return found;
}

export const listReplays: Action<BusWorld> = action(model, "ListReplays", {
  serves: ["NamePrefix", "State", "EventSourceArn", "NextToken", "Limit"],
  unserved: {},
  run: async (world: BusWorld, { NamePrefix: prefix = "", State: state, EventSourceArn: source, ...page }) => {
    const all = (await world.replays.list()).filter(
      ({ name, archive, ...replay }) =>
        name.startsWith(prefix) &&
        (state === undefined || replay.state === state) &&
        (source === undefined || archiveArn(world, nameOf(archive).name) === source),
    );
    const found = pageOf(all, ({ name }) => name, page);
    return { Replays: found.page.map((replay) => listedReplay(world, replay)), ...found.next };
  },
});

function listedReplay(world: BusWorld, replay: Replay): ListedReplay {
  return {
    ReplayName: replay.name,
    EventSourceArn: archiveArn(world, nameOf(replay.archive).name),
    State: replay.state,
    EventStartTime: replay.fromMs,
    EventEndTime: replay.toMs,
    ReplayStartTime: replay.startedAtMs,
    ...(replay.lastMs !== undefined && { EventLastReplayedTime: replay.lastMs }),
    ...(replay.endedAtMs !== undefined && { ReplayEndTime: replay.endedAtMs }),
  };
}
