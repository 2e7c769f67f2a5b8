/** What a node may write. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "#base/fault.ts";
import type { Kind } from "#kinds/kind.ts";
import { leaseKind } from "#kinds/lease.ts";
import { nodeKind } from "#kinds/node.ts";
import { podKind } from "#kinds/pod.ts";
import type { ApiPath } from "./api-path.ts";
import { restrictNode } from "./restrict-node.ts";

const one = { name: "system:node:one", groups: ["system:nodes"] };

interface Case {
  readonly title: string;
  readonly verb: string;
  readonly kind: Kind;
  readonly at: Partial<ApiPath>;
  readonly isAllowed: boolean;
}

const cases: readonly Case[] = [
  {
    title: "patches its own status",
    verb: "patch",
    kind: nodeKind as Kind,
    at: { name: "one", subresource: "status" },
    isAllowed: true,
  },
  { title: "patches another node", verb: "patch", kind: nodeKind as Kind, at: { name: "two" }, isAllowed: false },
  {
    title: "renews its own lease",
    verb: "update",
    kind: leaseKind as Kind,
    at: { namespace: "kube-node-lease", name: "one" },
    isAllowed: true,
  },
  {
    title: "renews another node's lease",
    verb: "update",
    kind: leaseKind as Kind,
    at: { namespace: "kube-node-lease", name: "two" },
    isAllowed: false,
  },
  {
    title: "writes a lease elsewhere",
    verb: "update",
    kind: leaseKind as Kind,
    at: { namespace: "default", name: "one" },
    isAllowed: false,
  },
  {
    title: "reports a pod's status",
    verb: "patch",
    kind: podKind as Kind,
    at: { namespace: "default", name: "p", subresource: "status" },
    isAllowed: true,
  },
  {
    title: "changes a pod's spec",
    verb: "patch",
    kind: podKind as Kind,
    at: { namespace: "default", name: "p" },
    isAllowed: false,
  },
  {
    title: "deletes a pod that ended",
    verb: "delete",
    kind: podKind as Kind,
    at: { namespace: "default", name: "p" },
    isAllowed: true,
  },
  { title: "lists pods", verb: "list", kind: podKind as Kind, at: {}, isAllowed: true },
];

for (const { title, verb, kind, at, isAllowed } of cases) {
  test(`a node ${title}: ${isAllowed ? "allowed" : "forbidden"}`, () => {
    const path: ApiPath = { kind, namespace: "", name: "", subresource: undefined, rest: "", ...at };
    const run = (): void => restrictNode(one, path, verb);
    if (isAllowed) run();
    else assert.throws(run, (thrown: unknown) => thrown instanceof Fault && thrown.code === "Forbidden");
  });
}
