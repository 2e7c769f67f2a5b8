/** The parts of the control process that hand things on: pushes, topics, buses, schedules, and the services of the AWS door that speak of them. */
import type { Service } from "#aws/action.ts";
import type { AwsOptions } from "#aws/listen.ts";
import { arnOf } from "#aws/lambda/names.ts";
import { eventsService } from "#aws/events/service.ts";
import { ruleArn } from "#aws/events/world.ts";
import { schedulerService } from "#aws/scheduler/service.ts";
import { arnOfSchedule } from "#aws/scheduler/world.ts";
import { CERTIFICATE_PATH, topicLinks } from "#aws/sns/links.ts";
import { notifier, type Notifying, questioner } from "#aws/sns/notification.ts";
import { snsService } from "#aws/sns/service.ts";
import { notificationSigner, type SigningKey } from "#aws/sns/signer.ts";
import type { Deck } from "#deck/deck.ts";
import { startKeeper } from "#deck/loop.ts";
import type { Asynchronous } from "#functions/event-queue.ts";
import type { Functions } from "#functions/engine.ts";
import { post } from "#http/post.ts";
import { files } from "#instance/files.ts";
import { Buses } from "#managed/bus/buses.ts";
import { archiveKeeper } from "#managed/bus/keep-archives.ts";
import { Replays } from "#managed/bus/replays.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import { functionVersionKind } from "#kinds/catamaran/function-version.ts";
import type { Database } from "#managed/database.ts";
import type { Queues } from "#managed/queue/queues.ts";
import { scheduleKeeper } from "#managed/schedule/keep-schedules.ts";
import { Schedules } from "#managed/schedule/schedules.ts";
import { ruleKeeper } from "#managed/schedule/keep-rules.ts";
import { subscriptionKeeper, topicKeeper } from "#managed/topic/keep-topics.ts";
import { Topics } from "#managed/topic/topics.ts";
import {
  busDeliverer,
  deliverBy,
  functionDeliverer,
  type Home,
  queueDeliverer,
  topicDeliverer,
} from "#triggers/deliverers.ts";
import { destinations } from "#triggers/destinations.ts";
import { ObjectTriggerKeeper } from "#triggers/keep-object-triggers.ts";
import { Outbox } from "#triggers/outbox.ts";
import type { Part } from "./compose.ts";
import type { RoleBasis } from "./role.ts";
import { signingKeyIn } from "./signing-key.ts";

interface Stored {
  readonly deck: Deck;
  readonly database: Database;
}

export interface Pushing {
  /** What engines hand on by themselves; delivered once everybody is there who takes it. */
  readonly outbox: Outbox;
}

export const pushes: Part<RoleBasis & Stored, Pushing> = {
  name: "pushes",
  start: async ({ clock, random, log, database }, stack) => ({
    outbox: stack.use(await Outbox.open({ database, clock, random, log })),
  }),
};

export interface Ends {
  /** What happens with asynchronous invocations that are done with. */
  readonly asynchronous: Asynchronous;
}

export const asyncEnds: Part<RoleBasis & Stored & Pushing, Ends> = {
  name: "ends of asynchronous invocations",
  start: ({ instance, clock, deck, outbox }, stack) => {
    const objects = deck.objects("catamaran-destinations");
    const functions = stack.use(objects.view(functionKind));
    const versions = stack.use(objects.view(functionVersionKind));
    const functionArn = (name: string, qualifier: string): string => arnOf(instance, name, qualifier);
    const now = (): number => clock.now();
    return { asynchronous: destinations({ functions, versions, pushes: outbox, functionArn, now }) };
  },
};

interface TopicEngine {
  readonly topics: Topics;
  readonly signingKey: () => Promise<SigningKey>;
}

export const topicEngine: Part<RoleBasis & Stored & Pushing, TopicEngine> = {
  name: "topics",
  start: ({ instance, clock, random, log, deck, database, outbox }, stack) => {
    const { region, accountId, ports } = instance;
    const doorUrl = `http://127.0.0.1:${ports.aws}`;
    const signingKey = signingKeyIn(files.pki(instance), clock);
    const signer = notificationSigner(signingKey, `${doorUrl}${CERTIFICATE_PATH}`);
    const notifying: Notifying = { region, accountId, doorUrl, signer };
    const objects = deck.objects("catamaran-topics");
    const common = { objects, database, clock, random };
    const topics = stack.use(new Topics({ ...common, pushes: outbox, render: notifier(notifying) }));
    const renderQuestion = questioner(
      notifying,
      () => random.uuid(),
      () => clock.now(),
    );
    stack.use(startKeeper(topicKeeper({ topics, clock }), objects, { clock, log }));
    const keeper = subscriptionKeeper({ topics, pushes: outbox, renderQuestion, random });
    stack.use(startKeeper(keeper, objects, { clock, log }));
    return { topics, signingKey };
  },
};

interface BusEngine {
  readonly buses: Buses;
  readonly replays: Replays;
}

export const busEngine: Part<RoleBasis & Stored & Pushing, BusEngine> = {
  name: "buses",
  start: ({ instance, clock, random, log, deck, database, outbox }, stack) => {
    const { region, accountId } = instance;
    const objects = deck.objects("catamaran-buses");
    const arnOf = (bus: string, rule: string): string => ruleArn({ region, accountId }, bus, rule);
    const origin = { account: accountId, region };
    const buses = stack.use(new Buses({ objects, database, pushes: outbox, origin, ruleArn: arnOf, clock }));
    const replays = new Replays(database, clock);
    const archives = archiveKeeper({ objects, database, buses, replays, clock });
    stack.use(startKeeper(archives, objects, { clock, log }));
    const rules = ruleKeeper({ database, buses, ruleArn: arnOf, clock, random });
    stack.use(startKeeper(rules, objects, { clock, log }));
    return { buses, replays };
  },
};

interface ScheduleEngine {
  readonly schedules: Schedules;
}

export const scheduleEngine: Part<RoleBasis & Stored & Pushing, ScheduleEngine> = {
  name: "schedules",
  start: ({ instance, clock, random, log, deck, database, outbox }, stack) => {
    const { region, accountId } = instance;
    const objects = deck.objects("catamaran-schedules");
    const schedules = stack.use(new Schedules(objects, clock));
    const keeper = scheduleKeeper({
      database,
      pushes: outbox,
      schedules,
      origin: { account: accountId, region },
      scheduleArn: (schedule) => arnOfSchedule({ region, accountId }, schedule),
      clock,
      random,
    });
    stack.use(startKeeper(keeper, objects, { clock, log }));
    return { schedules };
  },
};

interface Targets {
  readonly functions: Functions;
  readonly queues: Queues;
}

interface Delivering {
  /** The services whose ARNs pushes can go to. */
  readonly targetServices: ReadonlySet<string>;
}

// "A subscriber has 15 seconds to answer" (Amazon SNS Developer Guide, "HTTP/HTTPS endpoints").
const ANSWER_MS = 15_000;

export const deliveries: Part<RoleBasis & Pushing & Targets & TopicEngine & BusEngine, Delivering> = {
  name: "deliveries",
  start: ({ instance, clock, random, functions, queues, topics, buses, outbox }) => {
    const home = homeOf(instance);
    const deliverers = [
      functionDeliverer(functions, home),
      queueDeliverer(queues, home),
      topicDeliverer(topics, home),
      busDeliverer(buses, home, { clock, random }),
    ];
    const ask: Parameters<typeof deliverBy>[1] = (address, { headers = {}, body }) =>
      post(address, { headers, body, timeoutMs: ANSWER_MS });
    outbox.start(deliverBy(deliverers, ask, home));
    return { targetServices: new Set(deliverers.map(({ service }) => service)) };
  },
};

export const objectTriggers: Part<RoleBasis & Stored & Pushing, object> = {
  name: "object triggers",
  start: ({ instance, clock, log, deck, database, outbox }, stack) => {
    const objects = deck.objects("catamaran-object-triggers");
    const keeper = new ObjectTriggerKeeper({
      objects,
      kindOf: (apiVersion, kind) => deck.registry.named(apiVersion, kind),
      database,
      pushes: outbox,
      functionArn: (name) => arnOf(instance, name),
      clock,
      log,
    });
    stack.use(keeper);
    stack.use(startKeeper(keeper, objects, { clock, log }));
    return {};
  },
};

export interface MessageDoors {
  readonly messageServices: readonly Service[];
  readonly links: NonNullable<AwsOptions["links"]>;
}

export const messageDoors: Part<RoleBasis & TopicEngine & BusEngine & ScheduleEngine & Delivering, MessageDoors> = {
  name: "services of messages",
  start: ({ instance, random, topics, signingKey, buses, replays, schedules, targetServices }) => {
    const home = homeOf(instance);
    const newId = (): string => random.uuid();
    const topicWorld = { ...home, topics, newId };
    const certificate = async (): Promise<string> => (await signingKey()).certificate;
    const busWorld = { ...home, buses, replays, newId, targetServices };
    const scheduleWorld = { ...home, schedules, targetServices };
    const messageServices = [snsService(topicWorld), eventsService(busWorld), schedulerService(scheduleWorld)];
    return { messageServices, links: topicLinks(topicWorld, certificate) };
  },
};

function homeOf({ region, accountId }: RoleBasis["instance"]): Home {
  return { accountId, region, namespace: "default" };
}
