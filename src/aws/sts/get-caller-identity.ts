/** GetCallerIdentity, which every deploy tool asks first (STS API Reference). */
import { type Action, action } from "../action.ts";
import { callerId } from "../condition-keys.ts";
import { model } from "./model.gen.ts";
import type { StsWorld } from "./world.ts";

export const getCallerIdentity: Action<StsWorld> = action(model, "GetCallerIdentity", {
  isFree: true,
  serves: [],
  unserved: {},
  run: async ({ identities }: StsWorld, _input, { caller, region }) => {
    const { accountId } = identities;
    const place = { accountId, region };
    return { Arn: caller.arn, UserId: callerId({ caller, place, identities }), Account: accountId };
  },
});
