/** The node's side of the node tests: an agent over a deck in memory, inside the node's namespaces. Each scene is one test. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { silent } from "#base/log.ts";
import { stopper } from "#base/stop.ts";
import { Deck } from "#deck/deck.ts";
import type { Objects } from "#deck/objects.ts";
import { configMapKind } from "#kinds/core/config-map.ts";
import { endpointSliceKind } from "#kinds/networking/endpoint-slice.ts";
import { eventKind } from "#kinds/core/event.ts";
import { namespaceKind } from "#kinds/core/namespace.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { podKind, type Pod } from "#kinds/core/pod.ts";
import type { Container, PodSpec } from "#kinds/core/pod-spec.ts";
import type { ContainerStatus } from "#kinds/core/pod-status.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { secretKind } from "#kinds/core/secret.ts";
import { serviceKind } from "#kinds/core/service.ts";
import { ensurePki, type KeyPair } from "#kube/pki.ts";
import { jsonLog } from "#machine/json-log.ts";
import { realClock as clock } from "#machine/real-clock.ts";
import { realRandom as random } from "#machine/real-random.ts";
import { clusterNetwork, dnsIp, nodeNetwork } from "#network/cluster-network.ts";
import { startNodePlane } from "#network/node-plane.ts";
import { runAgent, type Agent, type AgentOptions } from "#node/agent.ts";
import { listenEndpoint } from "#node/endpoint.ts";
import type { NodeStats } from "#metering/stats.ts";
import { MemoryJournal } from "#store/memory/journal.ts";

const [instance = "", directory = ""] = process.argv.slice(2);
const network = clusterNetwork(instance, 31);
const node = nodeNetwork(network, "node-1", 1);
const log = process.env["NODE_TEST_LOG"] === undefined ? silent : jsonLog(2, "debug", {});
const deck = await Deck.open({
  journal: new MemoryJournal(clock),
  clock,
  random,
  log: silent,
  kinds: builtinKinds,
  network: { serviceCidr: network.serviceCidr, nodePorts: { first: 30_000, last: 32_767 } },
});
const objects: Objects = deck.objects("test");
await objects.create(namespaceKind, { metadata: { name: "kube-node-lease" } }).catch(() => {});

const plane = await startNodePlane({ objects: deck.objects("network"), network, node, kubePort: 6443, clock, log });
let stopping = stopper();
let agent = await start();

function start(options: Pick<AgentOptions, "capacity" | "reserve"> = {}): Promise<Agent> {
  stopping = stopper();
  return runAgent({
    ...options,
    objects: deck.objects("kubelet"),
    instance,
    node: node.name,
    ip: node.fabricIp,
    podCidr: node.podCidr,
    dnsIp: dnsIp(network),
    nodeDir: join(directory, "nodes", node.name),
    nodeRunDir: `/run/catamaran/${instance}/${node.name}`,
    imagesDir: join(directory, "images"),
    clusterCa: "-----BEGIN CERTIFICATE-----\n",
    requestToken: ({ serviceAccount, pod }) =>
      Promise.resolve({ token: `token of ${serviceAccount} for ${pod.name}`, expiresAtMs: Date.now() + 3_600_000 }),
    clock,
    log,
    stop: stopping.stop,
  });
}

const WAIT_MS = 20_000;

/** The pod once `test` holds for it. */
async function until(name: string, test: (pod: Pod) => boolean): Promise<Pod> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const pod = await objects.get(podKind, `default/${name}`);
    if (pod !== null && test(pod)) return pod;
    if (Date.now() > deadline)
      throw new Error(`pod ${name} did not get there: ${JSON.stringify(pod?.status, null, 1)}\n${events(name)}`);
    await clock.sleep(10);
  }
}

function events(name: string): string {
  return deck
    .list(eventKind, { namespace: "default" })
    .stored.map(
      ({ object }) => object as unknown as { involvedObject: { name?: string }; reason?: string; message?: string },
    )
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason}: ${message}`)
    .join("\n");
}

function getHttps({
  client,
  ...to
}: {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly ca: string;
  readonly client: KeyPair;
}): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = httpsRequest(
    { ...to, cert: client.cert, key: client.key, agent: false, checkServerIdentity: () => undefined },
    (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => resolve(`${response.statusCode} ${Buffer.concat(parts).toString()}`));
    },
  );
  request.on("error", reject);
  request.end();
  return promise;
}

async function untilGone(name: string): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while ((await objects.get(podKind, `default/${name}`)) !== null) {
    if (Date.now() > deadline)
      throw new Error(
        `pod ${name} does not go: ${JSON.stringify((await objects.get(podKind, `default/${name}`))?.status)}`,
      );
    await clock.sleep(10);
  }
}

async function untilTrue(what: string, test: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await test())) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await clock.sleep(20);
  }
}

function podOf(name: string, container: Partial<Container>, spec: Partial<PodSpec> = {}): Pod {
  return {
    metadata: { name, namespace: "default", labels: { app: name } },
    spec: {
      nodeName: node.name,
      terminationGracePeriodSeconds: 1,
      containers: [{ name: "main", image: "busybox", ...container }],
      ...spec,
    },
  };
}

function main(pod: Pod): ContainerStatus | undefined {
  return pod.status?.containerStatuses?.[0];
}

const isRunning = (pod: Pod): boolean => pod.status?.phase === "Running" && main(pod)?.ready === true;
const SLEEP = ["sleep", "1000"];
const MIB = 1024 * 1024;

/** An agent whose pods may use 200 MiB together, and 100 more before one has to go; it remembers no pressure. */
async function startSmall(): Promise<void> {
  await agent[Symbol.asyncDispose]();
  const capacity = { cpuMillis: 2_000, memoryBytes: 200 * MIB };
  agent = await start({ capacity, reserve: { cpuMillis: 0, memoryBytes: 0 } });
}

// Never evicted.
const CRITICAL = { priorityClassName: "system-node-critical", priority: 2_000_001_000 };

/** Holds that much memory and keeps it. */
function hoarder(mib: number): Partial<Container> {
  const program = `const all=[]; for(let i=0;i<${mib / 10};i++) all.push(Buffer.alloc(10*2**20, 1)); setInterval(()=>all,1e3)`;
  return { image: "node:24", command: ["node", "-e", program] };
}

async function running(name: string, container: Partial<Container>, spec: Partial<PodSpec> = {}): Promise<Pod> {
  await objects.create(podKind, podOf(name, container, spec));
  return until(name, isRunning);
}

async function exec(pod: Pod, ...command: readonly string[]): Promise<string> {
  const id = main(pod)?.containerID?.replace("containerd://", "") ?? "";
  const result = await agent.containerd.cri.exec(id, command, 5);
  return Buffer.concat([result?.stdout ?? Buffer.alloc(0), result?.stderr ?? Buffer.alloc(0)]).toString();
}

function logOf(pod: Pod, container = "main", attempt = 0): string {
  return readFileSync(
    join(
      agent.facts.nodeDir,
      "pod-logs",
      `default_${pod.metadata.name}_${pod.metadata.uid}`,
      container,
      `${attempt}.log`,
    ),
    "utf8",
  );
}

async function remove(name: string): Promise<void> {
  await objects.remove(podKind, `default/${name}`, { gracePeriodSeconds: 0 });
}

const scenes: Readonly<Record<string, () => Promise<void>>> = {
  "the node registers itself and is ready": async () => {
    const found = await objects.get(nodeKind, `/${node.name}`);
    assert.equal(found?.status?.conditions?.find(({ type }) => type === "Ready")?.status, "True");
    assert.equal(found.status.addresses?.[0]?.address, node.fabricIp);
    assert.match(found.status.nodeInfo?.kubeletVersion ?? "", /^v1\.34/);
  },
  "a pod runs, has an address, logs and a token": async () => {
    const pod = await running("hello", {
      command: ["sh", "-c", "echo hello from $POD; sleep 1000"],
      env: [{ name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
    });
    assert.match(pod.status?.podIP ?? "", /^10\.95\.1\.\d+$/);
    assert.equal(pod.status?.hostIP, node.fabricIp);
    await untilTrue("a log line", () => logOf(pod).includes("stdout F hello from hello"));
    assert.equal(
      await exec(pod, "cat", "/var/run/secrets/kubernetes.io/serviceaccount/token"),
      "token of default for hello",
    );
    assert.match(await exec(pod, "cat", "/etc/hosts"), new RegExp(`${pod.status?.podIP}\\s+hello`));
    assert.match(
      await exec(pod, "cat", "/etc/resolv.conf"),
      /search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local[\s\S]*nameserver 10\.159\.0\.10[\s\S]*ndots:5/,
    );
    assert.match(events("hello"), /Started: Started container main/);
  },
  "init containers run before the others; a finished pod succeeds": async () => {
    const shared = [{ name: "shared", mountPath: "/shared" }];
    const spec: Partial<PodSpec> = {
      restartPolicy: "Never",
      volumes: [{ name: "shared", emptyDir: {} }],
      initContainers: [
        { name: "first", image: "busybox", command: ["sh", "-c", "echo from init > /shared/x"], volumeMounts: shared },
      ],
    };
    await objects.create(
      podKind,
      podOf("once", { command: ["sh", "-c", "cat /shared/x > /dev/termination-log"], volumeMounts: shared }, spec),
    );
    const pod = await until("once", ({ status }) => status?.phase === "Succeeded");
    assert.equal(main(pod)?.state?.terminated?.message, "from init\n");
    assert.equal(pod.status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode, 0);
    await remove("once");
    await untilGone("once");
  },
  "a failing liveness probe restarts the container": async () => {
    const livenessProbe = { exec: { command: ["cat", "/tmp/healthy"] }, periodSeconds: 1, failureThreshold: 1 };
    await objects.create(
      podKind,
      podOf("sick", {
        command: ["sh", "-c", "touch /tmp/healthy; sleep 2; rm /tmp/healthy; sleep 1000"],
        livenessProbe,
      }),
    );
    await until("sick", (pod) => (main(pod)?.restartCount ?? 0) > 0 && main(pod)?.state?.running !== undefined);
    assert.match(events("sick"), /Unhealthy: Liveness probe failed/);
    await remove("sick");
  },
  "a readiness probe decides over readiness": async () => {
    const readinessProbe = { httpGet: { path: "/index.html", port: 8080 }, periodSeconds: 1 };
    await objects.create(
      podKind,
      podOf("web-ready", {
        command: ["sh", "-c", "sleep 1; mkdir /www; echo ok > /www/index.html; httpd -f -p 8080 -h /www"],
        readinessProbe,
      }),
    );
    const early = await until("web-ready", (pod) => main(pod)?.state?.running !== undefined);
    assert.equal(main(early)?.ready, false);
    await until("web-ready", isRunning);
    await remove("web-ready");
  },
  "configMap and secret volumes follow their objects": async () => {
    await objects.create(configMapKind, {
      metadata: { name: "settings", namespace: "default" },
      data: { color: "blue" },
    });
    await objects.create(secretKind, {
      metadata: { name: "password", namespace: "default" },
      data: { key: Buffer.from("old").toString("base64") },
    });
    const volumeMounts = [
      { name: "settings", mountPath: "/settings" },
      { name: "password", mountPath: "/password" },
      { name: "me", mountPath: "/me" },
    ];
    const volumes = [
      { name: "settings", configMap: { name: "settings" } },
      { name: "password", secret: { secretName: "password", defaultMode: 0o400 } },
      { name: "me", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
    ];
    const env = [{ name: "COLOR", valueFrom: { configMapKeyRef: { name: "settings", key: "color" } } }];
    const pod = await running("config", { command: SLEEP, volumeMounts, env }, { volumes });
    assert.equal(
      await exec(
        pod,
        "sh",
        "-c",
        "cat /settings/color; echo -n $COLOR; cat /password/key; stat -L -c %a /password/key; cat /me/labels",
      ),
      'blueblueold400\napp="config"',
    );
    await objects.change(configMapKind, "default/settings", (live) => ({ ...live, data: { color: "green" } }));
    await objects.change(secretKind, "default/password", (live) => ({
      ...live,
      data: { key: Buffer.from("new").toString("base64") },
    }));
    await objects.change(podKind, "default/config", (live) => ({
      ...live,
      metadata: { ...live.metadata, labels: { app: "other" } },
    }));
    let found = "";
    await untilTrue(
      "new values",
      async () =>
        (found = await exec(pod, "sh", "-c", "cat /settings/color /password/key /me/labels")) === 'greennewapp="other"',
    ).catch(() => assert.fail(found));
    assert.doesNotMatch(
      execFileSync(
        "sh",
        ["-c", `grep -rl bmV3 ${directory} || true; find ${join(directory, "nodes")} -name key || true`],
        { encoding: "utf8" },
      ),
      /key/,
      "secrets are on disk",
    );
    await remove("config");
  },
  "a missing configMap keeps the pod waiting, and its arrival ends that": async () => {
    await objects.create(podKind, podOf("patient", { command: SLEEP, envFrom: [{ configMapRef: { name: "late" } }] }));
    const waiting = await until("patient", (pod) => main(pod)?.state?.waiting?.reason === "CreateContainerConfigError");
    assert.match(main(waiting)?.state?.waiting?.message ?? "", /configmap "late" not found/);
    await objects.create(configMapKind, { metadata: { name: "late", namespace: "default" }, data: { A: "1" } });
    await until("patient", isRunning);
    await remove("patient");
  },
  "an image that nobody has is refused by name": async () => {
    await objects.create(podKind, podOf("no-image", { image: "registry.example/none:1" }));
    await objects.create(podKind, podOf("never", { image: "none:1", imagePullPolicy: "Never" }));
    const pod = await until("no-image", (found) =>
      /ErrImagePull|ImagePullBackOff/.test(main(found)?.state?.waiting?.reason ?? ""),
    );
    assert.match(`${main(pod)?.state?.waiting?.message}${events("no-image")}`, /catamaran image load/);
    await until("never", (found) => main(found)?.state?.waiting?.reason === "ErrImageNeverPull");
    await remove("no-image");
    await remove("never");
    await untilGone("no-image");
  },
  "too much memory ends the container with OOMKilled": async () => {
    const resources = { limits: { memory: "32Mi" } };
    await objects.create(
      podKind,
      podOf(
        "greedy",
        {
          image: "node:24",
          command: ["node", "-e", "const all=[]; for(;;) all.push(Buffer.alloc(4e6, 1))"],
          resources,
        },
        { restartPolicy: "Never" },
      ),
    );
    const pod = await until("greedy", (found) => main(found)?.state?.terminated !== undefined);
    assert.equal(main(pod)?.state?.terminated?.reason, "OOMKilled");
    assert.equal(main(pod)?.state?.terminated?.exitCode, 137);
    await remove("greedy");
  },
  "a crashing container backs off": async () => {
    await objects.create(podKind, podOf("crash", { command: ["sh", "-c", "echo dying; exit 3"] }));
    const pod = await until("crash", (found) => main(found)?.state?.waiting?.reason === "CrashLoopBackOff");
    assert.equal(main(pod)?.lastState?.terminated?.exitCode, 3);
    assert.match(events("crash"), /BackOff/);
    await remove("crash");
    await untilGone("crash");
  },
  "limits become cgroup limits": async () => {
    const resources = { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "200m", memory: "64Mi" } };
    const pod = await running("limited", { command: SLEEP, resources });
    const usage = await agent.cgroups.usage(`${agent.facts.cgroup}/pods/${pod.metadata.uid}`);
    assert.ok(usage !== null && usage.memoryBytes > 0);
    const limit = await exec(
      pod,
      "sh",
      "-c",
      "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max",
    );
    assert.equal(limit.trim(), String(64 * 1024 * 1024));
    const group = `${agent.facts.cgroup}/pods/${pod.metadata.uid}/pids.max`;
    const pids = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"].map((root) => root + group).find(existsSync) ?? "";
    assert.equal(readFileSync(pids, "utf8").trim(), "4096");
    await remove("limited");
  },
  "system calls are filtered unless a pod asks for all of them": async () => {
    const seccomp = async (pod: Pod): Promise<string> => exec(pod, "grep", "Seccomp:", "/proc/self/status");
    assert.match(await seccomp(await running("filtered", { command: SLEEP })), /\t2/);
    const securityContext = { seccompProfile: { type: "Unconfined" as const } };
    assert.match(await seccomp(await running("unfiltered", { command: SLEEP, securityContext })), /\t0/);
    await remove("filtered");
    await remove("unfiltered");
  },
  "a graceful stop runs the hook, sends the signal and waits": async () => {
    const lifecycle = { preStop: { exec: { command: ["sh", "-c", "echo hook > /shared/hook"] } } };
    const pod = await running(
      "polite",
      {
        command: ["sh", "-c", "trap 'echo term > /shared/term; sleep 1; exit 0' TERM; while :; do sleep 0.1; done"],
        lifecycle,
        volumeMounts: [{ name: "shared", mountPath: "/shared" }],
      },
      {
        terminationGracePeriodSeconds: 10,
        volumes: [{ name: "shared", hostPath: { path: join(directory, "shared"), type: "DirectoryOrCreate" } }],
      },
    );
    const startedAt = Date.now();
    await objects.remove(podKind, "default/polite");
    await untilGone("polite");
    const tookMs = Date.now() - startedAt;
    assert.ok(tookMs > 900 && tookMs < 6_000, `took ${tookMs} ms`);
    assert.deepEqual(
      ["hook", "term"].map((name) => existsSync(join(directory, "shared", name))),
      [true, true],
    );
    assert.equal(existsSync(join(agent.facts.nodeDir, "pods", pod.metadata.uid ?? "")), false);
  },
  "an agent that restarts adopts its pods without restarting them": async () => {
    const before = await running("keeper", { command: SLEEP });
    await agent[Symbol.asyncDispose]();
    await objects.create(podKind, podOf("meanwhile", { command: SLEEP }));
    agent = await start();
    assert.equal(agent.containerd.isAdopted, true);
    await until("meanwhile", isRunning);
    const after = await until("keeper", isRunning);
    assert.deepEqual([main(after)?.containerID, main(after)?.restartCount], [main(before)?.containerID, 0]);
    await remove("meanwhile");
  },
  "pods outlive a killed containerd, which comes back": async () => {
    const before = await until("keeper", isRunning);
    process.kill(agent.containerd.pid(), "SIGKILL");
    await untilTrue("containerd answers", () =>
      agent.containerd.cri.version().then(
        () => true,
        () => false,
      ),
    );
    await running("after-kill", { command: SLEEP });
    const after = await until("keeper", isRunning);
    assert.equal(main(after)?.containerID, main(before)?.containerID);
    assert.match(await exec(after, "echo", "alive"), /alive/);
    await remove("after-kill");
    await remove("keeper");
    await untilGone("keeper");
  },
  "a killed process is started again": async () => {
    const pod = await running("phoenix", { command: SLEEP });
    const pid = await agent.containerd.cri.containerPid(main(pod)?.containerID?.replace("containerd://", "") ?? "");
    process.kill(pid, "SIGKILL");
    await until("phoenix", (found) => main(found)?.restartCount === 1 && isRunning(found));
    await remove("phoenix");
  },
  "a pod that was removed while no agent ran is removed": async () => {
    const pod = await running("stray", { command: SLEEP });
    await agent[Symbol.asyncDispose]();
    await deck.remove(podKind, "default/stray", { gracePeriodSeconds: 0 }, { manager: "test" });
    agent = await start();
    await untilTrue(
      "the stray pod is gone",
      async () =>
        (await agent.containerd.cri.sandboxes({ "io.kubernetes.pod.uid": pod.metadata.uid ?? "" })).length === 0,
    );
  },
  "a service leads pods to its endpoints, by address and by name": async () => {
    const server = await running("web", { command: ["sh", "-c", "while :; do echo pod web | nc -l -p 8080; done"] });
    const ports = [{ name: "http", port: 8080, protocol: "TCP" as const }];
    await objects.create(serviceKind, {
      metadata: { name: "web", namespace: "default" },
      spec: { type: "NodePort", clusterIP: "10.159.0.77", ports: [{ ...ports[0], port: 8080, nodePort: 30_080 }] },
    });
    await objects.create(serviceKind, {
      metadata: { name: "empty", namespace: "default" },
      spec: { clusterIP: "10.159.0.78", ports: [{ port: 80 }] },
    });
    await objects.create(endpointSliceKind, {
      metadata: { name: "web-1", namespace: "default", labels: { "kubernetes.io/service-name": "web" } },
      addressType: "IPv4",
      endpoints: [{ addresses: [server.status?.podIP ?? ""], conditions: { ready: true }, nodeName: node.name }],
      ports,
    });
    const client = await running("client", { command: SLEEP });
    const ask = (address: string): Promise<string> => exec(client, "sh", "-c", `nc -w 2 ${address} 8080 < /dev/null`);
    await untilTrue("the service answers", async () => /pod web/.test(await ask("10.159.0.77")));
    assert.match(await exec(client, "sh", "-c", `nc -w 2 ${node.fabricIp} 30080 < /dev/null`), /pod web/);
    assert.match(await exec(server, "sh", "-c", "nc -w 2 10.159.0.77 8080 < /dev/null"), /pod web/, "hairpin");
    assert.match(await exec(client, "nslookup", "web.default.svc.cluster.local"), /10\.159\.0\.77/);
    assert.match(await exec(client, "nslookup", "-type=srv", "_http._tcp.web.default.svc.cluster.local"), /8080/);
    assert.match(await exec(client, "nslookup", "nothing.example"), /NXDOMAIN|can't find/);
    const startedAt = Date.now();
    assert.match(await exec(client, "sh", "-c", "nc -w 5 10.159.0.78 80 < /dev/null; echo $?"), /1/);
    assert.ok(Date.now() - startedAt < 2_000, "a service without endpoints refuses at once");
  },
  "a pod reaches the pods of another node": async () => {
    const client = await until("client", isRunning);
    assert.match(await exec(client, "sh", "-c", "nc -w 2 10.95.2.1 8080 < /dev/null"), /pod of node-2/);
  },
  "host ports lead to their pod": async () => {
    const pod = await running("porter", {
      command: ["sh", "-c", "while :; do echo porter | nc -l -p 9090; done"],
      ports: [{ containerPort: 9090, hostPort: 9191 }],
    });
    const client = await until("client", isRunning);
    await untilTrue("the host port answers", async () =>
      /porter/.test(await exec(client, "sh", "-c", `nc -w 2 ${node.fabricIp} 9191 < /dev/null`)),
    );
    assert.ok(pod);
    await remove("porter");
    await remove("client");
  },
  "the endpoint serves logs, usage and health to the API server alone": async () => {
    const clients = {
      api: { commonName: "kube-apiserver", organization: "x" },
      node: { commonName: `system:node:${node.name}`, organization: "system:nodes" },
    };
    const pki = await ensurePki(join(directory, "pki"), { hosts: ["127.0.0.1"], clients }, clock);
    const [api, server] = [pki.clients["api"], pki.clients["node"]];
    assert.ok(api && server);
    await using endpoint = await listenEndpoint({
      agent,
      host: node.fabricIp,
      port: 0,
      ca: pki.ca,
      cert: server.cert,
      key: server.key,
      shownLogs: {},
      clock,
      log,
    });
    await agent.announceEndpoint(endpoint.port);
    assert.equal(
      (await objects.get(nodeKind, `/${node.name}`))?.status?.daemonEndpoints?.kubeletEndpoint?.Port,
      endpoint.port,
    );
    const get = (path: string, client: KeyPair = api): Promise<string> =>
      getHttps({ host: node.fabricIp, port: endpoint.port, path, ca: pki.ca, client });
    await running("talker", {
      command: [
        "sh",
        "-c",
        "echo one; echo two; i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo three; sleep 1000",
      ],
    });
    const logs = "/containerLogs/default/talker/main";
    await untilTrue("all lines", async () => (await get(logs)) === "200 one\ntwo\nthree\n");
    assert.equal(await get(`${logs}?tailLines=1`), "200 three\n");
    assert.match(await get(`${logs}?tailLines=1&timestamps=true`), /^200 \d{4}-\d\d-\d\dT[\d:.]+Z three\n$/);
    assert.match(await get("/containerLogs/default/talker/none"), /^400 container none is not valid/);
    assert.match(await get("/containerLogs/default/none/main"), /^404/);
    assert.match(
      await get(`${logs}?previous=true`),
      /^400 previous terminated container "main" in pod "talker" not found/,
    );
    assert.match(await get(`${logs}?tailLines=x`), /^400 tailLines must be/);
    assert.equal(await get("/healthz"), "200 ok");
    const stats = JSON.parse((await get("/stats")).slice(4)) as NodeStats;
    const usage = stats.pods.find(({ name }) => name === "talker")?.containers[0];
    assert.ok((usage?.cpuMicros ?? 0) > 10_000 && (usage?.memoryBytes ?? 0) > 50_000, JSON.stringify(usage));
    assert.ok(stats.node.cpuMicros >= (usage?.cpuMicros ?? 0));
    assert.match(await get("/stats", server), /^403/);
    const following = get(`${logs}?follow=true&tailLines=1`);
    await clock.sleep(300);
    await objects.remove(podKind, "default/talker", { gracePeriodSeconds: 1 });
    assert.match(await following, /^200 three/, "following ends with the container");
    await untilGone("talker");
  },
  "all pods together never use more than the node has": async () => {
    await startSmall();
    const [one, files] = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"].map((root) =>
      join(root, agent.facts.cgroup, "pods"),
    );
    const file = [`${one}/memory.limit_in_bytes`, `${files}/memory.max`].find(existsSync) ?? "";
    // What is kept free for eviction is the pods' too, before one of them has to go.
    assert.equal(Number(readFileSync(file, "utf8")), 300 * MIB);
    const pod = podOf("glutton", hoarder(400), { restartPolicy: "Never", ...CRITICAL });
    await objects.create(podKind, pod);
    const over = await until("glutton", (found) => main(found)?.state?.terminated !== undefined);
    assert.equal(main(over)?.state?.terminated?.reason, "OOMKilled");
    await remove("glutton");
    await untilGone("glutton");
  },
  "a node that is low on memory evicts whoever uses more than it asked for, and says so": async () => {
    await startSmall();
    const modest = await running("modest", { command: SLEEP, resources: { requests: { memory: "64Mi" } } });
    await objects.create(podKind, podOf("hoarder", hoarder(200)));
    const gone = await until("hoarder", ({ status }) => status?.phase === "Failed");
    assert.equal(gone.status?.reason, "Evicted");
    assert.match(
      gone.status?.message ?? "",
      /^The node was low on resource: memory\. Threshold quantity: 102400Ki, available: \d+Ki\. /,
    );
    assert.match(events("hoarder"), /^Evicted: The node was low on resource: memory/m);
    assert.equal(main(await until("modest", isRunning))?.containerID, main(modest)?.containerID);
    await untilTrue("the node says that its memory is short", async () => {
      const found = await objects.get(nodeKind, `/${node.name}`);
      const condition = found?.status?.conditions?.find(({ type }) => type === "MemoryPressure");
      return condition?.status === "True" && condition.reason === "KubeletHasInsufficientMemory";
    });
    // Nobody who asked for nothing comes in now.
    await objects.create(podKind, podOf("late", { command: SLEEP }));
    const late = await until("late", ({ status }) => status?.phase === "Failed");
    assert.deepEqual(
      [late.status?.reason, late.status?.message],
      ["Evicted", "The node had condition: [MemoryPressure]. "],
    );
    for (const name of ["modest", "hoarder", "late"]) await remove(name);
  },
  "everything is removed at the end": async () => {
    await plane[Symbol.asyncDispose]();
    await agent.removeEverything();
    assert.equal(
      existsSync(agent.containerd.socketPath) &&
        (await agent.containerd.cri.version().then(
          () => true,
          () => false,
        )),
      false,
    );
  },
};

process.on("message", ({ run }: { readonly run: string }) => void perform(run));
process.on("disconnect", () => process.exit(0));
process.send?.({ isReady: true });

async function perform(name: string): Promise<void> {
  const scene = scenes[name];
  try {
    if (scene === undefined) throw new Error(`there is no scene "${name}"`);
    await scene();
    process.send?.({ done: name });
  } catch (thrown) {
    process.send?.({ done: name, fault: (thrown as Error).stack });
  }
}
