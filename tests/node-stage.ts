/**
 * The host's side of the node tests, run in a network namespace of its own: makes fabric and node, starts the scenes inside
 * the node, passes messages on, and takes everything down again. Messages: {run} in, {done, fault?} out.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { clusterNetwork, nodeNetwork } from "#network/cluster-network.ts";
import { ensureFabric, removeFabric } from "#network/fabric.ts";
import {
  ensureNodeNetwork,
  enterNode,
  mountPin,
  removeNodeNetwork,
  removePins,
  type NodePlace,
} from "#network/node-network.ts";
import { removeNode } from "#node/remove-node.ts";
import { hostScenes, SCENE_DOOR } from "./node-host-scenes.ts";

const [instance = "", directory = "", script = join(import.meta.dirname, "node-scenes.ts"), ...more] =
  process.argv.slice(2);
const network = clusterNetwork(instance, 31);
const node = nodeNetwork(network, "node-1", 1);
const place: NodePlace = {
  network,
  node,
  runDir: `/run/catamaran/${instance}`,
  nodeDir: join(directory, "nodes", node.name),
};

execFileSync("ip", ["link", "set", "lo", "up"]);
mkdirSync(place.nodeDir, { recursive: true });
const startedAt = performance.now();
await ensureFabric(network, [SCENE_DOOR]);
await ensureNodeNetwork(place);
const readyMs = performance.now() - startedAt;

const [program = "", ...args] = enterNode(place);
const scenes: ChildProcess = spawn(program, [...args, process.execPath, script, instance, directory, ...more], {
  stdio: ["ignore", "inherit", "inherit", "ipc"],
});
scenes.on("message", (message) => process.send?.(message));
scenes.on(
  "exit",
  (code) =>
    code !== 0 && process.connected && process.send?.({ isReady: true, fault: `the scenes ended with ${code}` }),
);

process.on("message", (message: { readonly run?: string; readonly end?: boolean }) => {
  if (message.end === true) void end();
  else if (message.run !== undefined && message.run in hostScenes) void runHere(message.run);
  else scenes.send(message);
});
process.on("disconnect", () => void end());
process.on("SIGTERM", () => void end());
process.on("SIGINT", () => void end());

async function runHere(name: string): Promise<void> {
  try {
    await hostScenes[name]?.({ network, node, place });
    process.send?.({ done: name });
  } catch (thrown) {
    process.send?.({ done: name, fault: (thrown as Error).stack });
  }
}

async function end(): Promise<void> {
  if (scenes.exitCode === null && scenes.signalCode === null) {
    scenes.kill("SIGKILL");
    await new Promise((resolve) => scenes.once("exit", resolve));
  }
  await removeNode({ instance, node: node.name, mountPin: mountPin(place), nodeDir: place.nodeDir });
  await removeNodeNetwork(place);
  await removePins(place.runDir);
  await removeFabric(network);
  rmSync(place.runDir, { recursive: true, force: true });
  process.exit(0);
}

process.send?.({ stageReadyMs: readyMs });
