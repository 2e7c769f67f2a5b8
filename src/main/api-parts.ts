/** The part of the control process that makes and describes APIs; what they do is the gateway's, which sees their objects. */
import type { Service } from "#aws/action.ts";
import { apiGatewayService } from "#aws/apigateway/service.ts";
import { apiGatewayV2Service } from "#aws/apigatewayv2/service.ts";
import type { Deck } from "#deck/deck.ts";
import { apiDeploymentKind } from "#kinds/catamaran/api-deployment.ts";
import { apiKeyKind } from "#kinds/catamaran/api-key.ts";
import { restApiKind } from "#kinds/catamaran/rest-api.ts";
import { usagePlanKind } from "#kinds/catamaran/usage-plan.ts";
import { webSocketApiKind } from "#kinds/catamaran/web-socket-api.ts";
import { httpApiKind } from "#kinds/catamaran/http-api.ts";
import { KeyUsage } from "#managed/api/key-usage.ts";
import type { Database } from "#managed/database.ts";
import type { Part } from "./compose.ts";
import type { RoleBasis } from "./role.ts";

export interface ApiDoors {
  readonly apiServices: readonly Service[];
  /** How often API keys were used: the gateway counts, quotas and GetUsage read. */
  readonly keyUsage: KeyUsage;
}

export const apiDoors: Part<RoleBasis & { readonly deck: Deck; readonly database: Database }, ApiDoors> = {
  name: "APIs",
  start: ({ instance, random, deck, database }, stack) => {
    const { region, accountId, ports } = instance;
    const objects = deck.objects("aws-apis");
    const account = {
      accountId,
      region,
      namespace: "default",
      objects,
      apis: stack.use(objects.view(httpApiKind)),
      webSocketApis: stack.use(objects.view(webSocketApiKind)),
      deployments: stack.use(objects.view(apiDeploymentKind)),
      random,
      gatewayUrl: `http://127.0.0.1:${ports.gateway}`,
    };
    const keyUsage = new KeyUsage(database);
    const rest = {
      ...account,
      restApis: stack.use(objects.view(restApiKind)),
      apiKeys: stack.use(objects.view(apiKeyKind)),
      usagePlans: stack.use(objects.view(usagePlanKind)),
      keyUsage,
    };
    return { apiServices: [apiGatewayV2Service(account), apiGatewayService(rest)], keyUsage };
  },
};
