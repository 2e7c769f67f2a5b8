/** STS: the list of its actions (API version 2011-06-15). */
import { type Action, type Service, service } from "../action.ts";
import type { SignedHead } from "../sign.ts";
import { assumeRole } from "./assume-role.ts";
import { assumeRoleWithWebIdentity } from "./assume-role-with-web-identity.ts";
import { getCallerIdentity } from "./get-caller-identity.ts";
import { getSessionToken } from "./get-session-token.ts";
import { model } from "./model.gen.ts";
import type { StsWorld } from "./world.ts";

export const actions: readonly Action<StsWorld>[] = [
  getCallerIdentity,
  assumeRole,
  getSessionToken,
  assumeRoleWithWebIdentity,
];

// A token of 20,000 characters and session policies, percent-encoded. Who has not signed sends no more.
const MAX_BODY_BYTES = 128 * 1024;

export function stsService(world: StsWorld): Service {
  return service(model, world, actions, { maxBodyBytes: MAX_BODY_BYTES, takesUnsigned: isForm });
}

/** Of all services it alone has an action that nobody signs; the body says which. */
function isForm({ method, path, headers }: SignedHead): boolean {
  return method === "POST" && path === "/" && headers["content-type"]?.startsWith(FORM) === true;
}

const FORM = "application/x-www-form-urlencoded";
