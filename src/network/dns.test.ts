/** The cluster's names: what each question is answered with, and how the bytes look. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { test } from "node:test";
import { decode, type DecodedPacket, encode, RECURSION_DESIRED, type RecordType } from "dns-packet";
import { silent } from "#base/log.ts";
import type { Objects, View } from "#deck/objects.ts";
import type { EndpointSlice } from "#kinds/networking/endpoint-slice.ts";
import type { KubeObject, Live } from "#kinds/object.ts";
import type { Service } from "#kinds/core/service.ts";
import { decodeQuery, encodeReply, responseCode, type DnsRecord } from "./dns-message.ts";
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

interface Case {
  readonly name: string;
  readonly type: string;
  /** "A 10.0.0.1", "SRV 5432 target"; "NXDOMAIN"; null is not ours. */
  readonly answer: readonly string[] | "NXDOMAIN" | null;
}

const cases: readonly Case[] = [
  { name: "web.default.svc.cluster.local", type: "A", answer: ["A 10.128.0.7"] },
  { name: "WEB.Default.svc.Cluster.Local", type: "A", answer: ["A 10.128.0.7"] },
  { name: "web.default.svc.cluster.local", type: "AAAA", answer: [] },
  { name: "none.default.svc.cluster.local", type: "A", answer: "NXDOMAIN" },
  { name: "web.other.svc.cluster.local", type: "A", answer: "NXDOMAIN" },
  { name: "default.svc.cluster.local", type: "A", answer: [] },
  { name: "nonsense.cluster.local", type: "A", answer: "NXDOMAIN" },
  { name: "_http._tcp.web.default.svc.cluster.local", type: "SRV", answer: ["SRV 80 web.default.svc.cluster.local"] },
  { name: "_other._tcp.web.default.svc.cluster.local", type: "SRV", answer: "NXDOMAIN" },
  { name: "db.prod.svc.cluster.local", type: "A", answer: ["A 10.64.1.5", "A 10.64.1.6"] },
  { name: "db-0.db.prod.svc.cluster.local", type: "A", answer: ["A 10.64.1.5"] },
  { name: "10-64-1-6.db.prod.svc.cluster.local", type: "A", answer: ["A 10.64.1.6"] },
  { name: "db-9.db.prod.svc.cluster.local", type: "A", answer: "NXDOMAIN" },
  {
    name: "_sql._tcp.db.prod.svc.cluster.local",
    type: "SRV",
    answer: ["SRV 5432 db-0.db.prod.svc.cluster.local", "SRV 5432 10-64-1-6.db.prod.svc.cluster.local"],
  },
  { name: "out.default.svc.cluster.local", type: "A", answer: ["CNAME example.org"] },
  { name: "out.default.svc.cluster.local", type: "CNAME", answer: ["CNAME example.org"] },
  {
    name: "alias.default.svc.cluster.local",
    type: "A",
    answer: ["CNAME web.default.svc.cluster.local", "A 10.128.0.7"],
  },
  { name: "10-64-1-5.prod.pod.cluster.local", type: "A", answer: ["A 10.64.1.5"] },
  { name: "10-64-1.prod.pod.cluster.local", type: "A", answer: "NXDOMAIN" },
  { name: "7.0.128.10.in-addr.arpa", type: "PTR", answer: ["PTR web.default.svc.cluster.local"] },
  { name: "5.1.64.10.in-addr.arpa", type: "PTR", answer: ["PTR db-0.db.prod.svc.cluster.local"] },
  { name: "9.9.9.9.in-addr.arpa", type: "PTR", answer: null },
  { name: "dns-version.cluster.local", type: "TXT", answer: ["TXT 1.1.0"] },
  { name: "example.org", type: "A", answer: null },
  { name: "notcluster.local", type: "A", answer: null },
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
  const reply = answerFrom(zone, { name: "_sql._tcp.db.prod.svc.cluster.local", type: "SRV" });
  assert.deepEqual(reply?.additional?.map(words), ["A 10.64.1.5", "A 10.64.1.6"]);
});

function words(record: DnsRecord): string {
  if (record.type === "SRV") return `SRV ${record.data.port} ${record.data.target}`;
  return record.type === "SOA" ? "SOA" : `${record.type} ${String(record.data)}`;
}

/** A question as a resolver sends it, optionally with EDNS. */
function question(name: string, type: RecordType, udpSize?: number): Buffer {
  const edns = { type: "OPT", name: ".", extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false } as const;
  return encode({
    id: 0x1234,
    type: "query",
    flags: RECURSION_DESIRED,
    questions: [{ name, type }],
    ...(udpSize !== undefined && { additionals: [{ ...edns, udpPayloadSize: udpSize, options: [] }] }),
  });
}

test("a query is read, with its buffer size", () => {
  assert.deepEqual(decodeQuery(question("web.default", "A", 4096)), {
    id: 0x1234,
    opcode: 0,
    wantsRecursion: true,
    question: { name: "web.default", type: "A", class: "IN" },
    udpSize: 4096,
  });
});

const malformed: readonly { readonly title: string; readonly bytes: Buffer }[] = [
  { title: "nothing", bytes: Buffer.alloc(0) },
  { title: "half a header", bytes: Buffer.alloc(7) },
  {
    title: "a name that points to itself",
    bytes: Buffer.concat([question("a", "A").subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]),
  },
  {
    title: "a label that goes over the end",
    bytes: Buffer.concat([question("a", "A").subarray(0, 12), Buffer.from([63, 65])]),
  },
  { title: "a response", bytes: Buffer.from(question("a", "A")).fill(0x81, 2, 3) },
  { title: "more records than a query has", bytes: Buffer.from(question("a", "A")).fill(9, 11, 12) },
  { title: "a header that promises records", bytes: Buffer.from(question("a", "A")).fill(0xff, 6, 12) },
  { title: "a record that is cut off", bytes: question("a", "A", 4096).subarray(0, -3) },
  { title: "a name that is not text", bytes: Buffer.from(question("a", "A")).fill(0xff, 13, 14) },
  { title: "no question", bytes: Buffer.from(question("a", "A")).fill(0, 4, 6) },
];
for (const { title, bytes } of malformed)
  test(`${title} is not a query`, () => assert.throws(() => decodeQuery(bytes), { code: "BadRequest" }));

test("a reply that does not fit says so and carries nothing", () => {
  const query = decodeQuery(question("many.example", "A"));
  const answers = Array.from({ length: 60 }, (_, index): DnsRecord => ({
    name: "many.example",
    ttl: 5,
    type: "A",
    data: `10.0.0.${index}`,
  }));
  const cut = Buffer.from(encodeReply(query, { code: 0, isAuthoritative: true, canRecurse: false, answers }, 512));
  assert.ok(cut.length <= 512);
  assert.equal((cut[2] ?? 0) & 2, 2);
  assert.equal(cut.readUInt16BE(6), 0);
});

test("a reply repeats the question as it was asked, with our own buffer size for who said his", () => {
  const answers: readonly DnsRecord[] = [
    { name: "Web.default", ttl: 5, type: "A", data: "10.0.0.1" },
    { name: "Web.default", ttl: 5, type: "SRV", data: { priority: 0, weight: 100, port: 80, target: "web.default" } },
  ];
  const sent = (udpSize?: number): DecodedPacket => {
    const query = decodeQuery(question("Web.default", "ANY" as RecordType, udpSize));
    return decode(Buffer.from(encodeReply(query, { code: 0, isAuthoritative: true, canRecurse: true, answers }, 512)));
  };
  const { id, questions, flag_aa, flag_ra, flag_rd, flag_tc, answers: got, additionals } = sent(4096);
  assert.deepEqual([id, questions], [0x1234, [{ name: "Web.default", type: "ANY", class: "IN" }]]);
  assert.deepEqual([flag_aa, flag_ra, flag_rd, flag_tc], [true, true, true, false]);
  assert.deepEqual(
    got?.map((record) => record.type !== "OPT" && [record.type, record.data]),
    [
      ["A", "10.0.0.1"],
      ["SRV", { priority: 0, weight: 100, port: 80, target: "web.default" }],
    ],
  );
  assert.deepEqual(
    additionals?.map((record) => record.type === "OPT" && record.udpPayloadSize),
    [1_232],
  );
  assert.deepEqual(sent().additionals, []);
});

test("an alias that is no name in DNS is a failure of the server, as in CoreDNS, not nonsense", () => {
  const query = decodeQuery(question("out.default", "A"));
  const answers: readonly DnsRecord[] = [{ name: "out.default", ttl: 5, type: "CNAME", data: `${"a".repeat(64)}.org` }];
  const bytes = encodeReply(query, { code: 0, isAuthoritative: true, canRecurse: false, answers }, 512);
  const { answers: got } = decode(Buffer.from(bytes));
  assert.deepEqual([(bytes[3] ?? 0) & 15, got], [responseCode.serverFailure, []]);
});

test("a query of 64 KB whose names point back and back is read within a moment", () => {
  const bytes = Buffer.alloc(65_535);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt16BE(8, 10);
  for (let at = 12; at < 16_000; at += 2) bytes.writeUInt16BE(0xc000 | (at - 2), at);
  const startedAt = performance.now();
  decodeQuery(bytes);
  assert.ok(performance.now() - startedAt < 50);
});

test("the server answers over UDP and TCP from live objects", async () => {
  await using server = await serveDns({ objects: fixedObjects(), host: "127.0.0.1", port: 0, log: silent });
  const udp = createSocket("udp4");
  const reply = new Promise<Buffer>((resolve) => udp.once("message", resolve));
  udp.send(question("web.default.svc.cluster.local", "A"), server.port, "127.0.0.1");
  const bytes = await reply;
  udp.close();
  assert.deepEqual([...bytes.subarray(-4)], [10, 128, 0, 7]);
  const tcp = connect(server.port, "127.0.0.1");
  const query = question("nothing.example", "A");
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
    udp.send(question("web.default.svc.cluster.local", "A"), server.port, "127.0.0.1");
    return ((await reply)[3] ?? 0) & 15;
  };
  assert.equal(await code(), responseCode.serverFailure);
  known.resolve();
  assert.equal(await code(), responseCode.noError);
  udp.close();
});

/** Views that never change. */
function fixedObjects(synced: Promise<void> = Promise.resolve()): Objects {
  const view = <T extends KubeObject>(objects: readonly Live<T>[]): View<T> => ({
    synced,
    get: (key) => objects.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key),
    list: () => objects,
    by: (_index, value) => objects.filter((object) => JSON.stringify(object).includes(value)),
    onChange: () => ({ [Symbol.dispose]: () => {} }),
    [Symbol.dispose]: () => {},
  });
  return {
    view: ((kind: { plural: string }) =>
      view((kind.plural === "services" ? services : slices) as readonly Live[])) as Objects["view"],
  } as Objects;
}
