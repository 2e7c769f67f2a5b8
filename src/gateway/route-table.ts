/** The one route table of the edge. Data only. */
import type { Cors } from "#kinds/catamaran/cors.ts";
import type { ServedApi, ServedSocketApi } from "./apis/served-api.ts";
import type { KeysAndPlans } from "./rest/keys-and-plans.ts";
import type { ServedRestApi } from "./rest/served-rest.ts";
import type { Route } from "./route.ts";

/** Routes by their host, the cross-origin rules of hosts that have some, and the hosts of APIs. */
export interface RouteTable {
  readonly byHost: ReadonlyMap<string, readonly Route[]>;
  readonly cors: ReadonlyMap<string, Cors>;
  readonly apis: ReadonlyMap<string, ServedApi | ServedRestApi | ServedSocketApi>;
  readonly keys: KeysAndPlans;
}
