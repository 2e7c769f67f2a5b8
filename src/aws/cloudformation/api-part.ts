/** Types that are parts of an HTTP API: each is created, updated and deleted by actions named alike, under an identifier of its own. */
import type { JsonObject } from "#base/json.ts";
import type { Asked, Made } from "#managed/stack/resource-types.ts";
import { ifThere, type Input, picked, said, tagsOf, text, type TypeOver } from "./resource.ts";

/** apigatewayv2; REST APIs are signed for by the same name. */
const HTTP_APIS = "apigateway@2018-11-29";

export interface ApiPart {
  /** "Route": the type is AWS::ApiGatewayV2::Route, its actions CreateRoute, UpdateRoute and DeleteRoute. */
  readonly part: string;
  /** The member that identifies it. */
  readonly id: string;
  readonly mutable: readonly string[];
  readonly createOnly: readonly string[];
  readonly hasTags?: true;
  /** What Fn::GetAtt gives besides the identifier. */
  readonly attributes?: (made: Readonly<Record<string, unknown>>, physicalId: string, region: string) => JsonObject;
}

export function apiPart({ part, id, mutable, createOnly, hasTags, attributes = () => ({}) }: ApiPart): TypeOver {
  const tagged = hasTags === true ? ["Tags"] : [];
  return (actions) => {
    const made = (output: Readonly<Record<string, unknown>>, physicalId: string): Made => ({
      physicalId,
      attributes: { [id]: physicalId, ...attributes(output, physicalId, actions.region) },
    });
    const input = ({ properties, stack }: Asked): Input => ({
      ...picked(properties, [...mutable, ...createOnly]),
      ...(hasTags === true && { Tags: tagsOf(stack, properties) }),
    });
    return {
      name: `AWS::ApiGatewayV2::${part}`,
      properties: [...mutable, ...createOnly, ...tagged],
      createOnly,
      create: async (asked) => {
        const output = await actions.call(asked.stack, HTTP_APIS, `Create${part}`, input(asked));
        return made(output, said(output, id));
      },
      update: async ({ properties, stack }, { physicalId }) => {
        const key = { [id]: physicalId, ...(part !== "Api" && { ApiId: text(properties, "ApiId") }) };
        const output = await actions.call(stack, HTTP_APIS, `Update${part}`, {
          ...picked(properties, mutable),
          ...key,
        });
        return made(output, physicalId);
      },
      remove: async ({ properties, stack }, { physicalId }) => {
        const key = { [id]: physicalId, ...(part !== "Api" && { ApiId: text(properties, "ApiId") }) };
        await ifThere(() => actions.call(stack, HTTP_APIS, `Delete${part}`, key));
      },
    };
  };
}
