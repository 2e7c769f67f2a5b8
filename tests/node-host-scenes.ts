/** Scenes that look at the node from its host. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { fabricHostIp, nodeNetwork, type ClusterNetwork, type NodeNetwork } from "#network/cluster-network.ts";
import {
  ensureNodeNetwork,
  ensurePeerRoutes,
  enterNode,
  mountPin,
  removeNodeNetwork,
  type NodePlace,
} from "#network/node-network.ts";
import { removeNode } from "#node/remove-node.ts";

export interface HostView {
  readonly network: ClusterNetwork;
  readonly node: NodeNetwork;
  readonly place: NodePlace;
}

/** The one port of the machine that nodes may call in these scenes. */
export const SCENE_DOOR = 6_443;
const OTHER_PORT = 7_000;

export const hostScenes: Readonly<Record<string, (view: HostView) => Promise<void>>> = {
  "the host reaches a service by its address": async () => {
    assert.match(await exchange("10.159.0.77", 8080), /pod web/);
  },
  "nodes reach the doors of the machine, and no other listener": async ({ network, place }) => {
    const host = fabricHostIp(network);
    const servers = [SCENE_DOOR, OTHER_PORT].map((port) =>
      createServer((socket) => socket.end("heard")).listen(port, "0.0.0.0"),
    );
    try {
      assert.equal(await askFromNode(place, host, SCENE_DOOR), "heard");
      assert.equal(await askFromNode(place, host, OTHER_PORT), "silence");
    } finally {
      for (const server of servers) server.close();
    }
  },
  "a second node joins and listens at a pod's address": async (view) => {
    const { place, second } = secondNode(view);
    await ensureNodeNetwork(second);
    await ensurePeerRoutes({ ...place, peers: [place.node, second.node] });
    const [program = "", ...enter] = enterNode(second);
    execFileSync(program, [...enter, "ip", "addr", "add", `${second.node.podGatewayIp}/24`, "dev", "svc0"]);
    const server = spawn(program, [...enter, "busybox", "nc", "-l", "-p", "8080"], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    server.stdin.write("pod of node-2\n");
    await new Promise((resolve) => setTimeout(resolve, 100));
  },
  "the second node goes": async (view) => {
    const { second } = secondNode(view);
    await removeNode({
      instance: view.network.instance,
      node: second.node.name,
      mountPin: mountPin(second),
      nodeDir: second.nodeDir,
    });
    await removeNodeNetwork(second);
    assert.doesNotMatch(execFileSync("ip", ["netns", "list"], { encoding: "utf8" }), new RegExp(second.node.netns));
    assert.doesNotMatch(execFileSync("ip", ["route"], { encoding: "utf8" }), new RegExp(second.node.podCidr));
  },
  "the guard lets nothing to pod addresses out by another link": async ({ network }) => {
    execFileSync("ip", ["link", "add", "leak0", "type", "bridge"]);
    try {
      execFileSync("ip", ["addr", "add", "192.0.2.1/24", "dev", "leak0"]);
      execFileSync("ip", ["link", "set", "leak0", "up"]);
      execFileSync("ip", ["route", "add", "default", "via", "192.0.2.2", "dev", "leak0"]);
      const routes = execFileSync("ip", ["route", "get", network.podCidr.replace("0.0/16", "200.5")], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      }).toString();
      assert.doesNotMatch(routes, /leak0/);
    } catch (thrown) {
      assert.match(String((thrown as { stderr?: string }).stderr), /unreachable|No route to host/i);
    } finally {
      execFileSync("ip", ["link", "del", "leak0"]);
    }
  },
};

function secondNode({ network, place }: HostView): { readonly place: NodePlace; readonly second: NodePlace } {
  const node = nodeNetwork(network, "node-2", 2);
  return { place, second: { ...place, node, nodeDir: `${place.nodeDir}-2`, peers: [place.node, node] } };
}

function exchange(host: string, port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host, port, timeout: 3_000 });
  const parts: Buffer[] = [];
  socket.on("data", (part) => parts.push(part));
  socket.on("end", () => resolve(Buffer.concat(parts).toString()));
  socket.on("timeout", () => socket.destroy(new Error(`${host}:${port} did not answer`)));
  socket.on("error", reject);
  return promise;
}

// Long enough for a packet that is dropped to be missed.
const ASK_MS = 500;

/** What a listener says to a process of the node, "silence" when nothing comes. */
async function askFromNode(place: NodePlace, host: string, port: number): Promise<string> {
  const [program = "", ...enter] = enterNode(place);
  const script = `const tell = (text) => { console.log(String(text)); process.exit(0); };
    setTimeout(() => tell("silence"), ${ASK_MS});
    require("net").connect(${port}, "${host}").on("data", tell).on("error", (cause) => tell(cause.code));`;
  const asker = spawn(program, [...enter, process.execPath, "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const parts: Buffer[] = [];
  for await (const part of asker.stdout as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString().trim();
}
