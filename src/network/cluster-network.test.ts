/** The address plan and the guard. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterNetwork, dnsIp, fabricHostIp, kubernetesIp, MAX_NODES, nodeNetwork } from "./cluster-network.ts";
import { guardRules } from "./fabric.ts";

test("every address follows from the index", () => {
  const network = clusterNetwork("dev", 3);
  assert.deepEqual(
    [
      network.podCidr,
      network.serviceCidr,
      network.fabricCidr,
      network.functionCidr,
      fabricHostIp(network),
      dnsIp(network),
      kubernetesIp(network),
    ],
    ["10.67.0.0/16", "10.131.0.0/16", "10.195.0.0/24", "10.227.0.0/16", "10.195.0.1", "10.131.0.10", "10.131.0.1"],
  );
  const node = nodeNetwork(network, "node-2", 2);
  assert.deepEqual(
    [node.fabricIp, node.podCidr, node.podGatewayIp, node.netns, node.hostLink],
    ["10.195.0.12", "10.67.2.0/24", "10.67.2.1", "ctm-dev-node-2", "ctm3n2"],
  );
});

test("no two plans share an address, and links have at most 15 letters", () => {
  const all = Array.from({ length: 32 }, (_, index) => clusterNetwork("x", index));
  const ranges = all.flatMap((network) => [
    network.podCidr,
    network.serviceCidr,
    network.functionCidr,
    network.fabricCidr.replace(/\.0\/24$/, ""),
  ]);
  assert.equal(new Set(ranges.map((range) => range.split(".").slice(0, 2).join("."))).size, ranges.length);
  for (const network of all) assert.ok(nodeNetwork(network, "n", MAX_NODES).hostLink.length <= 15);
});

for (const name of ["", "UPPER", "a b", "-a", "a".repeat(40), "a/b"])
  test(`"${name}" is no instance name`, () => assert.throws(() => clusterNetwork(name, 0), RangeError));
for (const index of [-1, 32, 1.5])
  test(`${index} is no network index`, () => assert.throws(() => clusterNetwork("a", index), RangeError));
for (const ordinal of [0, 65])
  test(`${ordinal} is no ordinal of a node`, () =>
    assert.throws(() => nodeNetwork(clusterNetwork("a", 0), "n", ordinal), RangeError));

test("the guard drops every guarded range on every link but ours", () => {
  const rules = guardRules(clusterNetwork("dev", 0), [6443, 4566]);
  assert.match(rules, /^add table inet ctm-dev-guard\ndelete table inet ctm-dev-guard\n/);
  assert.match(
    rules,
    /ip daddr \{ 10\.64\.0\.0\/16, 10\.128\.0\.0\/16, 10\.224\.0\.0\/16 \} oifname != \{ "ctm0", "lo" \} drop/,
  );
  assert.match(rules, /iifname != \{ "ctm0", "lo" \} drop/);
  assert.match(rules, /iifname "ctm0" jump from-nodes/);
  assert.match(
    rules,
    /ip daddr 10\.192\.0\.1 tcp dport \{ 6443, 4566 \} accept\n    icmp type echo-request accept\n    drop/,
  );
});
