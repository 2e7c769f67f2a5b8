/** Lambda: the list of its actions (Lambda API, 2015-03-31 and later). */
import { type Action, type Service, service } from "../action.ts";
import type { AccountFunctions } from "./account-functions.ts";
import { createAlias, deleteAlias, getAlias, listAliases, updateAlias } from "./aliases.ts";
import { getPackage } from "./code-location.ts";
import {
  deleteFunctionConcurrency,
  getAccountSettings,
  getFunctionConcurrency,
  putFunctionConcurrency,
} from "./concurrency.ts";
import { createFunction } from "./create-function.ts";
import { deleteFunction } from "./delete-function.ts";
import {
  deleteFunctionEventInvokeConfig,
  getFunctionEventInvokeConfig,
  listFunctionEventInvokeConfigs,
  putFunctionEventInvokeConfig,
  updateFunctionEventInvokeConfig,
} from "./event-invoke.ts";
import {
  createEventSourceMapping,
  deleteEventSourceMapping,
  getEventSourceMapping,
  listEventSourceMappings,
  updateEventSourceMapping,
} from "./event-sources.ts";
import {
  createFunctionUrlConfig,
  deleteFunctionUrlConfig,
  getFunctionUrlConfig,
  listFunctionUrlConfigs,
  updateFunctionUrlConfig,
} from "./function-url.ts";
import { invoke } from "./invoke.ts";
import { invokeWithResponseStream } from "./invoke-streaming.ts";
import { addLayerVersionPermission, getLayerVersionPolicy, removeLayerVersionPermission } from "./layer-permissions.ts";
import {
  deleteLayerVersion,
  getLayerVersion,
  getLayerVersionByArn,
  listLayers,
  listLayerVersions,
  publishLayerVersion,
} from "./layers.ts";
import { model } from "./model.gen.ts";
import { addPermission, getPolicy, removePermission, standingPolicy } from "./permissions.ts";
import {
  getFunctionCodeSigningConfig,
  getFunctionRecursionConfig,
  getRuntimeManagementConfig,
  putFunctionRecursionConfig,
  putRuntimeManagementConfig,
} from "./function-settings.ts";
import {
  deleteProvisionedConcurrencyConfig,
  getProvisionedConcurrencyConfig,
  listProvisionedConcurrencyConfigs,
  putProvisionedConcurrencyConfig,
} from "./provisioned.ts";
import { publishVersion } from "./publish.ts";
import { getFunction, getFunctionConfiguration, listFunctions, listVersionsByFunction } from "./read-functions.ts";
import { listTags, tagResource, untagResource } from "./tags.ts";
import { updateFunctionCode, updateFunctionConfiguration } from "./update-function.ts";

export const actions: readonly Action<AccountFunctions>[] = [
  // First what is asked most: routes are tried in this order.
  invoke,
  invokeWithResponseStream,
  createFunction,
  getFunction,
  getPackage,
  deleteFunction,
  getFunctionConfiguration,
  updateFunctionConfiguration,
  updateFunctionCode,
  listFunctions,
  listVersionsByFunction,
  publishVersion,
  createAlias,
  getAlias,
  updateAlias,
  deleteAlias,
  listAliases,
  getAccountSettings,
  putFunctionConcurrency,
  deleteFunctionConcurrency,
  getFunctionConcurrency,
  putProvisionedConcurrencyConfig,
  getProvisionedConcurrencyConfig,
  deleteProvisionedConcurrencyConfig,
  listProvisionedConcurrencyConfigs,
  getFunctionRecursionConfig,
  putFunctionRecursionConfig,
  getRuntimeManagementConfig,
  putRuntimeManagementConfig,
  getFunctionCodeSigningConfig,
  createFunctionUrlConfig,
  getFunctionUrlConfig,
  updateFunctionUrlConfig,
  deleteFunctionUrlConfig,
  listFunctionUrlConfigs,
  deleteFunctionEventInvokeConfig,
  getFunctionEventInvokeConfig,
  listFunctionEventInvokeConfigs,
  putFunctionEventInvokeConfig,
  updateFunctionEventInvokeConfig,
  createEventSourceMapping,
  getEventSourceMapping,
  listEventSourceMappings,
  updateEventSourceMapping,
  deleteEventSourceMapping,
  publishLayerVersion,
  getLayerVersion,
  getLayerVersionByArn,
  listLayers,
  listLayerVersions,
  deleteLayerVersion,
  addLayerVersionPermission,
  removeLayerVersionPermission,
  getLayerVersionPolicy,
  addPermission,
  removePermission,
  getPolicy,
  listTags,
  tagResource,
  untagResource,
];

export function lambdaService(account: AccountFunctions): Service {
  return service(model, account, actions, { policyOf: (arn) => standingPolicy(account, arn) });
}
