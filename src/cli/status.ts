/** What of an instance is running, asked of the parts themselves. */
import { request } from "node:http";
import type { Node } from "#kinds/core/node.ts";
import type { Sheet } from "./rows.ts";
import type { Instance } from "#instance/instance.ts";
import type { Place } from "#instance/place.ts";
import { supervisorOf } from "#instance/lock.ts";
import { files } from "#instance/files.ts";
import { askRoster, type ChildState } from "#instance/roster.ts";
import { connect, listObjects } from "./session.ts";

export interface Part {
  readonly part: string;
  readonly state: "ready" | "not ready" | "not answering" | "down";
  readonly address: string;
  readonly detail: string;
}

export const partSheet: Sheet<Part> = {
  headings: [
    { title: "PART", cell: ({ part }) => part },
    { title: "STATE", cell: ({ state }) => state },
    { title: "ADDRESS", cell: ({ address }) => address },
    { title: "DETAIL", cell: ({ detail }) => detail, isWide: true },
  ],
  nameOf: ({ part }) => part,
};

export async function partsOf(instance: Instance, place: Place): Promise<readonly Part[]> {
  const { ports } = instance;
  const supervisor = await supervisorOf(place);
  const [roster, ...doors] = await Promise.all([
    supervisor === null ? null : askRoster(files.roster(instance)),
    kubeDoor(instance),
    door("aws", ports.aws),
    door("gateway", ports.gateway),
    door("dashboard", ports.dashboard),
  ]);
  const nodes = doors[0].state === "ready" ? await nodesOf(instance) : [];
  const silentNodes = instance.nodes.filter((node) => !nodes.some(({ part }) => part === `node/${node}`));
  return [
    supervisorPart(instance, supervisor, roster !== null),
    ...(roster ?? []).map((role) => rolePart(role, Date.now())),
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

function supervisorPart({ name }: Instance, pid: number | null, answers: boolean): Part {
  const state = pid === null ? "down" : answers ? "ready" : "not answering";
  const detail = pid === null ? `catamaran up --name ${name} --detach starts it` : `process ${pid}`;
  return { part: "supervisor", state, address: "", detail };
}

/** A process as its supervisor has just found it. */
export function rolePart({ name, pid, state, sinceMs, restarts, cause }: ChildState, nowMs: number): Part {
  const since = `for ${Math.max(0, Math.round((nowMs - sinceMs) / 1_000))} s`;
  const restarted = restarts === 0 ? [] : [`started again ${restarts} times, last because: ${cause ?? "?"}`];
  const said = state === "waiting" ? ["ended, waits to be started again"] : [`process ${pid ?? "?"}`, since];
  const shown = state === "ready" || state === "not answering" ? state : state === "waiting" ? "down" : "not ready";
  return { part: `role/${name}`, state: shown, address: "", detail: [...said, ...restarted].join(", ") };
}

// A part that is well answers in milliseconds, on a busy machine in some hundred.
const ANSWER_WITHIN_MS = 3_000;

async function kubeDoor(instance: Instance): Promise<Part> {
  const address = `https://127.0.0.1:${instance.ports.kube}`;
  try {
    using connection = await connect(instance, "catamaran-status");
    const answer = await inTime(connection.request("GET", "/readyz"));
    if (answer === null) return { part: "kubernetes", state: "not answering", address, detail: noAnswer };
    const { status } = answer;
    return { part: "kubernetes", state: status === 200 ? "ready" : "not ready", address, detail: `HTTP ${status}` };
  } catch (thrown) {
    return { part: "kubernetes", state: "down", address, detail: thrown instanceof Error ? thrown.message : "" };
  }
}

const noAnswer = `no answer within ${ANSWER_WITHIN_MS / 1_000} s`;

/** Null when it takes too long. */
async function inTime<T>(work: Promise<T>): Promise<T | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), ANSWER_WITHIN_MS);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

/** Any HTTP answer will do: a port that is only open says that the kernel is well, not who listens. */
async function door(part: string, port: number): Promise<Part> {
  const address = `http://127.0.0.1:${port}`;
  const said = Promise.withResolvers<Pick<Part, "state" | "detail">>();
  const asked = request({
    host: "127.0.0.1",
    port,
    path: "/",
    method: "HEAD",
    timeout: ANSWER_WITHIN_MS,
    agent: false,
  });
  asked.once("response", () => said.resolve({ state: "ready", detail: "answers" }));
  asked.once("timeout", () => said.resolve({ state: "not answering", detail: noAnswer }));
  asked.once("error", ({ message }) => said.resolve({ state: "down", detail: message || "nothing listens" }));
  asked.end();
  const answer = await said.promise;
  asked.destroy();
  return { part, address, ...answer };
}

async function nodesOf(instance: Instance): Promise<readonly Part[]> {
  using connection = await connect(instance, "catamaran-status");
  const nodes = await listObjects<Node>(connection, "/api/v1/nodes");
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
