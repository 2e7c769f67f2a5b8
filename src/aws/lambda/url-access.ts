/** Who may call a function URL or an API's route that demands AWS_IAM: whoever signs for it and may invoke it (lambda:InvokeFunctionUrl, execute-api:Invoke). */
import type { Clock } from "#base/clock.ts";
import type { Authorize } from "../authorize.ts";
import { AwsError } from "../aws-error.ts";
import { arnOf } from "./names.ts";
import { type Caller, type FindCaller, proveClaim, readClaim, type SignedHead } from "../sign.ts";

export interface UrlAccessOptions {
  readonly findCaller: FindCaller;
  readonly authorize: Authorize;
  readonly region: string;
  readonly accountId: string;
  readonly clock: Clock;
}

/** A request to a function's URL or to an API's route, as it was sent. */
export type UrlCall = SignedHead & { readonly bodySha256: string } & (
    | { readonly name: string }
    | { readonly methodArn: string; readonly permission?: "execute-api:ManageConnections" }
  );

/** `requestContext.authorizer.iam` of the event, or what the client is told. */
type UrlAccess =
  | { readonly is: "allowed"; readonly caller: ReturnType<typeof iamCaller> }
  | { readonly is: "refused"; readonly status: number; readonly code: string; readonly message: string };

export function urlAccess(options: UrlAccessOptions): (call: UrlCall) => Promise<UrlAccess> {
  const { findCaller, authorize, region, accountId, clock } = options;
  return async (call) => {
    try {
      const { service, ...wanted } = wantedBy(call, { region, accountId });
      const claim = readClaim(call, findCaller, { now: clock.now(), region, service });
      proveClaim(claim, call, call.bodySha256);
      // DIFFERS: the gateway's address stands in for the client's, which aws:SourceIp would be.
      const about = { now: clock.now(), sourceIp: "127.0.0.1", headers: call.headers };
      await authorize(claim.caller, { needs: () => [wanted], isMore: false, isOpen: false }, about);
      return { is: "allowed", caller: iamCaller(claim.caller, accountId) };
    } catch (thrown) {
      if (!(thrown instanceof AwsError)) throw thrown;
      return refusal(thrown);
    }
  };
}

interface Wanted {
  readonly service: string;
  readonly permission: string;
  readonly resource: string;
}

function wantedBy(call: UrlCall, here: { readonly region: string; readonly accountId: string }): Wanted {
  if ("methodArn" in call)
    return { service: "execute-api", permission: call.permission ?? "execute-api:Invoke", resource: call.methodArn };
  return { service: "lambda", permission: "lambda:InvokeFunctionUrl", resource: arnOf(here, call.name) };
}

/** Without a signature, or without the right, Lambda says no more than that (Lambda Developer Guide, "Control access to function URLs"). */
function refusal({ code, message }: AwsError): UrlAccess {
  const isPlain = code === "MissingAuthenticationTokenException" || code === "AccessDeniedException";
  return {
    is: "refused",
    status: 403,
    code: isPlain ? "AccessDeniedException" : code,
    message: isPlain ? "Forbidden" : message,
  };
}

function iamCaller(
  { accessKeyId, arn }: Caller,
  accountId: string,
): Readonly<Record<"accessKey" | "accountId" | "callerId" | "userArn" | "userId", string>> {
  const userId = arn.endsWith(":root") ? accountId : accessKeyId;
  return { accessKey: accessKeyId, accountId, callerId: userId, userArn: arn, userId };
}
