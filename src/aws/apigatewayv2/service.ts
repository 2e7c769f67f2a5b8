/** API Gateway's HTTP APIs: the list of their actions (apigatewayv2, 2018-11-29). */
import { type Action, type Service, service } from "../action.ts";
import { withPathRights } from "../api-rights.ts";
import { type AccountApis, invalid } from "./account-apis.ts";
import { createApi, deleteApi, deleteCorsConfiguration, getApi, getApis, updateApi } from "./apis.ts";
import { createAuthorizer, deleteAuthorizer, getAuthorizer, getAuthorizers, updateAuthorizer } from "./authorizers.ts";
import { createDeployment, deleteDeployment, getDeployment, getDeployments, updateDeployment } from "./deployments.ts";
import {
  createIntegration,
  deleteIntegration,
  getIntegration,
  getIntegrations,
  updateIntegration,
} from "./integrations.ts";
import { importApi, reimportApi } from "./import-api.ts";
import { model } from "./model.gen.ts";
import { createRoute, deleteRoute, getRoute, getRoutes, updateRoute } from "./routes.ts";
import {
  createStage,
  deleteAccessLogSettings,
  deleteRouteSettings,
  deleteStage,
  getStage,
  getStages,
  updateStage,
} from "./stages.ts";
import { getTags, tagResource, untagResource } from "./tags.ts";

export const actions: readonly Action<AccountApis>[] = [
  importApi,
  reimportApi,
  createApi,
  getApi,
  getApis,
  updateApi,
  deleteApi,
  deleteCorsConfiguration,
  createRoute,
  getRoute,
  getRoutes,
  updateRoute,
  deleteRoute,
  createIntegration,
  getIntegration,
  getIntegrations,
  updateIntegration,
  deleteIntegration,
  createAuthorizer,
  getAuthorizer,
  getAuthorizers,
  updateAuthorizer,
  deleteAuthorizer,
  createStage,
  getStage,
  getStages,
  updateStage,
  deleteStage,
  deleteAccessLogSettings,
  deleteRouteSettings,
  createDeployment,
  getDeployment,
  getDeployments,
  updateDeployment,
  deleteDeployment,
  getTags,
  tagResource,
  untagResource,
];

export function apiGatewayV2Service(account: AccountApis): Service {
  return service(model, account, actions.map(withPathRights), { refusal: invalid });
}
