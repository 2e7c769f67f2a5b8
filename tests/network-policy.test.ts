/** Network policies by real packets: two nodes with pods in namespaces without a way out, and the rules that their nodes load. */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import type { NetworkPolicy, NetworkPolicySpec } from "#kinds/networking/network-policy-spec.ts";
import { run } from "#machine/command.ts";
import { policyRules } from "#network/policy-rules.ts";
import type { Speaker } from "#policy/network-policy.ts";

const skip =
  process.getuid?.() !== 0
    ? "needs root"
    : spawnSync("nft", ["--version"]).error !== undefined || spawnSync("ip", ["-V"]).error !== undefined
      ? "needs nft and ip"
      : false;

const PREFIX = `ctm-p${process.pid}`;
// The addresses live in namespaces without a default route; no packet can leave the machine.
const NODES = [
  { name: "n1", ip: "10.222.0.11", range: "10.94.1", pods: ["x/a", "y/a"] },
  { name: "n2", ip: "10.222.0.12", range: "10.94.2", pods: ["x/b", "y/b"] },
] as const;
const IPS: Readonly<Record<string, string>> = {
  "x/a": "10.94.1.5",
  "y/a": "10.94.1.6",
  "x/b": "10.94.2.5",
  "y/b": "10.94.2.6",
};
const ipOf = (pod: string): string => IPS[pod] ?? "";
const speakers: readonly Speaker[] = Object.entries(IPS).map(([key, ip]) => {
  const [namespace = "", pod = ""] = key.split("/");
  return { namespace, ip, labels: { pod }, ports: [{ name: "web", port: 8080, protocol: "TCP" }] };
});
const namespaces = new Map(["x", "y"].map((ns) => [ns, { ns }]));
const netns = (name: string): string => `${PREFIX}-${name.replace("/", "-")}`;
const inside = (name: string): readonly string[] => ["ip", "netns", "exec", netns(name)];

async function load(specs: readonly NetworkPolicySpec[], known: readonly Speaker[] = speakers): Promise<void> {
  const policies = specs.map((spec): NetworkPolicy => ({ metadata: { name: "p", namespace: "x" }, spec }));
  await Promise.all(
    NODES.map(({ name, range }) => {
      const mine = known.filter(({ ip }) => ip.startsWith(`${range}.`));
      const input = policyRules({ policies, speakers: known, namespaces }, mine, `${range}.0/24`);
      return run([...inside(name), "nft", "-f", "-"], { input });
    }),
  );
}

// Answers on both ports, over TCP and UDP; a TCP connection stays open and echoes.
const SERVER = `
const [, ip] = process.argv;
let left = 4;
const ready = () => { if (--left === 0) console.log("ready"); };
for (const port of [8080, 8081]) {
  require("net").createServer((s) => s.on("error", () => {}).on("data", (d) => s.write(d))).listen(port, ip, ready);
  const udp = require("dgram").createSocket("udp4");
  udp.on("message", (m, from) => udp.send(m, from.port, from.address)).bind(port, ip, ready);
}`;
const ASKER = `
const [, protocol, host, port] = process.argv;
const tell = (text) => { console.log(String(text)); process.exit(0); };
setTimeout(() => tell("silence"), 600);
if (protocol === "udp") {
  const socket = require("dgram").createSocket("udp4");
  socket.on("message", tell).on("error", (e) => tell(e.code)).connect(+port, host, () => socket.send("reached"));
} else require("net").connect(+port, host, function () { this.write("reached"); }).on("data", tell).on("error", (e) => tell(e.code));`;
// Sends a number every 5 ms over one connection and says when an answer came.
const STEADY = `
const [, host] = process.argv;
const socket = require("net").connect(8080, host, () => setInterval(() => socket.write("."), 5));
socket.setNoDelay().on("data", () => console.log(Date.now())).on("error", () => {});`;

const children: ChildProcess[] = [];

async function ask(from: string, protocol: string, host: string, port: number): Promise<boolean> {
  const said = await run([...inside(from), process.execPath, "-e", ASKER, protocol, host, String(port)]);
  return said.trim() === "reached";
}

before(async () => {
  if (skip !== false) return;
  for (const { name, pods } of NODES)
    for (const each of [name, ...pods]) await run(["ip", "netns", "add", netns(each)]);
  await batch("n1", [`link add eth0 type veth peer name eth0 netns ${netns("n2")}`]);
  for (const { name, ip, range, pods } of NODES) {
    const other = NODES.find((each) => each.name !== name) ?? NODES[0];
    await batch(name, [
      "link set lo up",
      `addr add ${ip}/24 dev eth0`,
      "link set eth0 up",
      "link add cbr0 type bridge",
      `addr add ${range}.1/24 dev cbr0`,
      "link set cbr0 up",
      `route add ${other.range}.0/24 via ${other.ip}`,
    ]);
    await run([...inside(name), "sh", "-ec", SYSCTLS]);
    for (const [index, pod] of pods.entries()) {
      await batch(name, [
        `link add v${index} type veth peer name eth0 netns ${netns(pod)}`,
        `link set v${index} master cbr0`,
        `link set v${index} up`,
      ]);
      await batch(pod, [
        "link set lo up",
        `addr add ${ipOf(pod)}/24 dev eth0`,
        "link set eth0 up",
        `route add 10.0.0.0/8 via ${range}.1`,
      ]);
      await start(pod, SERVER, ipOf(pod));
    }
  }
});

const SYSCTLS = `echo 1 > /proc/sys/net/ipv4/ip_forward
echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables`;

async function batch(name: string, commands: readonly string[]): Promise<void> {
  await run(["ip", "-n", netns(name), "-batch", "-"], { input: `${commands.join("\n")}\n` });
}

/** Resolves at the first line that the program prints. */
async function start(pod: string, script: string, argument: string): Promise<ChildProcess> {
  const [program = "", ...args] = inside(pod);
  const child = spawn(program, [...args, process.execPath, "-e", script, argument], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await once(child.stdout, "data");
  return child;
}

after(async () => {
  for (const child of children) {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  if (skip !== false) return;
  for (const { name, pods } of NODES)
    for (const each of [...pods, name]) await run(["ip", "netns", "del", netns(each)]);
});

const all = { podSelector: {} };
const onA = { podSelector: { matchLabels: { pod: "a" } } };
const pod = (name: string) => ({ podSelector: { matchLabels: { pod: name } } });
const nsY = { namespaceSelector: { matchLabels: { ns: "y" } } };
const deny: NetworkPolicySpec = { ...all, policyTypes: ["Ingress", "Egress"] };
const denyIn: NetworkPolicySpec = { ...all, policyTypes: ["Ingress"] };
const block = (except: readonly string[]): NetworkPolicySpec => ({
  ...onA,
  policyTypes: ["Egress"],
  egress: [{ to: [{ ipBlock: { cidr: "10.94.0.0/16", except } }] }],
});

/** Who reaches whom at 8080: "from>to" for each way that is open, of the ways tried. */
interface Scene {
  readonly title: string;
  readonly specs: readonly NetworkPolicySpec[];
  readonly open: readonly string[];
  readonly shut: readonly string[];
}

const scenes: readonly Scene[] = [
  { title: "no policy", specs: [], open: ["x/a>x/b", "y/a>x/a", "y/b>x/a"], shut: [] },
  { title: "deny both ways", specs: [deny], open: ["y/a>y/b"], shut: ["x/a>x/b", "y/a>x/a", "y/b>x/a", "x/a>y/a"] },
  { title: "deny ingress", specs: [denyIn], open: ["x/a>y/a", "x/a>y/b"], shut: ["x/b>x/a", "y/a>x/a"] },
  {
    title: "deny and allow from pods of the namespace",
    specs: [denyIn, { ...onA, ingress: [{ from: [pod("b")] }] }],
    open: ["x/b>x/a"],
    shut: ["y/b>x/a", "y/a>x/a", "x/a>x/b"],
  },
  {
    title: "from a namespace",
    specs: [{ ...onA, ingress: [{ from: [nsY] }] }],
    open: ["y/a>x/a", "y/b>x/a", "x/a>x/b"],
    shut: ["x/b>x/a"],
  },
  {
    title: "from pods of a namespace",
    specs: [{ ...onA, ingress: [{ from: [{ ...nsY, ...pod("b") }] }] }],
    open: ["y/b>x/a"],
    shut: ["y/a>x/a", "x/b>x/a"],
  },
  {
    title: "a block with overlapping exceptions",
    specs: [block(["10.94.2.0/28", "10.94.2.5/32"])],
    open: ["x/a>y/a", "y/b>x/a"],
    shut: ["x/a>x/b", "x/a>y/b"],
  },
  {
    title: "a named port",
    specs: [{ ...onA, ingress: [{ ports: [{ port: "web" }] }] }],
    open: ["y/b>x/a"],
    shut: [],
  },
];

for (const { title, specs, open, shut } of scenes)
  for (const protocol of ["tcp", "udp"] as const) {
    // A named port is of one protocol.
    if (protocol === "udp" && title === "a named port") continue;
    test(`${title}, ${protocol}`, { skip }, async () => {
      await load(specs);
      const ways = [...open, ...shut];
      const reached = await Promise.all(
        ways.map(async (way) => {
          const [from = "", to = ""] = way.split(">");
          return (await ask(from, protocol, ipOf(to), 8080)) ? way : null;
        }),
      );
      assert.deepEqual(
        reached.filter((way) => way !== null),
        open,
      );
    });
  }

test("ports and protocols: only what is named passes", { skip }, async () => {
  await load([
    {
      ...onA,
      ingress: [
        {
          ports: [
            { protocol: "TCP", port: 8080 },
            { protocol: "UDP", port: 8081, endPort: 9000 },
          ],
        },
      ],
    },
  ]);
  const tried = [
    ["tcp", 8080, true],
    ["tcp", 8081, false],
    ["udp", 8080, false],
    ["udp", 8081, true],
  ] as const;
  for (const [protocol, port, passes] of tried)
    assert.equal(await ask("y/b", protocol, ipOf("x/a"), port), passes, `${protocol} ${port}`);
});

test("what the pod's own node sends (probes) passes", { skip }, async () => {
  await load([deny]);
  assert.equal(await ask("n1", "tcp", ipOf("x/a"), 8080), true);
});

test("an address that has no rules yet is cut off, in both directions", { skip }, async () => {
  const known = speakers.filter(({ ip }) => ip !== ipOf("y/a"));
  await load([denyIn], known);
  assert.equal(await ask("y/a", "udp", ipOf("y/b"), 8080), false);
  assert.equal(await ask("y/b", "tcp", ipOf("y/a"), 8080), false);
});

test("an update keeps the connection that is still allowed and ends the one that is not", { skip }, async (t) => {
  await load([{ ...onA, ingress: [{ from: [pod("b")] }] }]);
  const steady = await start("x/b", STEADY, ipOf("x/a"));
  assert.ok(steady.stdout !== null);
  let lastMs = 0;
  const lines = createInterface(steady.stdout).on("line", (line) => (lastMs = Number(line)));
  await load([{ ...onA, ingress: [{ from: [pod("b")] }, { from: [nsY] }] }]);
  const loadedMs = Date.now();
  while (lastMs <= loadedMs) await once(lines, "line");
  const changedMs = Date.now();
  await load([denyIn]);
  const deniedMs = Date.now();
  await ask("y/b", "tcp", ipOf("x/a"), 8080); // 600 ms of silence in which nothing more may come.
  assert.ok(lastMs <= deniedMs + 20, `an answer came ${lastMs - deniedMs} ms after the rules`);
  t.diagnostic(`policy change to first dropped packet: ${deniedMs - changedMs} ms`);
});
