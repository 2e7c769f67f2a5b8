/** `catamaran status`: what of an instance is running, asked of the parts themselves. */
import { connect } from "node:net";
import { formatOf, renderRows, type Sheet } from "#cli/rows.ts";
import { nodeKind } from "#kinds/node.ts";
import { instanceOf } from "./env.ts";
import type { Instance } from "./instance.ts";
import type { Place } from "./options.ts";
import { supervisorOf } from "./platform.ts";
import { connectCluster, listObjects } from "./session.ts";

interface Part {
  readonly part: string;
  readonly state: "ready" | "not ready" | "down";
  readonly address: string;
  readonly detail: string;
}

const sheet: Sheet<Part> = {
  headings: [
    { title: "PART", cell: ({ part }) => part },
    { title: "STATE", cell: ({ state }) => state },
    { title: "ADDRESS", cell: ({ address }) => address },
    { title: "DETAIL", cell: ({ detail }) => detail, isWide: true },
  ],
  nameOf: ({ part }) => part,
};

const NOT_READY = 4; // The exit code.

export async function printStatus(place: Place, output: string | undefined): Promise<number> {
  const format = formatOf(output);
  const instance = await instanceOf(place);
  const parts = await partsOf(instance, await supervisorOf(place));
  process.stdout.write(renderRows(parts, sheet, format));
  const isReady = parts.every(({ state }) => state === "ready");
  if (!isReady) process.stderr.write(`instance "${instance.name}" is not ready; logs are in ${instance.dataDir}/log\n`);
  return isReady ? 0 : NOT_READY;
}

async function partsOf(instance: Instance, supervisor: number | null): Promise<readonly Part[]> {
  const { ports, name } = instance;
  const first: Part = {
    part: "supervisor",
    state: supervisor === null ? "down" : "ready",
    address: "",
    detail: supervisor === null ? `catamaran up --name ${name} --detach starts it` : `process ${supervisor}`,
  };
  const doors = await Promise.all([
    kubeDoor(instance),
    door("aws", ports.aws),
    door("gateway", ports.gateway),
    door("dashboard", ports.dashboard),
  ]);
  const nodes = doors[0]?.state === "ready" ? await nodesOf(instance) : [];
  const silentNodes = instance.nodes.filter((node) => !nodes.some(({ part }) => part === `node/${node}`));
  return [
    first,
    ...doors,
    ...nodes,
    ...silentNodes.map((node): Part => ({
      part: `node/${node}`,
      state: "down",
      address: "",
      detail: "not registered",
    })),
  ];
}

async function kubeDoor(instance: Instance): Promise<Part> {
  const address = `https://127.0.0.1:${instance.ports.kube}`;
  try {
    await using cluster = await connectCluster(instance, "catamaran-status");
    const { status } = await cluster.request("GET", "/readyz");
    return { part: "kubernetes", state: status === 200 ? "ready" : "not ready", address, detail: `HTTP ${status}` };
  } catch (thrown) {
    return { part: "kubernetes", state: "down", address, detail: thrown instanceof Error ? thrown.message : "" };
  }
}

async function door(part: string, port: number): Promise<Part> {
  const isOpen = await new Promise<boolean>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
  return {
    part,
    state: isOpen ? "ready" : "down",
    address: `http://127.0.0.1:${port}`,
    detail: isOpen ? "answers" : "nothing listens",
  };
}

async function nodesOf(instance: Instance): Promise<readonly Part[]> {
  await using cluster = await connectCluster(instance, "catamaran-status");
  const nodes = await listObjects(cluster, nodeKind);
  return nodes.map(({ metadata, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    const address = status?.addresses?.find(({ type }) => type === "InternalIP")?.address ?? "";
    return {
      part: `node/${metadata.name}`,
      state: ready?.status === "True" ? "ready" : "not ready",
      address,
      detail: ready?.message ?? "",
    };
  });
}
