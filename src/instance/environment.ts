/** What kubectl, aws and programs need to find an instance, as variables of the environment. */
import { fabricHostIp } from "#network/cluster-network.ts";
import { networkOf } from "./addresses.ts";
import { files } from "./files.ts";
import type { Instance } from "./instance.ts";

export function environmentOf(instance: Instance): Readonly<Record<string, string>> {
  const { ports, rootKey, region, accountId } = instance;
  return {
    KUBECONFIG: files.kubeconfig(instance),
    AWS_ENDPOINT_URL: `http://127.0.0.1:${ports.aws}`,
    AWS_ACCESS_KEY_ID: rootKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
    AWS_DEFAULT_REGION: region,
    AWS_ACCOUNT_ID: accountId,
    CATAMARAN_GATEWAY: `http://127.0.0.1:${ports.gateway}`,
    // A link that opens it: catamaran dashboard.
    CATAMARAN_DASHBOARD: `http://127.0.0.1:${ports.dashboard}/`,
    // The AWS door as pods reach it.
    CATAMARAN_AWS_INTERNAL: podAwsEndpoint(instance),
  };
}

export function podAwsEndpoint(instance: Instance): string {
  return `http://${instance.canRunPods ? fabricHostIp(networkOf(instance)) : "127.0.0.1"}:${instance.ports.aws}`;
}
