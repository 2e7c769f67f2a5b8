/** The truth of network policies, after upstream's end-to-end tests (test/e2e/network/netpol): who reaches whom under which policies. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkPolicy, NetworkPolicySpec } from "#kinds/networking/network-policy-spec.ts";
import { admits, isolationOf, speakerOf, type Neighbourhood, type Speaker } from "./network-policy.ts";

const ports: Speaker["ports"] = [
  { name: "serve-80", port: 80, protocol: "TCP" },
  { name: "serve-81", port: 81, protocol: "TCP" },
  { name: "dns", port: 53, protocol: "UDP" },
];
const speaker = (namespace: string, pod: string, ip: string): Speaker => ({ namespace, ip, labels: { pod }, ports });
const OUTSIDE = "192.0.2.1";
// "a" of every namespace is on the first node.
const who: Readonly<Record<string, Speaker>> = {
  "x/a": speaker("x", "a", "10.1.1.2"),
  "x/b": { ...speaker("x", "b", "10.1.2.2"), ports: [{ name: "serve-80", port: 8080, protocol: "TCP" }] },
  "x/c": speaker("x", "c", "10.1.2.3"),
  "y/a": speaker("y", "a", "10.1.1.3"),
  "y/b": speaker("y", "b", "10.1.2.4"),
  "z/a": speaker("z", "a", "10.1.1.4"),
  outside: { namespace: "", ip: OUTSIDE, labels: {}, ports: [] },
};
const namespaces = new Map(["x", "y", "z"].map((ns) => [ns, { ns, "kubernetes.io/metadata.name": ns }]));

const policy = (spec: NetworkPolicySpec, namespace = "x"): NetworkPolicy => ({
  metadata: { name: "p", namespace },
  spec,
});
const all = { podSelector: {} };
const onA = { podSelector: { matchLabels: { pod: "a" } } };
const pod = (name: string) => ({ podSelector: { matchLabels: { pod: name } } });
const ns = (name: string) => ({ namespaceSelector: { matchLabels: { ns: name } } });
const block = (cidr: string, ...except: readonly string[]) => ({ ipBlock: { cidr, except } });
const tcp = (port: number | string, endPort?: number) => ({ port, ...(endPort !== undefined && { endPort }) });

const denyIn = policy({ ...all, policyTypes: ["Ingress"] });
const denyOut = policy({ ...all, policyTypes: ["Egress"] });
const fromB = policy({ ...onA, ingress: [{ from: [pod("b")] }] });
const fromY = policy({ ...onA, ingress: [{ from: [ns("y")] }] });
const fromYb = policy({ ...onA, ingress: [{ from: [{ ...ns("y"), ...pod("b") }] }] });
const fromYOrB = policy({ ...onA, ingress: [{ from: [ns("y"), pod("b")] }] });
const on80 = policy({ ...onA, ingress: [{ ports: [tcp(80)] }] });
const range = policy({ ...onA, ingress: [{ ports: [tcp(80, 82)] }] });
const udp = policy({ ...onA, ingress: [{ ports: [{ protocol: "UDP", port: 53 }] }] });
const named = policy({ ...onA, ingress: [{ ports: [tcp("serve-80")] }] });
const unknownName = policy({ ...onA, ingress: [{ ports: [tcp("nothing")] }] });
const allTcp = policy({ ...onA, ingress: [{ ports: [{ protocol: "TCP" }] }] });
const fromBlock = policy({ ...onA, ingress: [{ from: [block("10.1.2.0/24", "10.1.2.3/32")] }] });
const fromBlocks = policy({ ...onA, ingress: [{ from: [block("10.1.2.0/24", "10.1.2.2/32"), block("10.1.2.2/32")] }] });
const toB = policy({ ...onA, policyTypes: ["Egress"], egress: [{ to: [pod("b")] }] });
const toNamed = policy({ ...onA, policyTypes: ["Egress"], egress: [{ ports: [tcp("serve-80")] }] });
const toBlock = policy({ ...onA, egress: [{ to: [block("192.0.2.0/24", "192.0.2.128/25")] }] });
const toOneHole = policy({
  ...onA,
  policyTypes: ["Egress"],
  egress: [{ to: [block("10.1.0.0/16", "10.1.2.2/32")], ports: [tcp(80)] }],
});
const expressions = policy({
  ...onA,
  ingress: [{ from: [{ namespaceSelector: { matchExpressions: [{ key: "ns", operator: "NotIn", values: ["x"] }] } }] }],
});
const bothWays = policy({ ...onA, policyTypes: ["Ingress", "Egress"], ingress: [{}] });
const twoRules = policy({
  ...onA,
  ingress: [
    { from: [pod("b")], ports: [tcp(80)] },
    { from: [pod("c")], ports: [tcp(81)] },
  ],
});
const toYOn80 = policy({ ...onA, policyTypes: ["Egress"], egress: [{ to: [ns("y")], ports: [tcp(80)] }] });
const inY = policy({ ...all, policyTypes: ["Ingress"] }, "y");

type Case = readonly [
  title: string,
  policies: readonly NetworkPolicy[],
  from: string,
  to: string,
  port: string,
  passes: boolean,
];
const cases: readonly Case[] = [
  ["without a policy all pass", [], "y/b", "x/a", "TCP 80", true],
  ["without a policy all go out", [], "x/a", "outside", "UDP 53", true],
  ["default deny, same namespace", [denyIn], "x/b", "x/a", "TCP 80", false],
  ["default deny, other namespace", [denyIn], "y/b", "x/a", "TCP 80", false],
  ["default deny, UDP too", [denyIn], "y/b", "x/a", "UDP 53", false],
  ["default deny, SCTP too", [denyIn], "y/b", "x/a", "SCTP 80", false],
  ["default deny, the outside", [denyIn], "outside", "x/a", "TCP 80", false],
  ["default deny of ingress leaves egress", [denyIn], "x/a", "y/b", "TCP 80", true],
  ["default deny holds in its namespace alone", [denyIn], "x/a", "z/a", "TCP 80", true],
  ["default deny of egress, to the same namespace", [denyOut], "x/a", "x/b", "TCP 80", false],
  ["default deny of egress, to another", [denyOut], "x/a", "y/b", "UDP 53", false],
  ["default deny of egress leaves ingress from elsewhere", [denyOut], "y/b", "x/a", "TCP 80", true],
  ["deny and allow: the union allows", [denyIn, fromB], "x/b", "x/a", "TCP 80", true],
  ["deny and allow: others stay out", [denyIn, fromB], "x/c", "x/a", "TCP 80", false],
  ["a pod selector means the own namespace", [fromB], "y/b", "x/a", "TCP 80", false],
  ["a pod selector allows its pods", [fromB], "x/b", "x/a", "TCP 80", true],
  ["unselected pods stay open", [fromB], "y/b", "x/c", "TCP 80", true],
  ["a namespace selector allows all its pods", [fromY], "y/a", "x/a", "TCP 80", true],
  ["a namespace selector does not allow the own namespace", [fromY], "x/b", "x/a", "TCP 80", false],
  ["both selectors in one peer: both must hold", [fromYb], "y/b", "x/a", "TCP 80", true],
  ["both selectors in one peer: only the namespace", [fromYb], "y/a", "x/a", "TCP 80", false],
  ["both selectors in one peer: only the pod", [fromYb], "x/b", "x/a", "TCP 80", false],
  ["two peers: the namespace is enough", [fromYOrB], "y/a", "x/a", "TCP 80", true],
  ["two peers: the pod is enough", [fromYOrB], "x/b", "x/a", "TCP 80", true],
  ["two peers: neither", [fromYOrB], "z/a", "x/a", "TCP 80", false],
  ["expressions over namespaces: meant", [expressions], "z/a", "x/a", "TCP 80", true],
  ["expressions over namespaces: not meant", [expressions], "x/b", "x/a", "TCP 80", false],
  ["a port allows itself", [on80], "y/b", "x/a", "TCP 80", true],
  ["a port allows no other", [on80], "y/b", "x/a", "TCP 81", false],
  ["a port is TCP when nothing is said", [on80], "y/b", "x/a", "UDP 80", false],
  ["endPort, first", [range], "y/b", "x/a", "TCP 80", true],
  ["endPort, last", [range], "y/b", "x/a", "TCP 82", true],
  ["endPort, after", [range], "y/b", "x/a", "TCP 83", false],
  ["endPort, before", [range], "y/b", "x/a", "TCP 79", false],
  ["UDP alone", [udp], "y/b", "x/a", "UDP 53", true],
  ["UDP alone, not TCP", [udp], "y/b", "x/a", "TCP 53", false],
  ["a protocol without a port", [allTcp], "y/b", "x/a", "TCP 9999", true],
  ["a protocol without a port, another protocol", [allTcp], "y/b", "x/a", "UDP 53", false],
  ["a named port is the pod's own", [named], "y/b", "x/a", "TCP 80", true],
  ["a named port, another port", [named], "y/b", "x/a", "TCP 81", false],
  ["a name that no container has allows nothing", [unknownName], "y/b", "x/a", "TCP 80", false],
  ["a block", [fromBlock], "x/b", "x/a", "TCP 80", true],
  ["a block's exception", [fromBlock], "x/c", "x/a", "TCP 80", false],
  ["outside the block", [fromBlock], "y/a", "x/a", "TCP 80", false],
  ["an exception that another block allows", [fromBlocks], "x/b", "x/a", "TCP 80", true],
  ["egress to a pod", [toB], "x/a", "x/b", "TCP 80", true],
  ["egress to another", [toB], "x/a", "x/c", "TCP 80", false],
  ["egress to the outside", [toB], "x/a", "outside", "TCP 80", false],
  ["egress alone leaves ingress", [toB], "y/b", "x/a", "TCP 80", true],
  ["a named port of egress means the peer's number", [toNamed], "x/a", "x/b", "TCP 8080", true],
  ["a named port of egress, the number of another peer", [toNamed], "x/a", "x/b", "TCP 80", false],
  ["a named port of egress, other peers", [toNamed], "x/a", "y/a", "TCP 80", true],
  ["policyTypes by default: egress rules govern egress", [toBlock], "x/a", "x/b", "TCP 80", false],
  ["policyTypes by default: and ingress", [toBlock], "x/b", "x/a", "TCP 80", false],
  ["an egress block", [toBlock], "x/a", "outside", "TCP 443", true],
  ["an egress block's exception", [toOneHole], "x/a", "x/b", "TCP 80", false],
  ["an egress block with a port", [toOneHole], "x/a", "x/c", "TCP 80", true],
  ["an egress block, another port", [toOneHole], "x/a", "x/c", "TCP 81", false],
  ["an empty ingress rule allows all, egress denied", [bothWays], "y/b", "x/a", "TCP 80", true],
  ["an empty ingress rule does not open egress", [bothWays], "x/a", "y/b", "TCP 80", false],
  ["rules do not mix: the first", [twoRules], "x/b", "x/a", "TCP 80", true],
  ["rules do not mix: peer of one, port of the other", [twoRules], "x/b", "x/a", "TCP 81", false],
  ["both ends must allow: egress does, ingress does not", [toYOn80, inY], "x/a", "y/b", "TCP 80", false],
  ["both ends must allow: both do", [toYOn80], "x/a", "y/b", "TCP 80", true],
];

for (const [title, policies, from, to, port, passes] of cases)
  test(`${title}: ${from} ${passes ? "reaches" : "does not reach"} ${to} ${port}`, () => {
    const around: Neighbourhood = {
      policies,
      namespaces,
      speakers: Object.values(who).filter(({ namespace }) => namespace !== ""),
    };
    const [source, target] = [who[from], who[to]];
    assert.ok(source !== undefined && target !== undefined);
    const [protocol, number] = port.split(" ");
    const at = { protocol: protocol as "TCP" | "UDP" | "SCTP", port: Number(number) };
    const out = admits(isolationOf(source, around).egress, target.ip, at);
    const inward = admits(isolationOf(target, around).ingress, source.ip, at);
    assert.equal(out && inward, passes);
  });

test("pods in their node's network and ended pods are no peers", () => {
  const spec = { containers: [{ name: "c", image: "i", ports: [{ name: "http", containerPort: 80 }] }] };
  const metadata = { name: "p", namespace: "x", labels: { a: "b" } };
  assert.deepEqual(speakerOf({ metadata, spec, status: { podIP: "10.1.1.9" } }), {
    namespace: "x",
    ip: "10.1.1.9",
    labels: { a: "b" },
    ports: [{ name: "http", port: 80, protocol: "TCP" }],
  });
  assert.equal(speakerOf({ metadata, spec }), null);
  assert.equal(speakerOf({ metadata, spec, status: { podIP: "10.1.1.9", phase: "Succeeded" } }), null);
  assert.equal(speakerOf({ metadata, spec: { ...spec, hostNetwork: true }, status: { podIP: "10.1.1.9" } }), null);
});
