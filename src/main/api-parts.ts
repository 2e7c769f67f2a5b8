/** The part of the control process that makes and describes APIs; what they do is the gateway's, which sees their objects. */
import type { Service } from "#aws/action.ts";
import { apiGatewayV2Service } from "#aws/apigatewayv2/service.ts";
import type { Deck } from "#deck/deck.ts";
import { apiDeploymentKind } from "#kinds/catamaran/api-deployment.ts";
import { httpApiKind } from "#kinds/catamaran/http-api.ts";
import type { Part } from "./compose.ts";
import type { RoleBasis } from "./role.ts";

export interface ApiDoors {
  readonly apiServices: readonly Service[];
}

export const apiDoors: Part<RoleBasis & { readonly deck: Deck }, ApiDoors> = {
  name: "APIs",
  start: ({ instance, random, deck }, stack) => {
    const { region, accountId, ports } = instance;
    const objects = deck.objects("aws-apis");
    const account = {
      accountId,
      region,
      namespace: "default",
      objects,
      apis: stack.use(objects.view(httpApiKind)),
      deployments: stack.use(objects.view(apiDeploymentKind)),
      random,
      gatewayUrl: `http://127.0.0.1:${ports.gateway}`,
    };
    return { apiServices: [apiGatewayV2Service(account)] };
  },
};
