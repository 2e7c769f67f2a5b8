/** Whether a request is what its method asks for: parameters that must be there, and a body that its model takes (API Gateway, "Request validation"). Pure. */
import type { Json } from "#base/json.ts";
import type { RestMethod } from "#kinds/catamaran/rest-api-parts.ts";
import { member } from "#base/dictionary.ts";
import type { Refusal } from "./gateway-response.ts";
import { fits } from "./json-schema.ts";
import type { TemplateInput } from "./mapping-template.ts";
import { sourceValue } from "./rest-mapping.ts";
import type { ServedDeployment } from "./served-rest.ts";

/** Null when nothing is wrong. `type` is the media type of the body. */
export function refusalOfRequest(
  method: RestMethod,
  { validators, models }: Pick<ServedDeployment, "validators" | "models">,
  input: TemplateInput,
  type: string,
): Refusal | null {
  const validator = method.requestValidatorId === undefined ? undefined : validators.get(method.requestValidatorId);
  if (validator?.validateRequestParameters === true) {
    const missing = missingOf(method, input);
    if (missing.length > 0)
      return {
        type: "BAD_REQUEST_PARAMETERS",
        message: `Missing required request parameters: [${missing.join(", ")}]`,
      };
  }
  if (validator?.validateRequestBody !== true) return null;
  const name = member(method.requestModels, type) ?? member(method.requestModels, "$default");
  const schema = name === undefined ? undefined : schemaOf(models, name);
  return schema === undefined || bodyFits(input.body, schema, models)
    ? null
    : { type: "BAD_REQUEST_BODY", message: "Invalid request body" };
}

function missingOf({ requestParameters = {} }: RestMethod, input: TemplateInput): readonly string[] {
  return Object.entries(requestParameters)
    .filter(([source, isRequired]) => isRequired && (sourceValue(source, "method.request", input) ?? "") === "")
    .map(([source]) => source.replace(/^method\.request\.\w+\./, ""));
}

function bodyFits(body: string, schema: Json, models: ServedDeployment["models"]): boolean {
  try {
    return fits(
      JSON.parse(body) as Json,
      schema,
      (reference) => schemaOf(models, reference.split("/").at(-1) ?? "") ?? null,
    );
  } catch {
    return false;
  }
}

/** API Gateway's own models take anything, and so does one whose schema cannot be read. */
function schemaOf(models: ServedDeployment["models"], name: string): Json | undefined {
  const text = models.get(name)?.schema;
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
