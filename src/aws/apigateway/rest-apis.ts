/** Making, reading, changing and removing REST APIs. */
import { given } from "#base/given.ts";
import { keyOf } from "#base/key.ts";
import { type RestApi as RestApiObject, restApiKind, type RestApiSpec } from "#kinds/catamaran/rest-api.ts";
import { type Action, action } from "../action.ts";
import { type AccountRestApis, changeApi, createObject, findApi, newId, pageOf } from "./account-rest-apis.ts";
import { model, type RestApi } from "./model.gen.ts";
import { patched, type Patchable, refused, stepsOf } from "./patch.ts";

const EVERYWHERE = "every API is served by the one gateway";

export const createRestApi: Action<AccountRestApis> = action(model, "CreateRestApi", {
  serves: [
    "name",
    "description",
    "version",
    "binaryMediaTypes",
    "minimumCompressionSize",
    "apiKeySource",
    "endpointConfiguration.types",
    "tags",
    "disableExecuteApiEndpoint",
  ],
  unserved: {
    cloneFrom: "export the other API and import it",
    policy: "guard methods by AWS_IAM or an authorizer",
    "endpointConfiguration.types=PRIVATE": EVERYWHERE,
    "endpointConfiguration.vpcEndpointIds": EVERYWHERE,
    "endpointConfiguration.ipAddressType": EVERYWHERE,
    securityPolicy: EVERYWHERE,
    endpointAccessMode: EVERYWHERE,
  },
  run: async (account: AccountRestApis, input) => {
    const { endpointConfiguration, ...described } = input;
    const [type] = endpointConfiguration?.types ?? [];
    const isRegional = type === "REGIONAL";
    return apiOf(await createRestApiObject(account, { ...described, ...(isRegional && { endpointType: type }) }));
  },
});

/** With a root, and the two models that every API begins with. */
export function createRestApiObject(
  account: AccountRestApis,
  spec: Omit<RestApiSpec, "resources"> & Partial<Pick<RestApiSpec, "resources">>,
): Promise<RestApiObject> {
  const resources = spec.resources ?? [{ id: newId(account, 10) }];
  return createObject(account, restApiKind, {
    name: newId(account, 10),
    spec: { ...spec, resources, models: [...(spec.models ?? []), ...defaultModels(spec)] },
  });
}

function defaultModels({ models = [] }: Pick<RestApiSpec, "models">): NonNullable<RestApiSpec["models"]> {
  const schemaOf = (title: string, rest: object): string =>
    JSON.stringify({ $schema: "http://json-schema.org/draft-04/schema#", title, type: "object", ...rest });
  const contentType = "application/json";
  return [
    {
      name: "Empty",
      contentType,
      description: "This is a default empty schema model",
      schema: schemaOf("Empty Schema", {}),
    },
    {
      name: "Error",
      contentType,
      description: "This is a default error schema model",
      schema: schemaOf("Error Schema", { properties: { message: { type: "string" } } }),
    },
  ].filter(({ name }) => !models.some((one) => one.name === name));
}

export const getRestApi: Action<AccountRestApis> = action(model, "GetRestApi", {
  serves: ["restApiId"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id }) => apiOf(await findApi(account, id)),
});

export const getRestApis: Action<AccountRestApis> = action(model, "GetRestApis", {
  serves: ["position", "limit"],
  unserved: {},
  run: async (account: AccountRestApis, input) => {
    const all = account.restApis
      .list(account.namespace)
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    const page = pageOf(all, input);
    return { ...page, items: page.items.map(apiOf) };
  },
});

const PATCHABLE: Patchable = {
  name: "text",
  description: "text",
  version: "text",
  apiKeySource: "text",
  binaryMediaTypes: "list",
  minimumCompressionSize: "number",
  disableExecuteApiEndpoint: "flag",
};

export const updateRestApi: Action<AccountRestApis> = action(model, "UpdateRestApi", {
  serves: ["restApiId", "patchOperations"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, patchOperations: operations = [] }) => {
    const ofType = operations.filter(({ path = "" }) => path.startsWith("/endpointConfiguration/types/"));
    const others = operations.filter((one) => !ofType.includes(one));
    const changed = await changeApi(account, id, (spec) =>
      ofType.reduce((before, one) => withType(before, one), patched(spec, others, PATCHABLE)),
    );
    return apiOf(changed);
  },
});

/** "replace /endpointConfiguration/types/EDGE REGIONAL" */
function withType(
  spec: RestApiSpec,
  { op = "", path = "", value }: { readonly op?: string; readonly path?: string; readonly value?: string },
): RestApiSpec {
  const type = value ?? stepsOf(path)[2];
  if (type !== "EDGE" && type !== "REGIONAL") throw refused(op, path);
  return { ...spec, endpointType: type };
}

export const deleteRestApi: Action<AccountRestApis> = action(model, "DeleteRestApi", {
  serves: ["restApiId"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id }) => {
    await findApi(account, id);
    await account.objects.remove(restApiKind, keyOf(account.namespace, id));
    return {};
  },
});

export const getAccount: Action<AccountRestApis> = action(model, "GetAccount", {
  serves: [],
  unserved: {},
  run: async (_account: AccountRestApis) => ({
    throttleSettings: { burstLimit: 5_000, rateLimit: 10_000 },
    features: ["UsagePlans"],
    apiKeyVersion: "4",
  }),
});

export function apiOf({ metadata, spec }: RestApiObject): RestApi {
  const root = spec.resources.find(({ parentId }) => parentId === undefined);
  return {
    id: metadata.name,
    name: spec.name ?? metadata.name,
    createdDate: Date.parse(metadata.creationTimestamp ?? ""),
    apiKeySource: spec.apiKeySource ?? "HEADER",
    endpointConfiguration: { types: [spec.endpointType ?? "EDGE"], ipAddressType: "ipv4" },
    disableExecuteApiEndpoint: spec.disableExecuteApiEndpoint ?? false,
    tags: spec.tags ?? {},
    ...given({
      description: spec.description,
      version: spec.version,
      binaryMediaTypes: spec.binaryMediaTypes,
      minimumCompressionSize: spec.minimumCompressionSize,
      rootResourceId: root?.id,
    }),
  };
}
