/** SNS: the list of its actions (API version 2010-03-31). */
import { type Action, type Service, service } from "../action.ts";
import {
  addPermission,
  createTopic,
  deleteTopic,
  getTopicAttributes,
  listTagsForResource,
  listTopics,
  removePermission,
  setTopicAttributes,
  tagResource,
  untagResource,
} from "./manage-topics.ts";
import { model } from "./model.gen.ts";
import { publish, publishBatch } from "./publish.ts";
import {
  confirmSubscription,
  getSubscriptionAttributes,
  listSubscriptions,
  listSubscriptionsByTopic,
  setSubscriptionAttributes,
  subscribe,
  unsubscribe,
} from "./subscribe.ts";
import { topicArn, type TopicWorld } from "./world.ts";

export const actions: readonly Action<TopicWorld>[] = [
  addPermission,
  confirmSubscription,
  createTopic,
  deleteTopic,
  getSubscriptionAttributes,
  getTopicAttributes,
  listSubscriptions,
  listSubscriptionsByTopic,
  listTagsForResource,
  listTopics,
  publish,
  publishBatch,
  removePermission,
  setSubscriptionAttributes,
  setTopicAttributes,
  subscribe,
  tagResource,
  unsubscribe,
  untagResource,
];

export function snsService(world: TopicWorld): Service {
  return service(model, world, actions, {
    policyOf: async (resource) => {
      const prefix = topicArn(world, "");
      const topic = resource.startsWith(prefix)
        ? await world.topics.find(world.namespace, resource.slice(prefix.length))
        : null;
      return topic?.spec.policy ?? null;
    },
  });
}
