/** Types that are parts of a REST API, whose API has the same names with a small first letter. */
import type { Json, JsonObject } from "#base/json.ts";
import { ifThere, type Input, picked, said, text, type TypeOver } from "./resource.ts";

/** apigateway; HTTP APIs are signed for by the same name. */
export const REST_APIS = "apigateway@2015-07-09";

export interface RestPart {
  /** "Authorizer": the type is AWS::ApiGateway::Authorizer, its actions CreateAuthorizer and DeleteAuthorizer. */
  readonly part: string;
  readonly properties: readonly string[];
  /** The member of the answer that identifies it, and that of a delete. */
  readonly id: string;
  readonly deleteBy: string;
  /** Of a delete, besides its identifier. */
  readonly of?: readonly string[];
  /** What Fn::GetAtt gives, by the member of the answer. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Made anew when it changes: nothing of it is worth keeping. */
export function restPart({ part, properties, id, deleteBy, of = [], attributes = {} }: RestPart): TypeOver {
  return (actions) => ({
    name: `AWS::ApiGateway::${part}`,
    properties,
    createOnly: properties,
    create: async (asked) => {
      const made = await actions.call(
        asked.stack,
        REST_APIS,
        `Create${part}`,
        named(asked.generatedName, lowered(asked.properties, properties)),
      );
      const got = Object.entries(attributes).map(([name, member]): [string, Json] => [name, said(made, member)]);
      return { physicalId: said(made, id), attributes: Object.fromEntries(got) };
    },
    update: async (_asked, before) => Promise.resolve(before),
    remove: async ({ properties: own, stack }, { physicalId }) => {
      const input = { ...lowered(own, of), [deleteBy]: physicalId };
      await ifThere(() => actions.call(stack, REST_APIS, `Delete${part}`, input));
    },
  });

  function named(generated: string, input: JsonObject): Input {
    return properties.includes("Name") && input["name"] === undefined ? { ...input, name: generated } : input;
  }
}

/** The members of a REST API's actions; what is inside of structures, too, but for maps, whose keys are the template's own. */
export function lowered(properties: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    Object.entries(picked(properties, names)).map(([name, value]) => [
      lower(name),
      STRUCTURES.has(name) ? inner(value) : value,
    ]),
  );
}

const STRUCTURES = new Set(["ApiStages", "CanarySettings", "EndpointConfiguration", "Quota", "StageKeys", "Throttle"]);

function inner(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(inner);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [lower(name), inner(child as Json)]));
}

function lower(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** A property as a text, or "". */
export function textIn(properties: JsonObject, name: string): string {
  return text(properties, name) ?? "";
}
