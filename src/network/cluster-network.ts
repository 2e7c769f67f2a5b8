/** The address plan: which ranges, names and links an instance and its nodes have. Pure; nothing is created here. */

/** Where an instance's addresses lie. Every value follows from the name and the index, see `clusterNetwork`. */
export interface ClusterNetwork {
  readonly instance: string;
  /** 0..31: which of the machine's non-overlapping address plans. */
  readonly index: number;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly fabricCidr: string;
  readonly functionCidr: string;
}

export interface NodeNetwork {
  readonly name: string;
  /** 1 for the first node. */
  readonly ordinal: number;
  readonly fabricIp: string;
  readonly podCidr: string;
  readonly podGatewayIp: string;
  /** Its network namespace, as `ip netns` names it. */
  readonly netns: string;
  /** The host's end of the node's link to the fabric. */
  readonly hostLink: string;
}

export const MAX_NODES = 64;

export function clusterNetwork(instance: string, index: number): ClusterNetwork {
  if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(instance)) throw new RangeError(`not an instance name: ${instance}`);
  if (!Number.isInteger(index) || index < 0 || index > 31)
    throw new RangeError(`the network index must be 0 to 31, not ${index}`);
  return {
    instance,
    index,
    podCidr: `10.${64 + index}.0.0/16`,
    serviceCidr: `10.${128 + index}.0.0/16`,
    fabricCidr: `10.${192 + index}.0.0/24`,
    functionCidr: `10.${224 + index}.0.0/16`,
  };
}

export function nodeNetwork(network: ClusterNetwork, name: string, ordinal: number): NodeNetwork {
  if (!Number.isInteger(ordinal) || ordinal < 1 || ordinal > MAX_NODES)
    throw new RangeError(`a node's ordinal must be 1 to ${MAX_NODES}, not ${ordinal}`);
  const podPrefix = `${network.podCidr.split(".").slice(0, 2).join(".")}.${ordinal}`;
  return {
    name,
    ordinal,
    fabricIp: hostOf(network.fabricCidr, 10 + ordinal),
    podCidr: `${podPrefix}.0/24`,
    podGatewayIp: `${podPrefix}.1`,
    netns: `ctm-${network.instance}-${name}`,
    hostLink: `ctm${network.index}n${ordinal}`,
  };
}

/** The bridge that joins the nodes and the host. */
export function fabricLink(network: ClusterNetwork): string {
  return `ctm${network.index}`;
}

/** The host's address on the fabric. */
export function fabricHostIp(network: ClusterNetwork): string {
  return hostOf(network.fabricCidr, 1);
}

export function dnsIp(network: ClusterNetwork): string {
  return hostOf(network.serviceCidr, 10);
}

/** The address of the service "kubernetes". */
export function kubernetesIp(network: ClusterNetwork): string {
  return hostOf(network.serviceCidr, 1);
}

function hostOf(cidr: string, host: number): string {
  return `${cidr.split(".").slice(0, 3).join(".")}.${host}`;
}
