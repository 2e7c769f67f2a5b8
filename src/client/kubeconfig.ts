/** Reads the current context of a kubeconfig with embedded certificates. */
import { Fault } from "#base/fault.ts";
import type { Credentials } from "./connection.ts";
import { parseYaml } from "#wire/yaml.ts";

interface Kubeconfig {
  readonly "current-context"?: string;
  readonly contexts?: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string };
  }[];
  readonly clusters?: readonly {
    readonly name: string;
    readonly cluster: { readonly server: string; readonly "certificate-authority-data"?: string };
  }[];
  readonly users?: readonly {
    readonly name: string;
    readonly user: { readonly "client-certificate-data"?: string; readonly "client-key-data"?: string };
  }[];
}

export function readKubeconfig(text: string): Credentials {
  const config = parseYaml(text) as unknown as Kubeconfig;
  const context = config.contexts?.find(({ name }) => name === config["current-context"])?.context;
  const cluster = config.clusters?.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config.users?.find(({ name }) => name === context?.user)?.user;
  const [ca, cert, key] = [
    cluster?.["certificate-authority-data"],
    user?.["client-certificate-data"],
    user?.["client-key-data"],
  ];
  if (cluster === undefined || ca === undefined || cert === undefined || key === undefined) {
    throw new Fault(
      "Invalid",
      "the kubeconfig's current context must embed certificate-authority-data, client-certificate-data and client-key-data",
    );
  }
  const decode = (data: string): string => Buffer.from(data, "base64").toString("utf8");
  return { server: cluster.server, ca: decode(ca), cert: decode(cert), key: decode(key) };
}
