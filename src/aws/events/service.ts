/** EventBridge: the list of its actions (API version 2015-10-07). */
import { type Action, type Service, service } from "../action.ts";
import * as archives from "./archives.ts";
import * as buses from "./manage-buses.ts";
import * as rules from "./manage-rules.ts";
import { model } from "./model.gen.ts";
import { putEvents } from "./put-events.ts";
import { listTargetsByRule, putTargets, removeTargets } from "./targets.ts";
import { busArn, type BusWorld } from "./world.ts";

export const actions: readonly Action<BusWorld>[] = [
  archives.cancelReplay,
  archives.createArchive,
  archives.deleteArchive,
  archives.describeArchive,
  archives.describeReplay,
  archives.listArchives,
  archives.listReplays,
  archives.startReplay,
  archives.updateArchive,
  buses.createEventBus,
  buses.deleteEventBus,
  buses.describeEventBus,
  buses.listEventBuses,
  buses.listTagsForResource,
  buses.putPermission,
  buses.removePermission,
  buses.tagResource,
  buses.untagResource,
  buses.updateEventBus,
  putEvents,
  rules.deleteRule,
  rules.describeRule,
  rules.disableRule,
  rules.enableRule,
  rules.listRuleNamesByTarget,
  rules.listRules,
  rules.putRule,
  rules.testEventPattern,
  listTargetsByRule,
  putTargets,
  removeTargets,
];

export function eventsService(world: BusWorld): Service {
  return service(model, world, actions, {
    policyOf: async (resource) => {
      const prefix = busArn(world, "");
      if (!resource.startsWith(prefix)) return null;
      const bus = await world.buses.find(world.namespace, resource.slice(prefix.length));
      return bus?.spec.policy ?? null;
    },
  });
}
