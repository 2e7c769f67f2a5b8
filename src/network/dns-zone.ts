/** What the cluster's DNS answers: services, endpoints, pods, external names. Pure: objects and a question in, records out. */
import type { Endpoint, EndpointSlice } from "#kinds/networking/endpoint-slice.ts";
import type { Service } from "#kinds/core/service.ts";
import { responseCode, type DnsRecord, type Reply } from "./dns-message.ts";

/** The objects, by the ways in which names lead to them. */
export interface Zone {
  /** "cluster.local". */
  readonly domain: string;
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, service: string): readonly EndpointSlice[];
  /** Services with this cluster IP. */
  servicesAt(ip: string): readonly Service[];
  /** Endpoints with this address and the service they belong to. */
  endpointsAt(
    ip: string,
  ): readonly { readonly endpoint: Endpoint; readonly namespace: string; readonly service: string }[];
}

/** What is asked: a name without the final dot, and a type as dns-packet names it ("A", "SRV", "ANY"). */
export interface ZoneQuestion {
  readonly name: string;
  readonly type: string;
}

// Clients should see a new endpoint soon; CoreDNS' default for Kubernetes.
const TTL = 5;
const SUPPORTED_VERSION = "1.1.0";
/** RFC 2782: all targets alike. */
const EVEN = { priority: 0, weight: 100 } as const;

/** Null when the name is not the cluster's to know: ask elsewhere. */
export function answerFrom(zone: Zone, { name, type }: ZoneQuestion): Reply | null {
  const asked = name.toLowerCase();
  const reverse = reverseAddress(asked);
  if (reverse !== null) return reverseReply(zone, name, type, reverse);
  if (asked !== zone.domain && !asked.endsWith(`.${zone.domain}`)) return null;
  const labels = asked
    .slice(0, Math.max(0, asked.length - zone.domain.length - 1))
    .split(".")
    .filter((label) => label !== "");
  const found = recordsOf(zone, labels, name, type);
  if (found === null) return { ...authoritative, code: responseCode.nameError, answers: [], authority: [soaOf(zone)] };
  const wanted = found.filter((record) => record.type === "CNAME" || type === "ANY" || record.type === type);
  const additional = type === "SRV" ? targetsOf(zone, wanted) : [];
  return {
    ...authoritative,
    code: responseCode.noError,
    answers: wanted,
    additional,
    ...(wanted.length === 0 && { authority: [soaOf(zone)] }),
  };
}

const authoritative = { isAuthoritative: true, canRecurse: true } as const;

/** Null when nothing has the name; an empty list when only other types have. */
function recordsOf(zone: Zone, labels: readonly string[], name: string, type: string): readonly DnsRecord[] | null {
  if (labels.length === 0) return [soaOf(zone)];
  const [kind, namespace, ...rest] = labels.toReversed();
  if (kind === "dns-version" && labels.length === 1) return [{ name, ttl: TTL, type: "TXT", data: SUPPORTED_VERSION }];
  if (kind === "pod") return podRecords(rest, namespace, name);
  if (kind !== "svc") return null;
  if (namespace === undefined) return [];
  const [service, ...below] = rest;
  if (service === undefined) return [];
  return serviceRecords(zone, { namespace, service, below: below.toReversed(), name, type });
}

/** "10-64-1-5.default.pod.cluster.local". */
function podRecords(rest: readonly string[], namespace: string | undefined, name: string): readonly DnsRecord[] | null {
  if (namespace === undefined || rest.length === 0) return [];
  const address = rest.length === 1 ? (rest[0] ?? "").replaceAll("-", ".") : "";
  return isAddress(address) ? [{ name, ttl: TTL, type: "A", data: address }] : null;
}

interface ServiceQuestion {
  readonly namespace: string;
  readonly service: string;
  /** What stands before the service's name: a hostname, or "_http", "_tcp". */
  readonly below: readonly string[];
  readonly name: string;
  readonly type: string;
}

function serviceRecords(zone: Zone, question: ServiceQuestion): readonly DnsRecord[] | null {
  const { namespace, service: serviceName, below, name } = question;
  const service = zone.service(namespace, serviceName);
  if (service === undefined) return null;
  if (service.spec.type === "ExternalName") return below.length > 0 ? null : externalRecords(zone, service, question);
  const own = `${serviceName}.${namespace}.svc.${zone.domain}`;
  if (!isHeadless(service)) {
    const address: DnsRecord = { name, ttl: TTL, type: "A", data: service.spec.clusterIP ?? "" };
    if (below.length === 0)
      return [
        address,
        ...portsOf(service).map((port): DnsRecord => ({
          name,
          ttl: TTL,
          type: "SRV",
          data: { ...EVEN, port: port.port, target: own },
        })),
      ];
    const port = portsOf(service).find((each) => matchesPort(each, below));
    return port === undefined
      ? null
      : [{ name, ttl: TTL, type: "SRV", data: { ...EVEN, port: port.port, target: own } }];
  }
  const places = endpointsOf(zone.slices(namespace, serviceName), service.spec.publishNotReadyAddresses === true);
  if (below.length === 0)
    return [
      ...unique(places.map(({ ip }) => ip)).map((address): DnsRecord => ({ name, ttl: TTL, type: "A", data: address })),
      ...srvRecords(places, name, own, () => true),
    ];
  if (below.length === 2) {
    const records = srvRecords(places, name, own, (port) => matchesPort(port, below));
    return records.length === 0 ? null : records;
  }
  const host = below.length === 1 ? places.filter((place) => place.hostname === below[0]) : [];
  return host.length === 0
    ? null
    : unique(host.map(({ ip }) => ip)).map((address): DnsRecord => ({ name, ttl: TTL, type: "A", data: address }));
}

interface Port {
  readonly name?: string;
  readonly protocol?: string;
  readonly port?: number;
}

interface EndpointPlace {
  readonly ip: string;
  /** The pod's hostname where the service governs it, else the address with dashes. */
  readonly hostname: string;
  readonly ports: readonly Port[];
}

function endpointsOf(slices: readonly EndpointSlice[], isUnreadyShown: boolean): readonly EndpointPlace[] {
  return slices
    .filter(({ addressType }) => addressType === "IPv4")
    .flatMap(({ endpoints, ports = [] }) =>
      endpoints
        .filter(({ conditions }) => isUnreadyShown || conditions?.ready !== false)
        .flatMap(({ addresses, hostname }) =>
          addresses.slice(0, 1).map((ip) => ({ ip, hostname: hostname ?? ip.replaceAll(".", "-"), ports })),
        ),
    );
}

function srvRecords(
  places: readonly EndpointPlace[],
  name: string,
  own: string,
  test: (port: Port) => boolean,
): readonly DnsRecord[] {
  return places.flatMap(({ hostname, ports }) =>
    ports
      .filter(test)
      .flatMap(({ port }): readonly DnsRecord[] =>
        port === undefined
          ? []
          : [{ name, ttl: TTL, type: "SRV", data: { ...EVEN, port, target: `${hostname}.${own}` } }],
      ),
  );
}

/** "_http._tcp". */
function matchesPort({ name = "", protocol = "TCP" }: Port, below: readonly string[]): boolean {
  return below.length === 2 && below[0] === `_${name.toLowerCase()}` && below[1] === `_${protocol.toLowerCase()}`;
}

/** An alias; where it leads to a name of the cluster, that name's records come along. */
function externalRecords(zone: Zone, { spec }: Service, { name, type }: ServiceQuestion): readonly DnsRecord[] {
  const target = (spec.externalName ?? "").replace(/\.$/, "");
  const alias: DnsRecord = { name, ttl: TTL, type: "CNAME", data: target };
  // Our own names only, and one step: an alias of an alias is followed by the client.
  const isOurs = target.endsWith(`.${zone.domain}`) && type !== "CNAME";
  const further = isOurs ? (answerFrom(zone, { name: target, type: "A" })?.answers ?? []) : [];
  return [alias, ...further.filter((record) => record.type === "A")];
}

/** The addresses of SRV targets, so that clients need not ask again. */
function targetsOf(zone: Zone, records: readonly DnsRecord[]): readonly DnsRecord[] {
  const names = unique(records.flatMap((record) => (record.type === "SRV" ? [record.data.target] : [])));
  return names.flatMap((name) => answerFrom(zone, { name, type: "A" })?.answers ?? []);
}

function reverseReply(zone: Zone, name: string, type: string, ip: string): Reply | null {
  const services = zone
    .servicesAt(ip)
    .map(({ metadata }) => `${metadata.name}.${metadata.namespace ?? ""}.svc.${zone.domain}`);
  const endpoints = zone
    .endpointsAt(ip)
    .flatMap(({ endpoint, namespace, service }) =>
      endpoint.hostname === undefined ? [] : [`${endpoint.hostname}.${service}.${namespace}.svc.${zone.domain}`],
    );
  const targets = unique([...services, ...endpoints]);
  if (targets.length === 0) return null;
  const answers =
    type === "PTR" ? targets.map((target): DnsRecord => ({ name, ttl: TTL, type: "PTR", data: target })) : [];
  return { ...authoritative, code: responseCode.noError, answers };
}

function reverseAddress(name: string): string | null {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  return match === null ? null : match.slice(1).toReversed().join(".");
}

function soaOf({ domain }: Zone): DnsRecord {
  return {
    name: domain,
    ttl: TTL,
    type: "SOA",
    data: {
      mname: `ns.dns.${domain}`,
      rname: `hostmaster.${domain}`,
      serial: 1,
      refresh: 7_200,
      retry: 1_800,
      expire: 86_400,
      minimum: TTL,
    },
  };
}

function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === undefined || spec.clusterIP === "None" || spec.clusterIP === "";
}

function portsOf({ spec }: Service): NonNullable<Service["spec"]["ports"]> {
  return spec.ports ?? [];
}

function isAddress(text: string): boolean {
  return /^(\d{1,3}\.){3}\d{1,3}$/.test(text) && text.split(".").every((part) => Number(part) <= 255);
}

function unique<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}
