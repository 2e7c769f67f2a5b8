/** Hand-made Endpoints and the slices that mirror them, on a deck in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { type EndpointSlice, endpointSliceKind } from "#kinds/networking/endpoint-slice.ts";
import { type Endpoints, endpointsKind, type EndpointSubset } from "#kinds/core/endpoints.ts";
import type { ObjectMeta } from "#kinds/object.ts";
import { type Service, serviceKind } from "#kinds/core/service.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { allControllers } from "./all.ts";
import { SampleCluster } from "./sample-cluster.ts";

const yieldOnce = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const SERVICE: Service = { metadata: { name: "db", namespace: "default" }, spec: { ports: [{ port: 5432 }] } };
const NAME_LABEL = "kubernetes.io/service-name";

function endpoints(subsets: readonly EndpointSubset[], metadata: Partial<ObjectMeta> = {}): Endpoints {
  return { metadata: { name: "db", namespace: "default", ...metadata }, subsets };
}

async function openWith(made: Endpoints, service: Service | null = SERVICE): Promise<SampleCluster> {
  const cluster = await SampleCluster.open(new MemoryJournal(new FakeClock()), allControllers, yieldOnce);
  if (service !== null) await cluster.objects.create(serviceKind, service);
  await cluster.objects.create(endpointsKind, made);
  await cluster.settle();
  return cluster;
}

function slices(cluster: SampleCluster): readonly string[] {
  return cluster
    .list<EndpointSlice>(endpointSliceKind)
    .map(({ addressType, ports = [], endpoints: all }) => {
      const told = all.map(
        ({ addresses, conditions }) => `${addresses.join()}${conditions?.ready === true ? "" : "!"}`,
      );
      return `${addressType} ${ports.map(({ name, port, protocol }) => `${name}:${port}/${protocol}`).join()} ${told.join(" ")}`;
    })
    .toSorted((a, b) => (a < b ? -1 : 1));
}

const PORTS = [{ name: "sql", port: 5432 }];

const cases: readonly {
  readonly title: string;
  readonly made: Endpoints;
  readonly service?: Service | null;
  readonly is: readonly string[];
  readonly told?: readonly string[];
}[] = [
  {
    title: "ready and unready addresses",
    made: endpoints([{ addresses: [{ ip: "10.1.2.3" }], notReadyAddresses: [{ ip: "10.1.2.4" }], ports: PORTS }]),
    is: ["IPv4 sql:5432/TCP 10.1.2.3 10.1.2.4!"],
  },
  {
    title: "one slice for each set of ports and each family",
    made: endpoints([
      { addresses: [{ ip: "10.1.2.3" }, { ip: "fd00::1" }], ports: PORTS },
      { addresses: [{ ip: "10.1.2.4" }], ports: PORTS },
      { addresses: [{ ip: "10.1.2.3" }], ports: [{ port: 53, protocol: "UDP" }] },
    ]),
    is: ["IPv4 :53/UDP 10.1.2.3", "IPv4 sql:5432/TCP 10.1.2.3 10.1.2.4", "IPv6 sql:5432/TCP fd00::1"],
  },
  { title: "no addresses, no slice", made: endpoints([]), is: [] },
  {
    title: "not those that ask to be left alone",
    made: endpoints([{ addresses: [{ ip: "10.1.2.3" }], ports: PORTS }], {
      labels: { "endpointslice.kubernetes.io/skip-mirror": "true" },
    }),
    is: [],
  },
  {
    title: "not those that hold a lock",
    made: endpoints([{ addresses: [{ ip: "10.1.2.3" }], ports: PORTS }], {
      annotations: { "control-plane.alpha.kubernetes.io/leader": "{}" },
    }),
    is: [],
  },
  {
    title: "not without a service",
    made: endpoints([{ addresses: [{ ip: "10.1.2.3" }], ports: PORTS }]),
    service: null,
    is: [],
  },
  {
    title: "no more than a thousand addresses of a subset",
    made: endpoints([
      { addresses: Array.from({ length: 1_002 }, (_, at) => ({ ip: `10.1.${at >> 8}.${at & 255}` })), ports: PORTS },
    ]),
    is: [`IPv4 sql:5432/TCP ${Array.from({ length: 1_000 }, (_, at) => `10.1.${at >> 8}.${at & 255}`).join(" ")}`],
    told: [
      "TooManyAddressesToMirror: A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 2 addresses were skipped",
    ],
  },
  {
    title: "not what is no address",
    made: endpoints([{ addresses: [{ ip: "10.1.2.3" }, { ip: "ten" }], ports: PORTS }]),
    is: ["IPv4 sql:5432/TCP 10.1.2.3"],
    told: ["InvalidIPAddress: Skipped 1 invalid IP addresses when mirroring to EndpointSlices"],
  },
];

for (const { title, made, service = SERVICE, is, told = [] } of cases)
  test(`mirrors ${title}`, async () => {
    await using cluster = await openWith(made, service);
    assert.deepEqual(slices(cluster), is);
    assert.deepEqual(cluster.told("db"), told);
  });

test("the mirror follows: labels, annotations and addresses, in the same slice, and goes with its Endpoints", async () => {
  await using cluster = await openWith(endpoints([{ addresses: [{ ip: "10.1.2.3" }], ports: PORTS }]));
  const [before] = cluster.list<EndpointSlice>(endpointSliceKind);
  await cluster.objects.change(endpointsKind, "default/db", (live) => ({
    ...live,
    metadata: {
      ...live.metadata,
      labels: { tier: "data" },
      annotations: { note: "x", "endpoints.kubernetes.io/last-change-trigger-time": "now" },
    },
    subsets: [{ addresses: [{ ip: "10.1.2.9", hostname: "nine", nodeName: "n" }], ports: PORTS }],
  }));
  await cluster.settle();
  const [after, ...others] = cluster.list<EndpointSlice>(endpointSliceKind);
  assert.deepEqual(others, []);
  assert.equal(after?.metadata.name, before?.metadata.name);
  assert.deepEqual(after?.metadata.labels, {
    tier: "data",
    [NAME_LABEL]: "db",
    "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
  });
  assert.deepEqual(after?.metadata.annotations, { note: "x" });
  assert.deepEqual(after?.endpoints, [
    { addresses: ["10.1.2.9"], conditions: { ready: true }, hostname: "nine", nodeName: "n" },
  ]);
  assert.deepEqual(
    after.metadata.ownerReferences?.map(({ kind, name }) => `${kind}/${name}`),
    ["Endpoints/db"],
  );
  await cluster.objects.remove(endpointsKind, "default/db");
  await cluster.settle();
  assert.deepEqual(slices(cluster), []);
});

test("a selector takes the service over: the mirror goes, the pods' slice comes", async () => {
  await using cluster = await openWith(endpoints([{ addresses: [{ ip: "10.1.2.3" }], ports: PORTS }]));
  await cluster.objects.change(serviceKind, "default/db", (live) => ({
    ...live,
    spec: { ...live.spec, selector: { app: "db" } },
  }));
  await cluster.settle();
  const managers = cluster
    .list<EndpointSlice>(endpointSliceKind)
    .map(({ metadata }) => metadata.labels?.["endpointslice.kubernetes.io/managed-by"]);
  assert.deepEqual(managers, ["endpointslice-controller.k8s.io"]);
});

test("a slice that somebody removed or changed is made right again", async () => {
  await using cluster = await openWith(endpoints([{ addresses: [{ ip: "10.1.2.3" }], ports: PORTS }]));
  const [slice] = cluster.list<EndpointSlice>(endpointSliceKind);
  const key = `default/${slice?.metadata.name}`;
  await cluster.objects.change(endpointSliceKind, key, (live) => ({ ...live, endpoints: [] }));
  await cluster.settle();
  assert.deepEqual(slices(cluster), ["IPv4 sql:5432/TCP 10.1.2.3"]);
  await cluster.objects.remove(endpointSliceKind, key);
  await cluster.settle();
  assert.deepEqual(slices(cluster), ["IPv4 sql:5432/TCP 10.1.2.3"]);
});
