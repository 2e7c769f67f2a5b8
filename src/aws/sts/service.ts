/** STS: GetCallerIdentity, which every deploy tool asks first (STS API Reference). */
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

function callerIdentity(accountId: string, { caller, requestId }: Call): Reply {
  const userId = caller.arn.endsWith(":root")
    ? accountId
    : `${caller.accessKeyId}:${caller.arn.slice(caller.arn.lastIndexOf("/") + 1)}`;
  const result = `<Arn>${escapeXml(caller.arn)}</Arn><UserId>${escapeXml(userId)}</UserId><Account>${accountId}</Account>`;
  return {
    body: `<GetCallerIdentityResponse xmlns="${NAMESPACE}"><GetCallerIdentityResult>${result}</GetCallerIdentityResult><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
  };
}
