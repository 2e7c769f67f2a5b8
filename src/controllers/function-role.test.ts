/** A function is told once of a role that does not exist, and again of another one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { functionKind, type FunctionObject } from "#kinds/catamaran/function.ts";
import { type IamRole, iamRoleKind } from "#kinds/catamaran/iam-role.ts";
import { functionRoleController } from "./function-role.ts";
import { planOf } from "./sample-plan.ts";

const ROLE = "arn:aws:iam::000000000000:role/team/worker";

function fn(role?: string): FunctionObject {
  const code = { sha256: "", size: 1 };
  return {
    apiVersion: "catamaran.dev/v1",
    kind: functionKind.kind,
    metadata: { name: "f", namespace: "default" },
    spec: { runtime: "nodejs24.x", handler: "a.b", code, ...(role !== undefined && { role }) },
  };
}

const worker: IamRole = {
  apiVersion: "catamaran.dev/v1",
  kind: iamRoleKind.kind,
  metadata: { name: "worker" },
  spec: { trustPolicy: "{}" },
};

interface Case {
  readonly title: string;
  readonly role?: string;
  readonly there?: readonly IamRole[];
  readonly memory?: string;
  readonly reasons: readonly string[];
}

const cases: readonly Case[] = [
  { title: "a role that is not there", role: ROLE, reasons: ["RoleMissing"] },
  { title: "one that it was told of", role: ROLE, memory: ROLE, reasons: [] },
  { title: "another one than it was told of", role: ROLE, memory: `${ROLE}2`, reasons: ["RoleMissing"] },
  { title: "a role that is there", role: ROLE, there: [worker], reasons: [] },
  { title: "no role", reasons: [] },
];
for (const { title, role, there = [], memory, reasons } of cases) {
  test(`a function with ${title}: ${reasons.join() || "nothing is said"}`, () => {
    const options = { there: [[iamRoleKind, there]] as const, ...(memory !== undefined && { memory }) };
    const { changes } = planOf(functionRoleController, fn(role), options);
    assert.deepEqual(
      changes.map((change) => (change.verb === "event" ? change.reason : change.verb)),
      reasons,
    );
  });
}
