/** Integrations of HTTP APIs: functions, Services of the cluster, and any other address. */
import type { ApiIntegration } from "#kinds/catamaran/http-api-parts.ts";
import type { HttpApiSpec } from "#kinds/catamaran/http-api.ts";
import { changeOf, isAnswerKey } from "#kinds/catamaran/parameter-key.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountApis,
  changeApi,
  failure,
  findApi,
  invalid,
  newId,
  pageOf,
  partOf,
  replaced,
} from "./account-apis.ts";
import { functionOf } from "./arns.ts";
import { mergedTexts, stored, told } from "./members.ts";
import { type Integration, model } from "./model.gen.ts";

const OF_WEBSOCKETS = "HTTP APIs have none";
const UNSERVED = {
  ConnectionId: "name a Service instead: http://NAME.NAMESPACE.svc.cluster.local",
  "ConnectionType=VPC_LINK": "name a Service instead: http://NAME.NAMESPACE.svc.cluster.local",
  ContentHandlingStrategy: OF_WEBSOCKETS,
  CredentialsArn: "leave it out: APIs may invoke the functions of their account",
  IntegrationSubtype: "call the service from a function",
  "IntegrationType=AWS": OF_WEBSOCKETS,
  "IntegrationType=HTTP": OF_WEBSOCKETS,
  "IntegrationType=MOCK": OF_WEBSOCKETS,
  PassthroughBehavior: OF_WEBSOCKETS,
  RequestTemplates: OF_WEBSOCKETS,
  TemplateSelectionExpression: OF_WEBSOCKETS,
} as const;

type Texts = Readonly<Record<string, string>>;

interface GivenIntegration {
  readonly ConnectionType?: string;
  readonly Description?: string;
  readonly IntegrationMethod?: string;
  readonly IntegrationType?: string;
  readonly IntegrationUri?: string;
  readonly PayloadFormatVersion?: string;
  readonly RequestParameters?: Texts;
  readonly ResponseParameters?: Readonly<Record<string, Texts>>;
  readonly TimeoutInMillis?: number;
  readonly TlsConfig?: { readonly ServerNameToVerify?: string };
}

export const createIntegration: Action<AccountApis> = action(model, "CreateIntegration", {
  serves: [
    "ApiId",
    "ConnectionType",
    "Description",
    "IntegrationMethod",
    "IntegrationType",
    "IntegrationUri",
    "PayloadFormatVersion",
    "RequestParameters",
    "ResponseParameters",
    "TimeoutInMillis",
    "TlsConfig",
  ],
  unserved: UNSERVED,
  run: async (account: AccountApis, input) => {
    const integrationId = newId(account, 7);
    const made = checked(changedBy({ integrationId }, input));
    await changeApi(account, input.ApiId, (spec) => ({ ...spec, integrations: [...(spec.integrations ?? []), made] }));
    return integrationOf(made);
  },
});

export const getIntegration: Action<AccountApis> = action(model, "GetIntegration", {
  serves: ["ApiId", "IntegrationId"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id, IntegrationId: integrationId }) =>
    integrationOf(integrationIn((await findApi(account, id)).spec, integrationId)),
});

export const getIntegrations: Action<AccountApis> = action(model, "GetIntegrations", {
  serves: ["ApiId", "MaxResults", "NextToken"],
  unserved: {},
  run: async (account: AccountApis, input) => {
    const { spec } = await findApi(account, input.ApiId);
    const page = pageOf(spec.integrations ?? [], input);
    return { ...page, Items: page.Items.map(integrationOf) };
  },
});

export const updateIntegration: Action<AccountApis> = action(model, "UpdateIntegration", {
  serves: [
    "ApiId",
    "IntegrationId",
    "ConnectionType",
    "Description",
    "IntegrationMethod",
    "IntegrationType",
    "IntegrationUri",
    "PayloadFormatVersion",
    "RequestParameters",
    "ResponseParameters",
    "TimeoutInMillis",
    "TlsConfig",
  ],
  unserved: UNSERVED,
  run: async (account: AccountApis, input) => {
    const { ApiId: id, IntegrationId: integrationId } = input;
    const changed = await changeApi(account, id, (spec) => {
      const live = integrationIn(spec, integrationId);
      const next = checked(changedBy(live, input));
      return { ...spec, integrations: replaced(spec.integrations ?? [], live, next) };
    });
    return integrationOf(integrationIn(changed.spec, integrationId));
  },
});

export const deleteIntegration: Action<AccountApis> = action(model, "DeleteIntegration", {
  serves: ["ApiId", "IntegrationId"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id, IntegrationId: integrationId }) => {
    await changeApi(account, id, (spec) => {
      const live = integrationIn(spec, integrationId);
      const users = spec.routes.filter(({ target }) => target === `integrations/${integrationId}`);
      if (users.length > 0)
        throw failure(
          "ConflictException",
          `Cannot delete Integration '${integrationId}'. There are some Routes using it: ${users.map(({ routeKey }) => routeKey).join(", ")}`,
        );
      return { ...spec, integrations: replaced(spec.integrations ?? [], live, null) };
    });
    return {};
  },
});

function integrationIn({ integrations }: HttpApiSpec, id: string): ApiIntegration {
  return partOf(integrations, (one) => one.integrationId === id, `Invalid Integration identifier specified ${id}`);
}

type Draft = Partial<ApiIntegration> & Pick<ApiIntegration, "integrationId">;

function changedBy(before: Draft, input: GivenIntegration): Draft {
  const { RequestParameters: request, ResponseParameters: response, TlsConfig: tls } = input;
  const { requestParameters: _request, responseParameters: _response, ...rest } = before;
  const plain = stored(input, ["Description", "IntegrationMethod", "IntegrationUri", "TimeoutInMillis"]);
  const requestParameters = mergedTexts(before.requestParameters, request);
  const responseParameters = mergedMaps(before.responseParameters, response);
  const type = input.IntegrationType ?? before.integrationType;
  const format = input.PayloadFormatVersion ?? before.payloadFormatVersion;
  if (type !== "AWS_PROXY" && type !== "HTTP_PROXY") throw invalid(`Invalid IntegrationType ${type ?? ""}`);
  if (format !== undefined && format !== "1.0" && format !== "2.0")
    throw invalid("PayloadFormatVersion must be 1.0 or 2.0");
  if (type === "HTTP_PROXY" && format === "2.0") throw invalid("PayloadFormatVersion of an HTTP_PROXY must be 1.0");
  return {
    ...rest,
    ...plain,
    integrationType: type,
    ...(format !== undefined && { payloadFormatVersion: format }),
    ...(requestParameters !== undefined && { requestParameters }),
    ...(responseParameters !== undefined && { responseParameters }),
    ...(tls !== undefined && { tlsConfig: stored(tls, ["ServerNameToVerify"]) }),
  };
}

function mergedMaps(
  before: Readonly<Record<string, Texts>> | undefined,
  change: Readonly<Record<string, Texts>> | undefined,
): Readonly<Record<string, Texts>> | undefined {
  if (change === undefined) return before;
  const merged = { ...before, ...change };
  const kept = Object.entries(merged).filter(([, mapping]) => Object.keys(mapping).length > 0);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** Whether it leads anywhere, and whether each mapping changes something. */
function checked(draft: Draft): ApiIntegration {
  const { integrationUri: uri, integrationType: type } = draft;
  if (uri === undefined || type === undefined) throw invalid("IntegrationUri is required");
  if (type === "AWS_PROXY" && functionOf(uri) === null) throw invalid(`Invalid function ARN or invalid uri: ${uri}`);
  if (type === "HTTP_PROXY" && !/^(https?:\/\/|\$\{stageVariables\.)/.test(uri))
    throw invalid("Invalid HTTP endpoint specified for URI");
  for (const key of Object.keys(draft.requestParameters ?? {}))
    if (changeOf(key) === null) throw invalid(`Invalid mapping expression specified: ${key}`);
  for (const mapping of Object.values(draft.responseParameters ?? {}))
    for (const key of Object.keys(mapping))
      if (!isAnswerKey(key)) throw invalid(`Invalid mapping expression specified: ${key}`);
  return { ...draft, integrationUri: uri, integrationType: type };
}

export function integrationOf({ tlsConfig, ...integration }: ApiIntegration): Integration {
  return {
    ConnectionType: "INTERNET",
    PayloadFormatVersion: "1.0",
    TimeoutInMillis: 30_000,
    ...told(integration),
    ...(tlsConfig !== undefined && { TlsConfig: told(tlsConfig) }),
  };
}
