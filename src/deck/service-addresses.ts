/** Gives services their cluster addresses and node ports, no two the same, also while their writes are still on the way. */
import type { FieldFault } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Kind } from "#kinds/kind.ts";
import { keyOfObject } from "#kinds/object.ts";
import { type Service, serviceKind } from "#kinds/core/service.ts";
import type { ServicePort, ServiceSpec } from "#kinds/core/service-spec.ts";
import type { Admission, AdmissionRequest, Present } from "./admission.ts";
import { invalid } from "./refusals.ts";
import { familiesOf, familyFaults } from "./service-families.ts";

export interface Network {
  /** "10.128.0.0/16"; the first 16 addresses are never given out unasked (.1 is the API, .10 the DNS). */
  readonly serviceCidr: string;
  readonly nodePorts: { readonly first: number; readonly last: number };
}

export const defaultNetwork: Network = { serviceCidr: "10.128.0.0/16", nodePorts: { first: 30_000, last: 32_767 } };

// Upstream keeps a lower band for addresses that people choose (KEP-3070).
const STATIC_BAND = 256;

interface Taken {
  readonly addresses: ReadonlySet<string>;
  /** "80/TCP"-free: a node port is one number for all protocols of one service only. */
  readonly ports: ReadonlySet<number>;
}

export class ServiceAddresses implements Admission<Service> {
  readonly name = "ServiceAddresses";
  readonly kinds: readonly Kind<Service>[] = [serviceKind];
  readonly on = ["create", "update"] as const;
  readonly #network: Network;
  readonly #base: number;
  readonly #size: number;
  /** What admitted writes hold until they are durable or failed. */
  readonly #reserved = new Map<ObjectKey, readonly Service[]>();

  constructor(network: Network) {
    const [address = "", bits = "32"] = network.serviceCidr.split("/");
    this.#network = network;
    this.#base = numberOf(address);
    this.#size = 2 ** (32 - Number(bits));
  }

  admit(request: AdmissionRequest<Service>, present: Present): Service {
    const { object: service, live } = request;
    const taken = this.#taken(request.key, present);
    const addressed = this.#withAddress(request, service, live, taken.addresses);
    const admitted = this.#withPorts(request, addressed, live, taken.ports);
    this.#reserved.set(request.key, [...(this.#reserved.get(request.key) ?? []), admitted]);
    return admitted;
  }

  settle({ key }: AdmissionRequest<Service>): void {
    const others = (this.#reserved.get(key) ?? []).slice(1);
    if (others.length === 0) this.#reserved.delete(key);
    else this.#reserved.set(key, others);
  }

  #taken(key: ObjectKey, present: Present): Taken {
    const addresses = new Set<string>();
    const ports = new Set<number>();
    const add = ({ spec }: Service): void => {
      for (const address of addressesOf(spec)) addresses.add(address);
      for (const { nodePort = 0 } of spec.ports ?? []) if (nodePort !== 0) ports.add(nodePort);
    };
    for (const service of present.list(serviceKind)) if (keyOfObject(service) !== key) add(service);
    for (const [owner, services] of this.#reserved) if (owner !== key) services.forEach(add);
    return { addresses, ports };
  }

  #withAddress(
    request: AdmissionRequest<Service>,
    service: Service,
    live: Service | null,
    taken: ReadonlySet<string>,
  ): Service {
    const { clusterIP: _one, clusterIPs: _all, ipFamilies: _families, ipFamilyPolicy: _policy, ...bare } = service.spec;
    if (service.spec.type === "ExternalName")
      return {
        ...service,
        spec: {
          ...bare,
          ...(service.spec.externalName === undefined ? {} : { externalName: service.spec.externalName }),
        },
      };
    const asked = addressAsked(service.spec) ?? (live === null ? undefined : addressAsked(live.spec));
    if (asked !== undefined && asked !== "None") this.#checkAddress(request, asked, live, taken);
    const address = asked ?? this.#freeAddress(request, taken);
    const families = {
      ...familiesOf({ ...service.spec, clusterIP: address }, live?.spec ?? null),
      internalTrafficPolicy: service.spec.internalTrafficPolicy ?? ("Cluster" as const),
    };
    const spec = { ...service.spec, clusterIP: address, clusterIPs: [address], ...families };
    const faults = familyFaults(spec);
    // What was taken before this was known stays as it is.
    if (faults.length > 0 && !sameJson(families.ipFamilies, live?.spec.ipFamilies)) throw refuse(request, ...faults);
    return { ...service, spec };
  }

  #checkAddress(
    request: AdmissionRequest<Service>,
    asked: string,
    live: Service | null,
    taken: ReadonlySet<string>,
  ): void {
    if (live !== null && addressesOf(live.spec).includes(asked)) return;
    const offset = numberOf(asked) - this.#base;
    if (!(offset > 0 && offset < this.#size - 1))
      throw refuse(
        request,
        addressFault(
          asked,
          `failed to allocate IP ${asked}: the provided IP is not in the valid range. The range of valid IPs is ${this.#network.serviceCidr}`,
        ),
      );
    if (taken.has(asked))
      throw refuse(request, addressFault(asked, `failed to allocate IP ${asked}: provided IP is already allocated`));
  }

  #freeAddress(request: AdmissionRequest<Service>, taken: ReadonlySet<string>): string {
    const start = this.#size > 2 * STATIC_BAND ? STATIC_BAND : 1;
    for (let offset = start; offset < this.#size - 1; offset++) {
      const address = textOf(this.#base + offset);
      if (!taken.has(address)) return address;
    }
    throw refuse(request, {
      reason: "FieldValueInvalid",
      field: "spec.clusterIPs",
      message: "failed to allocate a serviceIP: range is full",
    });
  }

  #withPorts(
    request: AdmissionRequest<Service>,
    service: Service,
    live: Service | null,
    taken: ReadonlySet<number>,
  ): Service {
    const { type = "ClusterIP", ports } = service.spec;
    if (ports === undefined) return service;
    // A node port that such a service asks for is refused by validation.
    if (type !== "NodePort" && type !== "LoadBalancer") return service;
    const used = new Set(taken);
    const mine = new Set<number>();
    for (const [index, port] of ports.entries()) this.#checkPort(request, index, port, used);
    for (const { nodePort = 0 } of ports) if (nodePort !== 0) mine.add(nodePort);
    const given = ports.map((port) => {
      if ((port.nodePort ?? 0) !== 0) return port;
      const before = live?.spec.ports?.find(
        (other) => other.port === port.port && (other.protocol ?? "TCP") === (port.protocol ?? "TCP"),
      )?.nodePort;
      const nodePort =
        before !== undefined && before !== 0 && !mine.has(before) ? before : this.#freePort(request, used, mine);
      mine.add(nodePort);
      return { ...port, nodePort };
    });
    const external = { externalTrafficPolicy: service.spec.externalTrafficPolicy ?? ("Cluster" as const) };
    return { ...service, spec: { ...service.spec, ports: given, ...external } };
  }

  #checkPort(
    request: AdmissionRequest<Service>,
    index: number,
    { nodePort = 0 }: ServicePort,
    used: ReadonlySet<number>,
  ): void {
    if (nodePort === 0) return;
    const { first, last } = this.#network.nodePorts;
    const field = `spec.ports[${index}].nodePort`;
    if (nodePort < first || nodePort > last)
      throw refuse(request, {
        reason: "FieldValueInvalid",
        field,
        message: `Invalid value: ${nodePort}: provided port is not in the valid range. The range of valid ports is ${first}-${last}`,
      });
    if (used.has(nodePort))
      throw refuse(request, {
        reason: "FieldValueInvalid",
        field,
        message: `Invalid value: ${nodePort}: provided port is already allocated`,
      });
  }

  #freePort(request: AdmissionRequest<Service>, used: ReadonlySet<number>, mine: ReadonlySet<number>): number {
    const { first, last } = this.#network.nodePorts;
    for (let port = first; port <= last; port++) if (!used.has(port) && !mine.has(port)) return port;
    throw refuse(request, {
      reason: "FieldValueInvalid",
      field: "spec.ports",
      message: "failed to allocate a nodePort: range is full",
    });
  }
}

function addressAsked({ clusterIP = "", clusterIPs = [] }: ServiceSpec): string | undefined {
  const asked = clusterIP === "" ? (clusterIPs[0] ?? "") : clusterIP;
  return asked === "" ? undefined : asked;
}

function addressesOf(spec: ServiceSpec): readonly string[] {
  return [spec.clusterIP ?? "", ...(spec.clusterIPs ?? [])].filter((address) => address !== "" && address !== "None");
}

function addressFault(address: string, message: string): FieldFault {
  return {
    reason: "FieldValueInvalid",
    field: "spec.clusterIPs",
    message: `Invalid value: []string{"${address}"}: ${message}`,
  };
}

function refuse({ kind, object }: AdmissionRequest<Service>, ...faults: readonly FieldFault[]): Error {
  return invalid(kind, object.metadata.name, faults);
}

/** NaN for what is no dotted quad. */
function numberOf(address: string): number {
  const parts = address.split(".").map(Number);
  return parts.length === 4 ? parts.reduce((sum, part) => sum * 256 + part, 0) : Number.NaN;
}

function textOf(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
