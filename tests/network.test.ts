/** The node's packet rules in real namespaces without a way out: two nodes with pods, and the text that nft must accept. */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import type { EndpointSlice } from "#kinds/networking/endpoint-slice.ts";
import type { Service } from "#kinds/core/service.ts";
import { run } from "#machine/command.ts";
import { clientsIn } from "#network/affinity.ts";
import { SERVICE_TABLE, serviceRules, type ServiceNode } from "#network/services.ts";

const skip =
  process.getuid?.() !== 0
    ? "needs root"
    : spawnSync("nft", ["--version"]).error !== undefined || spawnSync("ip", ["-V"]).error !== undefined
      ? "needs nft and ip"
      : false;

const PREFIX = `ctm-t${process.pid}`;
const NODES = [
  { name: "n1", ip: "10.223.0.11", pods: ["10.95.1.5", "10.95.1.6"] },
  { name: "n2", ip: "10.223.0.12", pods: ["10.95.2.5"] },
] as const;
const VIP = "10.159.0.7";
const STICKY_VIP = "10.159.0.8";
const DEAD_VIP = "10.159.0.9";
const [client, sibling, remote] = ["10.95.1.5", "10.95.1.6", "10.95.2.5"] as const;

const netns = (name: string): string => `${PREFIX}-${name.replaceAll(".", "-")}`;
const inside = (name: string): readonly string[] => ["ip", "netns", "exec", netns(name)];

function nodeFacts(name: string): ServiceNode {
  return { name, podCidr: "10.95.0.0/16", localIps: ["10.159.0.10"], apiServer: { ip: "10.223.0.1", port: 6443 } };
}

function service(
  name: string,
  clusterIP: string,
  port: { readonly port: number; readonly nodePort?: number },
): Service {
  return {
    metadata: { name, namespace: "default" },
    spec: {
      clusterIP,
      ports: [
        { name: "t", ...port },
        { name: "u", protocol: "UDP", ...port },
      ],
    },
  };
}

function slice(name: string, ips: readonly string[]): EndpointSlice {
  return {
    metadata: { name: `${name}-x`, namespace: "default", labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints: ips.map((ip) => ({
      addresses: [ip],
      conditions: { ready: true },
      nodeName: ip.startsWith("10.95.1.") ? "n1" : "n2",
    })),
    ports: [
      { name: "t", port: 8080, protocol: "TCP" },
      { name: "u", port: 8080, protocol: "UDP" },
    ],
  };
}

const STICKY_SECONDS = 600;
const sticky: Service = service("sticky", STICKY_VIP, { port: 80 });
const services: readonly Service[] = [
  service("web", VIP, { port: 80, nodePort: 30_080 }),
  {
    ...sticky,
    spec: {
      ...sticky.spec,
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: STICKY_SECONDS } },
    },
  },
  service("dead", DEAD_VIP, { port: 80 }),
  { metadata: { name: "kubernetes", namespace: "default" }, spec: { clusterIP: "10.159.0.1", ports: [{ port: 443 }] } },
];

async function load(backends: readonly string[]): Promise<void> {
  const slices = [slice("web", backends), slice("sticky", [client, sibling, remote])];
  for (const { name } of NODES) {
    const listing = await run([...inside(name), "nft", "list", "table", "ip", SERVICE_TABLE]).catch(() => ""); // The first load.
    const facts = { ...nodeFacts(name), clients: clientsIn(listing) };
    await run([...inside(name), "nft", "-f", "-"], { input: serviceRules(services, slices, facts) });
  }
}

// Says its own address and the one it was asked from, over TCP and UDP.
const SERVER = `
const [, ip] = process.argv;
require("net").createServer((s) => s.on("error", () => {}).end(ip + " " + s.remoteAddress)).listen(8080, ip, () => {
  const udp = require("dgram").createSocket("udp4");
  udp.on("message", (_, from) => udp.send(ip + " " + from.address, from.port, from.address));
  udp.bind(8080, ip, () => console.log("ready"));
});`;
const ASKER = `
const [, protocol, host, port] = process.argv;
const tell = (text) => { console.log(String(text)); process.exit(0); };
setTimeout(() => tell("silence"), 1500);
if (protocol === "udp") {
  const socket = require("dgram").createSocket("udp4");
  socket.on("message", tell).on("error", (e) => tell(e.code)).connect(+port, host, () => socket.send("?"));
} else require("net").connect(+port, host).on("data", tell).on("error", (e) => tell(e.code));`;

const servers: ChildProcess[] = [];

async function ask(from: string, protocol: "tcp" | "udp", host: string, port: number): Promise<string> {
  return (await run([...inside(from), process.execPath, "-e", ASKER, protocol, host, String(port)])).trim();
}

before(async () => {
  if (skip !== false) return;
  for (const { name, pods } of NODES)
    for (const each of [name, ...pods]) await run(["ip", "netns", "add", netns(each)]);
  await run([
    "ip",
    "-n",
    netns("n1"),
    "link",
    "add",
    "eth0",
    "type",
    "veth",
    "peer",
    "name",
    "eth0",
    "netns",
    netns("n2"),
  ]);
  for (const { name, ip, pods } of NODES) {
    const other = NODES.find((each) => each.name !== name) ?? NODES[0];
    const range = pods[0].replace(/\d+$/, "");
    await batch(name, [
      "link set lo up",
      `addr add ${ip}/24 dev eth0`,
      "link set eth0 up",
      "link add cbr0 type bridge",
      `addr add ${range}1/24 dev cbr0`,
      "link set cbr0 up",
      "link add svc0 type bridge",
      "link set svc0 up",
      `route add 10.159.0.0/16 dev svc0 src ${ip}`,
      `route add ${other.pods[0].replace(/\d+$/, "0/24")} via ${other.ip}`,
    ]);
    await run([...inside(name), "sh", "-ec", SYSCTLS]);
    for (const [index, pod] of pods.entries()) {
      await batch(name, [
        `link add v${index} type veth peer name eth0 netns ${netns(pod)}`,
        `link set v${index} master cbr0`,
        `link set v${index} up`,
        `link set v${index} type bridge_slave hairpin on`,
      ]);
      await batch(pod, [
        "link set lo up",
        `addr add ${pod}/24 dev eth0`,
        "link set eth0 up",
        `route add 10.0.0.0/8 via ${range}1`,
      ]);
      await serve(pod);
    }
  }
});

const SYSCTLS = `echo 1 > /proc/sys/net/ipv4/ip_forward
echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects
echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables`;

async function batch(name: string, commands: readonly string[]): Promise<void> {
  await run(["ip", "-n", netns(name), "-batch", "-"], { input: `${commands.join("\n")}\n` });
}

async function serve(pod: string): Promise<void> {
  const [program = "", ...args] = inside(pod);
  const server = spawn(program, [...args, process.execPath, "-e", SERVER, pod], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  servers.push(server);
  await once(createInterface(server.stdout), "line");
}

after(async () => {
  for (const server of servers) {
    server.kill("SIGKILL");
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  }
  if (skip !== false) return;
  for (const { name, pods } of NODES)
    for (const each of [...pods, name]) await run(["ip", "netns", "del", netns(each)]);
});

interface Way {
  readonly title: string;
  readonly from: string;
  readonly to: string;
  readonly port?: number;
  readonly backends: readonly string[];
  /** "backend client-as-seen", an error, or just the backend. */
  readonly answer: string;
}

const ways: readonly Way[] = [
  {
    title: "a pod's own address is seen through a cluster IP",
    from: client,
    to: VIP,
    backends: [remote],
    answer: `${remote} ${client}`,
  },
  {
    title: "the sibling on the same bridge answers through a cluster IP",
    from: client,
    to: VIP,
    backends: [sibling],
    answer: `${sibling} ${client}`,
  },
  {
    title: "a pod reaches itself through its own service",
    from: client,
    to: VIP,
    backends: [client],
    answer: `${client} 10.95.1.1`,
  },
  {
    title: "the node itself reaches a service",
    from: "n1",
    to: VIP,
    backends: [remote],
    answer: `${remote} 10.223.0.11`,
  },
  {
    title: "a node port leads to a pod of its node",
    from: "n1",
    to: "10.223.0.12",
    port: 30_080,
    backends: [remote],
    answer: `${remote} 10.95.2.1`,
  },
  {
    title: "a node port leads to a pod of another node",
    from: "n1",
    to: "10.223.0.12",
    port: 30_080,
    backends: [sibling],
    answer: `${sibling} 10.223.0.12`,
  },
  {
    title: "a pod reaches its own node's port",
    from: client,
    to: "10.223.0.11",
    port: 30_080,
    backends: [sibling],
    answer: sibling,
  },
  {
    title: "a pod reaches its sibling through another node's port",
    from: client,
    to: "10.223.0.12",
    port: 30_080,
    backends: [sibling],
    answer: `${sibling} 10.223.0.12`,
  },
  {
    title: "a pod reaches itself through another node's port",
    from: client,
    to: "10.223.0.12",
    port: 30_080,
    backends: [client],
    answer: client,
  },
  {
    title: "a service without endpoints refuses at once",
    from: client,
    to: DEAD_VIP,
    backends: [],
    answer: "ECONNREFUSED",
  },
  {
    title: "a node port without endpoints refuses at once",
    from: client,
    to: "10.223.0.12",
    port: 30_080,
    backends: [],
    answer: "ECONNREFUSED",
  },
];

for (const { title, from, to, port = 80, backends, answer } of ways)
  for (const protocol of ["tcp", "udp"] as const)
    test(`${title}, ${protocol}`, { skip }, async () => {
      await load(backends);
      const found = await ask(from, protocol, to, port);
      assert.ok(found === answer || found.startsWith(`${answer} `), `${found}, not ${answer}`);
    });

test("all endpoints get new connections", { skip }, async () => {
  await load([sibling, remote]);
  const seen = new Set<string>();
  for (let turn = 0; turn < 30 && seen.size < 2; turn++)
    seen.add((await ask(client, "tcp", VIP, 80)).replace(/ .*/, ""));
  assert.deepEqual(seen, new Set([sibling, remote]));
});

test("ClientIP affinity keeps a client at one endpoint, also over a reload", { skip }, async () => {
  await load([sibling]);
  const first = await ask(client, "tcp", STICKY_VIP, 80);
  for (let turn = 0; turn < 5; turn++) {
    await load(turn % 2 === 0 ? [remote] : [sibling]);
    assert.equal(await ask(client, "tcp", STICKY_VIP, 80), first);
  }
});

test("ClientIP affinity ends after its time-out without a new connection", { skip }, async () => {
  await load([sibling]);
  await ask(client, "tcp", STICKY_VIP, 80);
  const clients = clientsIn(await run([...inside("n1"), "nft", "list", "table", "ip", SERVICE_TABLE]));
  const left = [...clients.values()].flat().filter(({ ip }) => ip === client);
  assert.equal(left.length, 1);
  assert.ok((left[0]?.seconds ?? 0) <= STICKY_SECONDS);
});

test("nft accepts the text for many services and for none", { skip }, async () => {
  const many = Array.from({ length: 300 }, (_, index) =>
    service(`s${index}`, `10.159.${1 + Math.trunc(index / 200)}.${1 + (index % 200)}`, {
      port: 80,
      nodePort: 30_100 + index,
    }),
  );
  const slices = many.map(({ metadata: { name } }, index) =>
    slice(name, index % 7 === 0 ? [] : [client, sibling, remote]),
  );
  for (const text of [serviceRules([], [], nodeFacts("n1")), serviceRules(many, slices, nodeFacts("n1"))])
    await run([...inside("n1"), "nft", "-c", "-f", "-"], { input: text });
});
