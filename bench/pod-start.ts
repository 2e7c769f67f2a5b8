/**
 * How long a pod takes from its creation to Running, against the floor: the bare CRI calls that it cannot do without.
 * Run as root: node bench/pod-start.ts [pods]. Everything happens in namespaces of its own.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { silent } from "#base/log.ts";
import { Histogram } from "#base/histogram.ts";
import { never } from "#base/stop.ts";
import { Deck } from "#deck/deck.ts";
import { podKind, type Pod } from "#kinds/core/pod.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { realClock as clock } from "#machine/real-clock.ts";
import { realRandom as random } from "#machine/real-random.ts";
import { clusterNetwork, dnsIp, nodeNetwork } from "#network/cluster-network.ts";
import { runAgent, type Agent } from "#node/agent.ts";
import { MemoryJournal } from "#store/memory/journal.ts";

const PODS = 20;

interface Report {
  readonly floor: Summary;
  readonly pod: Summary;
  readonly parallel: { readonly pods: number; readonly seconds: number };
  readonly runtime: string;
}

interface Summary {
  readonly p50Ms: number;
  readonly p90Ms: number;
}

/** Makes the node, runs the measuring inside it, takes it down. */
async function outside(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "ctm-bench-"));
  const pods = process.argv[2] ?? String(PODS);
  const stage = spawn(
    "unshare",
    [
      "--net",
      "--",
      process.execPath,
      join(import.meta.dirname, "../tests/node-stage.ts"),
      `b${process.pid % 100_000}`,
      directory,
      import.meta.filename,
      pods,
    ],
    {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    },
  );
  stage.on("message", (message: { readonly report?: Report }) => {
    if (message.report === undefined) return;
    print(message.report, Number(pods));
    stage.send({ end: true });
  });
  await new Promise((resolve) => stage.once("exit", resolve));
  rmSync(directory, { recursive: true, force: true });
}

function print({ floor, pod, parallel, runtime }: Report, pods: number): void {
  const line = (name: string, { p50Ms, p90Ms }: Summary): string =>
    `${name.padEnd(44)} p50 ${p50Ms.toFixed(0).padStart(5)} ms   p90 ${p90Ms.toFixed(0).padStart(5)} ms`;
  console.log(`${runtime}, ${availableParallelism()} cores, ${pods} pods one after the other`);
  console.log(line("RunPodSandbox + CreateContainer + StartContainer", floor));
  console.log(line("pod created -> status Running", pod));
  console.log(
    `ratio p50 ${(pod.p50Ms / floor.p50Ms).toFixed(2)}, p90 ${(pod.p90Ms / floor.p90Ms).toFixed(2)} (aim 1.3)`,
  );
  console.log(`${parallel.pods} pods at once: ${(parallel.pods / parallel.seconds).toFixed(1)} pods/s`);
}

async function inside(): Promise<void> {
  const [instance = "", directory = "", pods = ""] = process.argv.slice(2);
  const network = clusterNetwork(instance, 31);
  const node = nodeNetwork(network, "node-1", 1);
  const deck = await Deck.open({
    journal: new MemoryJournal(clock),
    clock,
    random,
    log: silent,
    kinds: builtinKinds,
    network: { serviceCidr: network.serviceCidr, nodePorts: { first: 30_000, last: 32_767 } },
  });
  const agent = await runAgent({
    objects: deck.objects("kubelet"),
    instance,
    node: node.name,
    ip: node.fabricIp,
    podCidr: node.podCidr,
    dnsIp: dnsIp(network),
    nodeDir: join(directory, "nodes", node.name),
    nodeRunDir: `/run/catamaran/${instance}/${node.name}`,
    imagesDir: join(directory, "images"),
    clock,
    log: silent,
    stop: never,
  });
  const bench = new PodBench(agent, deck);
  process.send?.({ report: await bench.measure(Number(pods)) });
  await new Promise(() => setInterval(() => {}, 60_000));
}

class PodBench {
  readonly #agent: Agent;
  readonly #deck: Deck;

  constructor(agent: Agent, deck: Deck) {
    this.#agent = agent;
    this.#deck = deck;
  }

  async measure(pods: number): Promise<Report> {
    // The first start unpacks the image.
    await this.#pod("warm");
    await this.#floor(-1);
    const floor = new Histogram();
    const pod = new Histogram();
    for (let index = 0; index < pods; index++) {
      floor.record(await this.#floor(index));
      pod.record(await this.#pod(`pod-${index}`));
    }
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: pods }, (_, index) => this.#pod(`many-${index}`, "keep")));
    const seconds = (performance.now() - startedAt) / 1_000;
    const { containerd } = this.#agent;
    return {
      floor: summaryOf(floor),
      pod: summaryOf(pod),
      parallel: { pods, seconds },
      runtime: `containerd ${containerd.version}, ${containerd.runtime.name}`,
    };
  }

  /** Microseconds from create to Running; the pod is removed afterwards unless it is to stay. */
  async #pod(name: string, after: "remove" | "keep" = "remove"): Promise<number> {
    const objects = this.#deck.objects("bench");
    const running = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const view = objects.view(podKind, { namespace: "default", fields: `metadata.name=${name}` });
    using _listening = view.onChange((_key, next) => {
      if (next?.status?.phase === "Running") running.resolve();
      if (next === undefined) gone.resolve();
    });
    const startedAt = performance.now();
    await objects.create(podKind, podOf(name));
    await running.promise;
    const micros = (performance.now() - startedAt) * 1_000;
    if (after === "remove") {
      await objects.remove(podKind, `default/${name}`, { gracePeriodSeconds: 0 });
      await gone.promise;
    }
    view[Symbol.dispose]();
    return micros;
  }

  async #floor(index: number): Promise<number> {
    const { cri } = this.#agent.containerd;
    const config = {
      metadata: { name: `floor-${index}`, uid: `floor-${index}`, namespace: "bench" },
      linux: {
        cgroup_parent: `${this.#agent.facts.cgroup}/pods/floor-${index}`,
        security_context: { namespace_options: { pid: 1 } },
      },
    };
    const startedAt = performance.now();
    const sandbox = await cri.runSandbox(config);
    const container = await cri.createContainer(
      sandbox,
      { metadata: { name: "main" }, image: { image: "busybox" }, command: ["sleep", "1000"] },
      config,
    );
    await cri.startContainer(container);
    const micros = (performance.now() - startedAt) * 1_000;
    await cri.stopSandbox(sandbox);
    await cri.removeSandbox(sandbox);
    return micros;
  }
}

function podOf(name: string): Pod {
  return {
    metadata: { name, namespace: "default" },
    spec: {
      nodeName: "node-1",
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "main", image: "busybox", command: ["sleep", "1000"] }],
    },
  };
}

function summaryOf(histogram: Histogram): Summary {
  return { p50Ms: histogram.quantile(0.5) / 1_000, p90Ms: histogram.quantile(0.9) / 1_000 };
}

if (process.send === undefined) await outside();
else await inside();
