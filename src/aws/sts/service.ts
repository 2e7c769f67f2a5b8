/** STS: GetCallerIdentity, which every deploy tool asks first (STS API Reference). */
import { createHash } from "node:crypto";
import type { Call, Reply, Service } from "../action.ts";
import { escapeXml } from "../xml.ts";

const NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";

export function stsService(accountId: string): Service {
  return {
    signingName: "sts",
    protocol: "query",
    namespace: NAMESPACE,
    actions: [
      {
        name: "GetCallerIdentity",
        input: { is: "structure", members: {} },
        run: async (_input, call) => callerIdentity(accountId, call),
      },
    ],
  };
}

/** In XML, or in JSON for who asks so: aws-iam-authenticator does. */
function callerIdentity(accountId: string, { caller, requestId, headers }: Call): Reply {
  const userId = caller.arn.endsWith(":root")
    ? accountId
    : `${roleId(caller.arn)}:${caller.arn.slice(caller.arn.lastIndexOf("/") + 1)}`;
  if (headers["accept"] === "application/json") {
    const GetCallerIdentityResult = { Account: accountId, Arn: caller.arn, UserId: userId };
    const ResponseMetadata = { RequestId: requestId };
    return {
      headers: { "content-type": "application/json" },
      body: { GetCallerIdentityResponse: { GetCallerIdentityResult, ResponseMetadata } },
    };
  }
  const result = `<Arn>${escapeXml(caller.arn)}</Arn><UserId>${escapeXml(userId)}</UserId><Account>${accountId}</Account>`;
  return {
    body: `<GetCallerIdentityResponse xmlns="${NAMESPACE}"><GetCallerIdentityResult>${result}</GetCallerIdentityResult><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
  };
}

/** The same for all sessions of a role (IAM User Guide, "Unique identifiers": AROA and letters and digits, 21 in all). */
function roleId(arn: string): string {
  const role = arn.slice(0, arn.lastIndexOf("/"));
  return `AROA${createHash("sha256").update(role).digest("hex").slice(0, 17).toUpperCase()}`;
}
