/** STS: the list of its actions (API version 2011-06-15). */
import { type Action, type Service, service } from "../action.ts";
import type { Place } from "../place.ts";
import { getCallerIdentity } from "./get-caller-identity.ts";
import { model } from "./model.gen.ts";

export const actions: readonly Action<Pick<Place, "accountId">>[] = [getCallerIdentity];

export function stsService(accountId: string): Service {
  return service(model, { accountId }, actions);
}
