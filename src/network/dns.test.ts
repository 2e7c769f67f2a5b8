/** The cluster's names: what each question is answered with, and how the bytes look. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { test } from "node:test";
import { silent } from "#base/log.ts";
import type { Objects, View } from "#deck/objects.ts";
import type { EndpointSlice } from "#kinds/networking/endpoint-slice.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Service } from "#kinds/core/service.ts";
import { decodeQuery, encodeReply, recordType, responseCode, type DnsRecord } from "./dns-message.ts";
import { answerFrom, type Zone } from "./dns-zone.ts";
import { serveDns } from "./dns.ts";

const services: readonly Service[] = [
  {
    metadata: { name: "web", namespace: "default" },
    spec: { clusterIP: "10.128.0.7", ports: [{ name: "http", port: 80, protocol: "TCP" }] },
  },
  { metadata: { name: "db", namespace: "prod" }, spec: { clusterIP: "None", ports: [{ name: "sql", port: 5432 }] } },
  { metadata: { name: "out", namespace: "default" }, spec: { type: "ExternalName", externalName: "example.org" } },
  {
    metadata: { name: "alias", namespace: "default" },
    spec: { type: "ExternalName", externalName: "web.default.svc.cluster.local" },
  },
];
const slices: readonly EndpointSlice[] = [
  {
    metadata: { name: "db-1", namespace: "prod", labels: { "kubernetes.io/service-name": "db" } },
    addressType: "IPv4",
    endpoints: [
      { addresses: ["10.64.1.5"], hostname: "db-0", conditions: { ready: true } },
      { addresses: ["10.64.1.6"], conditions: { ready: true } },
      { addresses: ["10.64.1.7"], conditions: { ready: false } },
    ],
    ports: [{ name: "sql", port: 5432, protocol: "TCP" }],
  },
];

const zone: Zone = {
  domain: "cluster.local",
  service: (namespace, name) =>
    services.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name),
  slices: (namespace, service) =>
    slices.filter(
      ({ metadata }) => metadata.namespace === namespace && metadata.labels?.["kubernetes.io/service-name"] === service,
    ),
  servicesAt: (ip) => services.filter(({ spec }) => spec.clusterIP === ip),
  endpointsAt: (ip) =>
    slices.flatMap(({ endpoints }) =>
      endpoints
        .filter(({ addresses }) => addresses.includes(ip))
        .map((endpoint) => ({ endpoint, namespace: "prod", service: "db" })),
    ),
};

const { A, AAAA, SRV, PTR, CNAME, TXT } = recordType;

interface Case {
  readonly name: string;
  readonly type: number;
  /** "A 10.0.0.1", "SRV 5432 target"; "NXDOMAIN"; null is not ours. */
  readonly answer: readonly string[] | "NXDOMAIN" | null;
}

const cases: readonly Case[] = [
  { name: "web.default.svc.cluster.local", type: A, answer: ["A 10.128.0.7"] },
  { name: "WEB.Default.svc.Cluster.Local", type: A, answer: ["A 10.128.0.7"] },
  { name: "web.default.svc.cluster.local", type: AAAA, answer: [] },
  { name: "none.default.svc.cluster.local", type: A, answer: "NXDOMAIN" },
  { name: "web.other.svc.cluster.local", type: A, answer: "NXDOMAIN" },
  { name: "default.svc.cluster.local", type: A, answer: [] },
  { name: "nonsense.cluster.local", type: A, answer: "NXDOMAIN" },
  { name: "_http._tcp.web.default.svc.cluster.local", type: SRV, answer: ["SRV 80 web.default.svc.cluster.local"] },
  { name: "_other._tcp.web.default.svc.cluster.local", type: SRV, answer: "NXDOMAIN" },
  { name: "db.prod.svc.cluster.local", type: A, answer: ["A 10.64.1.5", "A 10.64.1.6"] },
  { name: "db-0.db.prod.svc.cluster.local", type: A, answer: ["A 10.64.1.5"] },
  { name: "10-64-1-6.db.prod.svc.cluster.local", type: A, answer: ["A 10.64.1.6"] },
  { name: "db-9.db.prod.svc.cluster.local", type: A, answer: "NXDOMAIN" },
  {
    name: "_sql._tcp.db.prod.svc.cluster.local",
    type: SRV,
    answer: ["SRV 5432 db-0.db.prod.svc.cluster.local", "SRV 5432 10-64-1-6.db.prod.svc.cluster.local"],
  },
  { name: "out.default.svc.cluster.local", type: A, answer: ["CNAME example.org"] },
  { name: "out.default.svc.cluster.local", type: CNAME, answer: ["CNAME example.org"] },
  { name: "alias.default.svc.cluster.local", type: A, answer: ["CNAME web.default.svc.cluster.local", "A 10.128.0.7"] },
  { name: "10-64-1-5.prod.pod.cluster.local", type: A, answer: ["A 10.64.1.5"] },
  { name: "10-64-1.prod.pod.cluster.local", type: A, answer: "NXDOMAIN" },
  { name: "7.0.128.10.in-addr.arpa", type: PTR, answer: ["PTR web.default.svc.cluster.local"] },
  { name: "5.1.64.10.in-addr.arpa", type: PTR, answer: ["PTR db-0.db.prod.svc.cluster.local"] },
  { name: "9.9.9.9.in-addr.arpa", type: PTR, answer: null },
  { name: "dns-version.cluster.local", type: TXT, answer: ["TXT 1.1.0"] },
  { name: "example.org", type: A, answer: null },
  { name: "notcluster.local", type: A, answer: null },
];

for (const { name, type, answer } of cases) {
  test(`${name} type ${type} is ${answer === null ? "not ours" : answer.toString()}`, () => {
    const reply = answerFrom(zone, { name, type });
    if (answer === null) return assert.equal(reply, null);
    assert.equal(reply?.code, answer === "NXDOMAIN" ? responseCode.nameError : responseCode.noError);
    assert.deepEqual(reply.answers.map(words), answer === "NXDOMAIN" ? [] : answer);
    assert.equal(
      reply.answers.length > 0 || reply.authority?.[0]?.type === "SOA",
      true,
      "negative answers carry the zone's SOA",
    );
  });
}

test("SRV answers bring the addresses of their targets", () => {
  const reply = answerFrom(zone, { name: "_sql._tcp.db.prod.svc.cluster.local", type: SRV });
  assert.deepEqual(reply?.additional?.map(words), ["A 10.64.1.5", "A 10.64.1.6"]);
});

function words(record: DnsRecord): string {
  switch (record.type) {
    case "A":
      return `A ${record.address}`;
    case "SRV":
      return `SRV ${record.port} ${record.target}`;
    case "TXT":
      return `TXT ${record.text}`;
    case "CNAME":
    case "PTR":
    case "NS":
      return `${record.type} ${record.target}`;
    case "SOA":
      return "SOA";
  }
}

/** A question as a resolver sends it, optionally with EDNS. */
function question(name: string, type: number, udpSize?: number): Buffer {
  const labels = name.split(".").flatMap((label) => [label.length, ...Buffer.from(label)]);
  const edns = udpSize === undefined ? [] : [0, 0, 41, udpSize >> 8, udpSize & 255, 0, 0, 0, 0, 0, 0];
  return Buffer.from([
    0x12,
    0x34,
    1,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    udpSize === undefined ? 0 : 1,
    ...labels,
    0,
    type >> 8,
    type & 255,
    0,
    1,
    ...edns,
  ]);
}

test("a query is read, with its buffer size", () => {
  assert.deepEqual(decodeQuery(question("web.default", A, 4096)), {
    id: 0x1234,
    opcode: 0,
    wantsRecursion: true,
    question: { name: "web.default", type: A },
    udpSize: 4096,
  });
});

const malformed: readonly { readonly title: string; readonly bytes: Buffer }[] = [
  { title: "nothing", bytes: Buffer.alloc(0) },
  { title: "half a header", bytes: Buffer.alloc(7) },
  {
    title: "a name that points to itself",
    bytes: Buffer.concat([question("a", A).subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]),
  },
  {
    title: "a label that goes over the end",
    bytes: Buffer.concat([question("a", A).subarray(0, 12), Buffer.from([63, 65])]),
  },
  { title: "a response", bytes: Buffer.from(question("a", A)).fill(0x81, 2, 3) },
  { title: "no question", bytes: Buffer.from(question("a", A)).fill(0, 4, 6) },
];
for (const { title, bytes } of malformed)
  test(`${title} is not a query`, () => assert.throws(() => decodeQuery(bytes), { code: "BadRequest" }));

test("a reply that does not fit says so and carries nothing", () => {
  const query = decodeQuery(question("many.example", A));
  const answers = Array.from({ length: 60 }, (_, index): DnsRecord => ({
    name: "many.example",
    ttl: 5,
    type: "A",
    address: `10.0.0.${index}`,
  }));
  const cut = Buffer.from(encodeReply(query, { code: 0, isAuthoritative: true, canRecurse: false, answers }, 512));
  assert.ok(cut.length <= 512);
  assert.equal((cut[2] ?? 0) & 2, 2);
  assert.equal(cut.readUInt16BE(6), 0);
});

test("the server answers over UDP and TCP from live objects", async () => {
  await using server = await serveDns({ objects: fixedObjects(), host: "127.0.0.1", port: 0, log: silent });
  const udp = createSocket("udp4");
  const reply = new Promise<Buffer>((resolve) => udp.once("message", resolve));
  udp.send(question("web.default.svc.cluster.local", A), server.port, "127.0.0.1");
  const bytes = await reply;
  udp.close();
  assert.deepEqual([...bytes.subarray(-4)], [10, 128, 0, 7]);
  const tcp = connect(server.port, "127.0.0.1");
  const query = question("nothing.example", A);
  tcp.end(Buffer.concat([Buffer.from([0, query.length]), query]));
  const parts: Buffer[] = [];
  for await (const part of tcp as AsyncIterable<Buffer>) parts.push(part);
  assert.equal((Buffer.concat(parts)[5] ?? 0) & 15, responseCode.nameError);
});

test("until the services are known the server is there and asks for patience", async () => {
  const known = Promise.withResolvers<void>();
  await using server = await serveDns({
    objects: fixedObjects(known.promise),
    host: "127.0.0.1",
    port: 0,
    log: silent,
  });
  const udp = createSocket("udp4");
  const code = async (): Promise<number> => {
    const reply = new Promise<Buffer>((resolve) => udp.once("message", resolve));
    udp.send(question("web.default.svc.cluster.local", A), server.port, "127.0.0.1");
    return ((await reply)[3] ?? 0) & 15;
  };
  assert.equal(await code(), responseCode.serverFailure);
  known.resolve();
  assert.equal(await code(), responseCode.noError);
  udp.close();
});

/** Views that never change. */
function fixedObjects(synced: Promise<void> = Promise.resolve()): Objects {
  const view = <T extends KubeObject>(objects: readonly T[]): View<T> => ({
    synced,
    get: (key) => objects.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key),
    list: () => objects,
    by: (_index, value) => objects.filter((object) => JSON.stringify(object).includes(value)),
    onChange: () => ({ [Symbol.dispose]: () => {} }),
    [Symbol.dispose]: () => {},
  });
  return {
    view: ((kind: { plural: string }) =>
      view<KubeObject>(kind.plural === "services" ? services : slices)) as Objects["view"],
  } as Objects;
}
