/** `catamaran run ROLE`: what the supervisor starts. Not for people. */
import { parseArgs } from "node:util";
import { Fault } from "#base/fault.ts";
import { readInstance } from "#instance/instance.ts";
import { failRole, type RoleStart, runRole } from "./role.ts";

export async function run(words: readonly string[]): Promise<number> {
  await runNamed(words).catch(failRole);
  return 0;
}

async function runNamed(words: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { "data-dir": { type: "string" }, node: { type: "string" } },
  });
  const instance = await readInstance(values["data-dir"] ?? "");
  const [role = ""] = positionals;
  if (instance === null) throw new Fault("NotFound", `there is no instance in ${values["data-dir"] ?? "?"}`);
  await runRole(values.node ?? role, instance, await startOf(role, values.node));
}

async function startOf(role: string, node: string | undefined): Promise<RoleStart> {
  if (role === "control") return (await import("./run-control.ts")).startControl;
  if (role === "gateway") return (await import("./run-gateway.ts")).startGateway;
  if (role !== "node" || node === undefined) throw new Fault("BadRequest", `there is no role "${role}"`);
  const { startNode } = await import("./run-node.ts");
  return (basis, stack) => startNode(basis, stack, node);
}
