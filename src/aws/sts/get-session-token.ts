/** GetSessionToken: credentials of a user or of the root that end by themselves (STS API Reference). */
import { type Action, action } from "../action.ts";
import { model } from "./model.gen.ts";
import { accessDenied, credentialsFor, type StsWorld } from "./world.ts";

const DEFAULT_SECONDS = 43_200;
const ROOT_SECONDS = 3_600;

export const getSessionToken: Action<StsWorld> = action(model, "GetSessionToken", {
  // "No permissions are required for users to perform this operation."
  isFree: true,
  serves: ["DurationSeconds"],
  unserved: {
    SerialNumber: "there are no devices of a second factor",
    TokenCode: "there are no devices of a second factor",
  },
  run: async ({ root }: StsWorld, { DurationSeconds: asked = DEFAULT_SECONDS }, { caller, now }) => {
    if (caller.sessionToken !== undefined) throw accessDenied("Cannot call GetSessionToken with session credentials");
    const { arn, principal } = caller;
    const seconds = principal === undefined ? Math.min(asked, ROOT_SECONDS) : asked;
    const session = { arn, expiresMs: now + seconds * 1000, ...(principal !== undefined && { principal }) };
    return { Credentials: credentialsFor(root, session) };
  },
});
