/** Keeps topics and their subscribers: forgets old deduplication ids, and asks http(s) subscribers whether they want it. */
import type { Clock } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import type { Keeper } from "#deck/controller.ts";
import { needsConfirmation, type Subscription, subscriptionKind } from "#kinds/catamaran/subscription.ts";
import { type Topic, topicKind } from "#kinds/catamaran/topic.ts";
import type { Push, Pushes } from "../push.ts";
import type { Topics } from "./topics.ts";

const EVERY_MS = 60_000;

export function topicKeeper({ topics, clock }: { readonly topics: Topics; readonly clock: Clock }): Keeper<Topic> {
  return {
    name: "catamaran-topics",
    kind: topicKind,
    async keep(_key, topic) {
      if (topic?.spec.fifo === undefined) return undefined;
      const isMore = await topics.sweep(topic);
      return clock.now() + (isMore ? 0 : EVERY_MS);
    },
  };
}

export interface SubscriptionKeeping {
  readonly topics: Topics;
  readonly pushes: Pushes;
  /** The question whether it wants to subscribe, for the address itself. */
  readonly renderQuestion: (subscription: Subscription, token: string) => Promise<Push>;
  readonly random: Random;
}

/** The token is written first and the state last: whatever ends the process between, the subscriber is asked (again) with the same token. */
export function subscriptionKeeper({
  topics,
  pushes,
  renderQuestion,
  random,
}: SubscriptionKeeping): Keeper<Subscription> {
  return {
    name: "catamaran-subscriptions",
    kind: subscriptionKind,
    async keep(_key, subscription) {
      if (subscription === undefined || !needsConfirmation(subscription)) return undefined;
      const { token, state } = subscription.status ?? {};
      if (state !== undefined) return undefined;
      if (token === undefined) {
        const next = tokenOf(random);
        await topics.changeSubscription(subscription, (live) => ({ ...live, status: { token: next } }), "status");
        return undefined;
      }
      await pushes.accept([await renderQuestion(subscription, token)]);
      const asked = (live: Subscription): Subscription => ({ ...live, status: { state: "Pending", ...live.status } });
      await topics.changeSubscription(subscription, asked, "status");
      return undefined;
    },
  };
}

// SNS's tokens are hexadecimal digits as many as here, or twice that.
function tokenOf(random: Random): string {
  return Array.from({ length: 4 }, () => random.uuid().replaceAll("-", "")).join("");
}
