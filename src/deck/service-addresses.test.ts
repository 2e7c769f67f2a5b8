/** Cluster addresses and node ports: none given twice, none lost over a restart, upstream's words when they cannot be had. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "#base/json.ts";
import { serviceKind, type Service } from "#kinds/core/service.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import type { Deck } from "./deck.ts";
import { FakeClock } from "./fake-clock.ts";
import type { Journal } from "./journal.ts";
import { object, openSampleDeck } from "./sample-deck.ts";

const me = { manager: "test" };
const network = { serviceCidr: "10.128.0.0/28", nodePorts: { first: 30_000, last: 30_003 } };

async function openAt(journal: Journal): Promise<Deck> {
  return (await openSampleDeck(journal, { network })).deck;
}

function service(name: string, spec: object = {}): Service {
  return object<Service>(name, { spec: { ports: [{ port: 80 }], ...spec } });
}

async function create(deck: Deck, name: string, spec: object = {}): Promise<Service["spec"]> {
  return ((await deck.create(serviceKind, service(name, spec), me)).stored.object as Service).spec;
}

test("services created at once get different addresses and ports", async () => {
  const deck = await openAt(new MemoryJournal(new FakeClock()));
  const specs = await Promise.all(["a", "b", "c", "d"].map((name) => create(deck, name, { type: "NodePort" })));
  assert.equal(new Set(specs.map(({ clusterIP }) => clusterIP)).size, 4);
  assert.equal(new Set(specs.map(({ ports }) => ports?.[0]?.nodePort)).size, 4);
  await assert.rejects(create(deck, "e", { type: "NodePort" }), {
    code: "Invalid",
    message: /failed to allocate a nodePort: range is full/,
  });
});

test("what is taken stays taken over a restart, and is free again after a delete", async () => {
  const journal = new MemoryJournal(new FakeClock());
  const before = await create(await openAt(journal), "a");
  const again = await openAt(journal);
  assert.notEqual((await create(again, "b")).clusterIP, before.clusterIP);
  await again.remove(serviceKind, "default/a", {}, me);
  assert.equal((await create(again, "c")).clusterIP, before.clusterIP);
});

test("a refused write gives back what it held", async () => {
  const deck = await openAt(new MemoryJournal(new FakeClock()));
  await create(deck, "a", { clusterIP: "10.128.0.5" });
  await assert.rejects(deck.create(serviceKind, service("a", { clusterIP: "10.128.0.6" }), me), {
    code: "AlreadyExists",
  });
  assert.equal((await create(deck, "b", { clusterIP: "10.128.0.6" })).clusterIP, "10.128.0.6");
});

const refused: readonly { readonly title: string; readonly spec: object; readonly message: RegExp }[] = [
  {
    title: "an address that is taken",
    spec: { clusterIP: "10.128.0.5" },
    message:
      /spec.clusterIPs: Invalid value: .*"10.128.0.5".*: failed to allocate IP 10.128.0.5: provided IP is already allocated/,
  },
  {
    title: "an address outside of the range",
    spec: { clusterIP: "10.9.0.5" },
    message: /the provided IP is not in the valid range. The range of valid IPs is 10.128.0.0\/28/,
  },
  {
    title: "a port that is taken",
    spec: { type: "NodePort", ports: [{ port: 80, nodePort: 30_001 }] },
    message: /spec.ports\[0\].nodePort: Invalid value: 30001: provided port is already allocated/,
  },
  {
    title: "a port outside of the range",
    spec: { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] },
    message: /provided port is not in the valid range. The range of valid ports is 30000-30003/,
  },
];
for (const { title, spec, message } of refused) {
  test(`refuses ${title}`, async () => {
    const deck = await openAt(new MemoryJournal(new FakeClock()));
    await create(deck, "a", { clusterIP: "10.128.0.5", type: "NodePort", ports: [{ port: 80, nodePort: 30_001 }] });
    await assert.rejects(create(deck, "b", spec), { code: "Invalid", message });
  });
}

test("an update keeps address and ports that it does not mention; headless and external services have none", async () => {
  const deck = await openAt(new MemoryJournal(new FakeClock()));
  const before = await create(deck, "a", { type: "NodePort" });
  const { stored } = await deck.replace(
    serviceKind,
    "default/a",
    service("a", { type: "NodePort", selector: { app: "x" } }),
    me,
  );
  const { spec } = stored.object as Service;
  assert.deepEqual([spec.clusterIP, spec.ports?.[0]?.nodePort], [before.clusterIP, before.ports?.[0]?.nodePort]);
  assert.deepEqual((await create(deck, "headless", { clusterIP: "None" })).clusterIPs, ["None"]);
  assert.equal(
    (await create(deck, "external", { type: "ExternalName", externalName: "example.com" })).clusterIP,
    undefined,
  );
});

const retyped: readonly { readonly from: string; readonly spec: object; readonly want: object }[] = [
  { from: "NodePort", spec: { type: "ClusterIP" }, want: { type: "ClusterIP" } },
  { from: "LoadBalancer", spec: { type: "ClusterIP" }, want: { type: "ClusterIP" } },
  {
    from: "LoadBalancer",
    spec: { type: "NodePort" },
    want: { type: "NodePort", external: "Cluster", nodePort: 30_000 },
  },
  { from: "ClusterIP", spec: { type: "NodePort" }, want: { type: "NodePort", external: "Cluster", nodePort: 30_000 } },
  { from: "NodePort", spec: { type: "ExternalName", externalName: "a.b" }, want: { type: "ExternalName" } },
];
for (const { from, spec, want } of retyped) {
  test(`the type alone turns a service of type ${from} into ${JSON.stringify(spec)}`, async () => {
    const deck = await openAt(new MemoryJournal(new FakeClock()));
    await create(deck, "a", { type: from });
    await deck.patch(serviceKind, "default/a", { type: "merge", body: { spec } as Json }, me);
    const live = deck.read(serviceKind, "default/a")?.object as Service;
    const { type, externalTrafficPolicy, allocateLoadBalancerNodePorts, ports } = live.spec;
    const nodePort = ports?.[0]?.nodePort;
    assert.equal(allocateLoadBalancerNodePorts, undefined);
    assert.deepEqual(
      {
        type,
        ...(externalTrafficPolicy !== undefined && { external: externalTrafficPolicy }),
        ...(nodePort !== undefined && { nodePort }),
      },
      want,
    );
  });
}

test("a node port that only another type may have is refused, not dropped", async () => {
  const deck = await openAt(new MemoryJournal(new FakeClock()));
  await assert.rejects(create(deck, "a", { ports: [{ port: 80, nodePort: 30_001 }] }), {
    message: /spec.ports\[0\].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'/,
  });
});

const families: readonly (readonly [title: string, spec: object, expected: readonly [string, string] | string])[] = [
  ["nothing said", {}, ["SingleStack", "IPv4"]],
  ["two preferred", { ipFamilyPolicy: "PreferDualStack" }, ["PreferDualStack", "IPv4"]],
  ["a headless one without a selector", { clusterIP: "None" }, ["RequireDualStack", "IPv4,IPv6"]],
  ["a headless one with a selector", { clusterIP: "None", selector: { a: "b" } }, ["SingleStack", "IPv4"]],
  [
    "two required",
    { ipFamilyPolicy: "RequireDualStack" },
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
  ],
  ["IPv6", { ipFamilies: ["IPv6"] }, 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
  [
    "two families and one stack",
    { clusterIP: "None", ipFamilies: ["IPv4", "IPv6"], ipFamilyPolicy: "SingleStack" },
    "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
  ],
  ["an unknown policy", { ipFamilyPolicy: "Both" }, 'spec.ipFamilyPolicy: Unsupported value: "Both"'],
];

for (const [title, spec, expected] of families)
  test(`families of a service in a cluster with IPv4 alone: ${title}`, async () => {
    const deck = await openAt(new MemoryJournal(new FakeClock()));
    const created = create(deck, "a", spec);
    if (typeof expected === "string")
      return assert.rejects(created, (thrown: Error) => thrown.message.includes(expected));
    const { ipFamilyPolicy, ipFamilies } = await created;
    assert.deepEqual([ipFamilyPolicy, ipFamilies?.join()], expected);
  });
