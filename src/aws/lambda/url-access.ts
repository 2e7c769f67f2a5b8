/** Who may call a function URL with AuthType AWS_IAM: whoever signs for Lambda and may invoke the function (lambda:InvokeFunctionUrl). */
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

/** A request to a function's URL, as it was sent. */
export interface UrlCall extends SignedHead {
  readonly bodySha256: string;
  readonly name: string;
}

/** `requestContext.authorizer.iam` of the event, or what the client is told. */
type UrlAccess =
  | { readonly is: "allowed"; readonly caller: ReturnType<typeof iamCaller> }
  | { readonly is: "refused"; readonly status: number; readonly code: string; readonly message: string };

export function urlAccess(options: UrlAccessOptions): (call: UrlCall) => Promise<UrlAccess> {
  const { findCaller, authorize, region, accountId, clock } = options;
  return async (call) => {
    try {
      const claim = readClaim(call, findCaller, { now: clock.now(), region, service: "lambda" });
      proveClaim(claim, call, call.bodySha256);
      const resource = arnOf({ region, accountId }, call.name);
      await authorize(claim.caller, () => [{ permission: "lambda:InvokeFunctionUrl", resource }]);
      return { is: "allowed", caller: iamCaller(claim.caller, accountId) };
    } catch (thrown) {
      if (!(thrown instanceof AwsError)) throw thrown;
      return refusal(thrown);
    }
  };
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
