/** The Parameter Store of Systems Manager: the list of its actions (API version 2014-11-06). */
import { type Action, type Service, service } from "../action.ts";
import * as labels from "./labels-and-tags.ts";
import { model } from "./model.gen.ts";
import * as put from "./put-parameter.ts";
import * as read from "./read-parameters.ts";
import { invalid, type ParameterWorld } from "./world.ts";

export const actions: readonly Action<ParameterWorld>[] = [
  labels.addTagsToResource,
  put.deleteParameter,
  put.deleteParameters,
  read.describeParameters,
  read.getParameter,
  read.getParameterHistory,
  read.getParameters,
  read.getParametersByPath,
  labels.labelParameterVersion,
  labels.listTagsForResource,
  put.putParameter,
  labels.removeTagsFromResource,
  labels.unlabelParameterVersion,
];

export function ssmService(world: ParameterWorld): Service {
  return service(model, world, actions, { refusal: invalid });
}
