/** The parts of the control process that hand things on: pushes, topics, and the services of the AWS door that speak of them. */
import type { Service } from "#aws/action.ts";
import type { AwsOptions } from "#aws/listen.ts";
import { CERTIFICATE_PATH, topicLinks } from "#aws/sns/links.ts";
import { notifier, type Notifying, questioner } from "#aws/sns/notification.ts";
import { snsService } from "#aws/sns/service.ts";
import { notificationSigner, type SigningKey } from "#aws/sns/signer.ts";
import type { Deck } from "#deck/deck.ts";
import { startKeeper } from "#deck/loop.ts";
import type { Functions } from "#functions/engine.ts";
import { post } from "#http/post.ts";
import { files } from "#instance/files.ts";
import type { Database } from "#managed/database.ts";
import type { Queues } from "#managed/queue/queues.ts";
import { subscriptionKeeper, topicKeeper } from "#managed/topic/keep-topics.ts";
import { Topics } from "#managed/topic/topics.ts";
import { deliverBy, functionDeliverer, type Home, queueDeliverer, topicDeliverer } from "#triggers/deliverers.ts";
import { Outbox } from "#triggers/outbox.ts";
import type { Part } from "./compose.ts";
import type { RoleBasis } from "./role.ts";
import { signingKeyIn } from "./signing-key.ts";

interface Stored {
  readonly deck: Deck;
  readonly database: Database;
}

interface Pushing {
  /** What engines hand on by themselves; delivered once everybody is there who takes it. */
  readonly outbox: Outbox;
}

export const pushes: Part<RoleBasis & Stored, Pushing> = {
  name: "pushes",
  start: async ({ clock, random, log, database }, stack) => ({
    outbox: stack.use(await Outbox.open({ database, clock, random, log })),
  }),
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

interface Targets {
  readonly functions: Functions;
  readonly queues: Queues;
}

// "A subscriber has 15 seconds to answer" (Amazon SNS Developer Guide, "HTTP/HTTPS endpoints").
const ANSWER_MS = 15_000;

export const deliveries: Part<RoleBasis & Pushing & Targets & TopicEngine, object> = {
  name: "deliveries",
  start: ({ instance, functions, queues, topics, outbox }) => {
    const home = homeOf(instance);
    const deliverers = [functionDeliverer(functions, home), queueDeliverer(queues, home), topicDeliverer(topics, home)];
    const ask: Parameters<typeof deliverBy>[1] = (address, { headers = {}, body }) =>
      post(address, { headers, body, timeoutMs: ANSWER_MS });
    outbox.start(deliverBy(deliverers, ask, home));
    return {};
  },
};

export interface MessageDoors {
  readonly messageServices: readonly Service[];
  readonly links: NonNullable<AwsOptions["links"]>;
}

export const messageDoors: Part<RoleBasis & TopicEngine, MessageDoors> = {
  name: "services of messages",
  start: ({ instance, random, topics, signingKey }) => {
    const home = homeOf(instance);
    const topicWorld = { ...home, topics, newId: () => random.uuid() };
    const certificate = async (): Promise<string> => (await signingKey()).certificate;
    return { messageServices: [snsService(topicWorld)], links: topicLinks(topicWorld, certificate) };
  },
};

function homeOf({ region, accountId }: RoleBasis["instance"]): Home {
  return { accountId, region, namespace: "default" };
}
