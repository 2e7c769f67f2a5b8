/** CloudFormation: the list of its actions (API version 2010-05-15). */
import { type Action, type Service, service } from "../action.ts";
import {
  createChangeSet,
  deleteChangeSet,
  describeChangeSet,
  executeChangeSet,
  listChangeSets,
} from "./change-sets.ts";
import {
  continueUpdateRollback,
  createStack,
  deleteStack,
  updateStack,
  updateTerminationProtection,
} from "./manage-stacks.ts";
import { model } from "./model.gen.ts";
import {
  describeStackEvents,
  describeStackResource,
  describeStackResources,
  describeStacks,
  listExports,
  listImports,
  listStackResources,
  listStacks,
} from "./read-stacks.ts";
import { getTemplate, getTemplateSummary, validateTemplate } from "./templates.ts";
import { invalid, type StackWorld } from "./world.ts";

export const actions: readonly Action<StackWorld>[] = [
  continueUpdateRollback,
  createChangeSet,
  createStack,
  deleteChangeSet,
  deleteStack,
  describeChangeSet,
  describeStackEvents,
  describeStackResource,
  describeStackResources,
  describeStacks,
  executeChangeSet,
  getTemplate,
  getTemplateSummary,
  listChangeSets,
  listExports,
  listImports,
  listStackResources,
  listStacks,
  updateStack,
  updateTerminationProtection,
  validateTemplate,
];

export function cloudformationService(world: StackWorld): Service {
  return service(model, world, actions, { refusal: invalid });
}
