/** `catamaran env`: everything that kubectl, aws and programs need to find an instance. */
import { Fault } from "#base/fault.ts";
import { linkToken } from "#dashboard/entry.ts";
import { fabricHostIp } from "#network/cluster-network.ts";
import { type Instance, readInstance } from "./instance.ts";
import type { Place } from "./options.ts";
import { dashboardKey, files, networkOf } from "./plan.ts";
import { realClock } from "./real-clock.ts";

export async function instanceOf(place: Place): Promise<Instance> {
  const instance = await readInstance(place.dataDir);
  if (instance !== null) return instance;
  throw new Fault(
    "NotFound",
    `there is no instance "${place.name}"; start it with: catamaran up --detach${place.name === "default" ? "" : ` --name ${place.name}`}`,
  );
}

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

export async function printEnvironment(place: Place, output: string | boolean | undefined): Promise<number> {
  const environment = environmentOf(await instanceOf(place));
  if (output === "json") process.stdout.write(`${JSON.stringify(environment, null, 2)}\n`);
  else if (output === undefined)
    process.stdout.write(
      Object.entries(environment)
        .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`)
        .join(""),
    );
  else throw new Fault("BadRequest", `-o ${output}: only json, or nothing for shell lines`);
  return 0;
}

/** Opens the dashboard once, within minutes. */
export function dashboardLink(instance: Instance): string {
  return `http://127.0.0.1:${instance.ports.dashboard}/#${linkToken(dashboardKey(instance), realClock.now())}`;
}

export async function printDashboard(place: Place): Promise<number> {
  process.stdout.write(`${dashboardLink(await instanceOf(place))}\n`);
  return 0;
}
