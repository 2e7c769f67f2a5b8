/** RestApi: a REST API of API Gateway: a tree of resources with methods, what each leads to, and who may use it. */
import { ageColumn, integer as integerColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { functionNameFault } from "#kinds/rules/names.ts";
import { flag, type Infer, list, map, object, optional, text, whole } from "#kinds/schema/description.ts";
import { API_HOST } from "./http-api.ts";
import { type Own, ownKind } from "./own-kind.ts";
import {
  gatewayResponse,
  requestValidator,
  resource,
  restAuthorizer,
  restModel,
  restStage,
  type RestMethod,
} from "./rest-api-parts.ts";

const spec = object("RestApiSpec", {
  /** As people call it; its own name is the id that stands in its address. */
  name: optional(text()),
  description: optional(text()),
  version: optional(text()),
  resources: list(resource, { key: "id", min: 1, max: 300 }),
  authorizers: optional(list(restAuthorizer, { key: "id", max: 10 })),
  models: optional(list(restModel, { key: "name", max: 100 })),
  requestValidators: optional(list(requestValidator, { key: "id", max: 100 })),
  /** By type: "DEFAULT_4XX", "UNAUTHORIZED". */
  gatewayResponses: optional(map(gatewayResponse)),
  stages: optional(list(restStage, { key: "stageName", max: 10 })),
  /** Bodies of these types are bytes: "image/png", or of all types. */
  binaryMediaTypes: optional(list(text())),
  endpointType: optional(text({ enum: ["EDGE", "REGIONAL"] })),
  /** Answers of so many bytes are compressed for whoever takes it. */
  minimumCompressionSize: optional(whole({ min: 0, max: 10_485_760, unit: "bytes" })),
  /** Where a request says its API key: in X-API-Key, or in what its authorizer answers. */
  apiKeySource: optional(text({ enum: ["HEADER", "AUTHORIZER"], default: "HEADER" })),
  disableExecuteApiEndpoint: optional(flag()),
  tags: optional(map(text())),
});

const status = object("RestApiStatus", { endpoint: optional(text()) });

export type RestApiSpec = Infer<typeof spec>;
export type RestApi = Own<RestApiSpec, Infer<typeof status>>;

/** Under which host the gateway serves it. */
export function restHostOf({ metadata }: RestApi): string {
  return `${metadata.name}${API_HOST}`.toLowerCase();
}

export const restApiKind: Kind<RestApi> = ownKind({
  kind: "RestApi",
  plural: "restapis",
  spec,
  status,
  checkName: functionNameFault,
  columns: [
    integerColumn("Resources", ({ spec: { resources } }) => resources.length),
    textColumn("Stages", ({ spec: { stages = [] } }) => stages.map(({ stageName }) => stageName).join(",")),
    textColumn("Endpoint", (api) => api.status?.endpoint ?? ""),
    ageColumn,
  ],
  rules: (desired, faults) => {
    treeRules(desired, faults);
    for (const [index, { resourceMethods = {} }] of desired.resources.entries())
      for (const [name, method] of Object.entries(resourceMethods))
        methodRules(method, desired, { at: `spec.resources[${index}].resourceMethods[${name}]`, faults });
  },
});

/** One root, and no circles. */
function treeRules({ resources }: RestApiSpec, faults: FieldFaults): void {
  const byId = new Map(resources.map((one) => [one.id, one]));
  if (resources.filter(({ parentId }) => parentId === undefined).length !== 1)
    faults.invalid("spec.resources", undefined, "exactly one resource has no parentId: the root");
  for (const [index, one] of resources.entries()) {
    if (one.parentId === undefined) continue;
    const at = `spec.resources[${index}]`;
    if (!byId.has(one.parentId)) faults.invalid(`${at}.parentId`, one.parentId, "must be the id of a resource");
    if (!/^(\{[\w.-]+\+?\}|[\w.:%$@~!*,;=()'-]+)$/.test(one.pathPart ?? ""))
      faults.invalid(`${at}.pathPart`, one.pathPart ?? "", 'must be a segment of a path, "{name}" or "{name+}"');
    let above: string | undefined = one.parentId;
    for (let steps = 0; above !== undefined; steps++) {
      if (steps > resources.length) return faults.invalid(`${at}.parentId`, one.parentId, "leads in a circle");
      above = byId.get(above)?.parentId;
    }
  }
}

interface Place {
  readonly at: string;
  readonly faults: FieldFaults;
}

function methodRules(method: RestMethod, api: RestApiSpec, { at, faults }: Place): void {
  const { authorizationType = "NONE", authorizerId, requestValidatorId, methodIntegration: integration } = method;
  if (authorizationType === "CUSTOM" && api.authorizers?.some(({ id }) => id === authorizerId) !== true)
    faults.invalid(`${at}.authorizerId`, authorizerId ?? "", "must name an authorizer of this API");
  if (requestValidatorId !== undefined && api.requestValidators?.some(({ id }) => id === requestValidatorId) !== true)
    faults.invalid(`${at}.requestValidatorId`, requestValidatorId, "must name a request validator of this API");
  if (integration !== undefined && integration.type !== "MOCK" && integration.uri === undefined)
    faults.required(`${at}.methodIntegration.uri`);
}

/** From the root down: "/users/{id}". */
export function pathOf({ resources }: Pick<RestApiSpec, "resources">, id: string): string {
  const byId = new Map(resources.map((one) => [one.id, one]));
  const parts: string[] = [];
  for (
    let one = byId.get(id);
    one?.parentId !== undefined && parts.length <= resources.length;
    one = byId.get(one.parentId)
  )
    parts.unshift(one.pathPart ?? "");
  return `/${parts.join("/")}`;
}
