/** What the gateway serves of a REST API: its stages, and the methods that each of their deployments kept. Pure. */
import { member } from "#base/dictionary.ts";
import type { ApiDeployment } from "#kinds/catamaran/api-deployment.ts";
import { pathOf, type RestApi, type RestApiSpec, restHostOf } from "#kinds/catamaran/rest-api.ts";
import type {
  RestAuthorizer,
  RestGatewayResponse,
  RestMethod,
  RestMethodSetting,
  RestModel,
  RestRequestValidator,
  RestStage,
} from "#kinds/catamaran/rest-api-parts.ts";
import type { Pattern } from "../route.ts";

export interface ServedRestApi {
  readonly is: "rest";
  readonly namespace: string;
  readonly apiId: string;
  readonly host: string;
  readonly isHostClosed: boolean;
  readonly stages: ReadonlyMap<string, ServedRestStage>;
}

export interface ServedRestStage {
  readonly name: string;
  readonly deployment: ServedDeployment;
  readonly variables: Readonly<Record<string, string>>;
  /** A share of the requests is served by another deployment. */
  readonly canary?: { readonly percent: number; readonly deployment: ServedDeployment; readonly variables: Texts };
  readonly settings: Readonly<Record<string, RestMethodSetting>>;
  readonly isCached: boolean;
  readonly accessLog?: { readonly group: string; readonly format: string };
}

type Texts = Readonly<Record<string, string>>;

export interface ServedDeployment {
  readonly deploymentId: string;
  readonly methods: readonly ServedMethod[];
  readonly authorizers: ReadonlyMap<string, RestAuthorizer>;
  readonly models: ReadonlyMap<string, RestModel>;
  readonly validators: ReadonlyMap<string, RestRequestValidator>;
  readonly gatewayResponses: Readonly<Record<string, RestGatewayResponse>>;
  readonly binaryTypes: readonly string[];
  readonly compressFrom: number | null;
  readonly keySource: "HEADER" | "AUTHORIZER";
}

export interface ServedMethod extends Pattern {
  readonly resourceId: string;
  /** "/users/{id}" */
  readonly resourcePath: string;
  readonly httpMethod: string;
  readonly method: RestMethod;
}

/** What a deployment keeps of an API. */
export type RestSnapshot = Pick<
  RestApiSpec,
  | "resources"
  | "authorizers"
  | "models"
  | "requestValidators"
  | "gatewayResponses"
  | "binaryMediaTypes"
  | "minimumCompressionSize"
  | "apiKeySource"
>;

export function servedRestApi(api: RestApi, deployments: readonly ApiDeployment[]): ServedRestApi {
  const { namespace = "default", name } = api.metadata;
  const made = new Map<string, ServedDeployment>();
  const deploymentOf = (id: string | undefined): ServedDeployment => {
    const known = made.get(id ?? "");
    if (known !== undefined) return known;
    const served = servedDeployment(id ?? "", snapshotOf(api, deployments, id));
    made.set(id ?? "", served);
    return served;
  };
  const stages = (api.spec.stages ?? []).map((stage) => servedStage(stage, deploymentOf));
  return {
    is: "rest",
    namespace,
    apiId: name,
    host: restHostOf(api),
    isHostClosed: api.spec.disableExecuteApiEndpoint === true,
    stages: new Map(stages.map((stage) => [stage.name, stage])),
  };
}

const NOTHING: RestSnapshot = { resources: [] };

function snapshotOf(api: RestApi, deployments: readonly ApiDeployment[], id: string | undefined): RestSnapshot {
  if (id === undefined) return api.spec;
  const kept = deployments.find(({ spec }) => spec.deploymentId === id);
  // What is in a snapshot was checked when it was the API's own.
  return kept === undefined ? NOTHING : (kept.spec.snapshot as RestSnapshot);
}

function servedStage(stage: RestStage, deploymentOf: (id: string | undefined) => ServedDeployment): ServedRestStage {
  const { accessLogSettings: log, canarySettings: canary, variables = {} } = stage;
  return {
    name: stage.stageName,
    deployment: deploymentOf(stage.deploymentId),
    variables,
    ...(canary !== undefined && {
      canary: {
        percent: canary.percentTraffic ?? 0,
        deployment: deploymentOf(canary.deploymentId),
        variables: { ...variables, ...canary.stageVariableOverrides },
      },
    }),
    settings: stage.methodSettings ?? {},
    isCached: stage.cacheClusterEnabled === true,
    ...(log?.destinationArn !== undefined &&
      log.format !== undefined && { accessLog: { group: groupOf(log.destinationArn), format: log.format } }),
  };
}

function servedDeployment(deploymentId: string, said: RestSnapshot): ServedDeployment {
  return {
    deploymentId,
    methods: said.resources.flatMap((resource) => {
      const path = pathOf(said, resource.id);
      return Object.entries(resource.resourceMethods ?? {}).map(([httpMethod, method]) => ({
        path,
        pathType: "Template" as const,
        methods: httpMethod === "ANY" ? [] : [httpMethod],
        resourceId: resource.id,
        resourcePath: path,
        httpMethod,
        method,
      }));
    }),
    authorizers: new Map((said.authorizers ?? []).map((one) => [one.id, one])),
    models: new Map((said.models ?? []).map((one) => [one.name, one])),
    validators: new Map((said.requestValidators ?? []).map((one) => [one.id, one])),
    gatewayResponses: said.gatewayResponses ?? {},
    binaryTypes: said.binaryMediaTypes ?? [],
    compressFrom: said.minimumCompressionSize ?? null,
    keySource: said.apiKeySource ?? "HEADER",
  };
}

/** Those of the method go before those of all methods of its path, and these before those of all. */
export function settingOf(
  { settings }: ServedRestStage,
  { resourcePath, httpMethod }: ServedMethod,
): RestMethodSetting {
  const path = resourcePath.slice(1).replaceAll("/", "~1");
  const names = ["*/*", `${path}/*`, `*/${httpMethod}`, `${path}/${httpMethod}`, `~1${path}/${httpMethod}`];
  return Object.assign({}, ...names.map((name) => member(settings, name) ?? {})) as RestMethodSetting;
}

function groupOf(arn: string): string {
  return arn.replace(/^arn:[^:]*:logs:[^:]*:[^:]*:log-group:/, "").replace(/:\*$/, "");
}
