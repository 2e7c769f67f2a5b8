/** The agent's way to service account tokens: the TokenRequest subresource of the API. */
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Cluster } from "#client/cluster.ts";
import { objectPath } from "#client/paths.ts";
import { serviceAccountKind } from "#kinds/core/service-account.ts";
import type { RequestToken } from "#node/pod-materials.ts";

export function tokenRequester(cluster: Cluster): RequestToken {
  return async ({ namespace, serviceAccount, audience, expirationSeconds, pod }) => {
    const spec = {
      audiences: audience === undefined ? [] : [audience],
      expirationSeconds,
      boundObjectRef: { kind: "Pod", apiVersion: "v1", ...pod },
    };
    const body = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", metadata: {}, spec });
    const answer = await cluster.request(
      "POST",
      objectPath(serviceAccountKind, keyOf(namespace, serviceAccount), "token"),
      { body },
    );
    if (answer.status !== 201)
      throw new Fault(
        "Unavailable",
        `no token for ${namespace}/${serviceAccount}: HTTP ${answer.status} ${answer.body.toString("utf8").slice(0, 200)}`,
      );
    const { status } = JSON.parse(answer.body.toString("utf8")) as {
      readonly status: { readonly token: string; readonly expirationTimestamp: string };
    };
    return { token: status.token, expiresAtMs: Date.parse(status.expirationTimestamp) };
  };
}
