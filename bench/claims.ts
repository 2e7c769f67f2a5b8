/** Measures a claim from its creation to bound, and to a running pod that has it mounted, beside the same pod with an emptyDir. As root: node bench/claims.ts [rounds]. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Histogram } from "#base/histogram.ts";
import { silent } from "#base/log.ts";
import { Cluster } from "#client/cluster.ts";
import { readKubeconfig } from "#client/kubeconfig.ts";
import { persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { podKind } from "#kinds/core/pod.ts";
import { realClock } from "#machine/real-clock.ts";

const BIN = join(import.meta.dirname, "..", "tools", "catamaran.mjs");
const ROUNDS = Number(process.argv[2] ?? 20);
const NAMESPACE = "default";
const run = promisify(execFile);

const folder = await mkdtemp(join(tmpdir(), "ctm-bench-claims-"));
const place = ["--name", `bench-${process.pid % 10_000}`, "--data-dir", join(folder, "data")];
const ports = ["kube", "aws", "gateway", "dashboard"].flatMap((door) => [`--${door}-port`, "0"]);
const times = { bound: new Histogram(), mounted: new Histogram(), without: new Histogram() };

try {
  await run(process.execPath, [BIN, "up", "--detach", ...place, ...ports]);
  const env = await run(process.execPath, [BIN, "env", "-o", "json", ...place]);
  const { KUBECONFIG = "" } = JSON.parse(env.stdout) as Record<string, string>;
  await using cluster = Cluster.connect(readKubeconfig(await readFile(KUBECONFIG, "utf8")), {
    name: "bench",
    clock: realClock,
    log: silent,
  });
  using claims = cluster.view(persistentVolumeClaimKind);
  using pods = cluster.view(podKind);
  await Promise.all([claims.synced, pods.synced]);

  /** Resolves to the milliseconds since `startedAt` at which the view shows it so. */
  const when = (holds: () => boolean, view: typeof claims | typeof pods, startedAt: number): Promise<number> =>
    new Promise((resolve) => {
      const listening = view.onChange(() => {
        if (!holds()) return;
        queueMicrotask(() => listening[Symbol.dispose]());
        resolve(performance.now() - startedAt);
      });
    });

  const round = async (at: number, hasClaim: boolean): Promise<void> => {
    const name = `${hasClaim ? "with" : "without"}-${at}`;
    const key = `${NAMESPACE}/${name}`;
    const startedAt = performance.now();
    const bound = when(() => claims.get(key)?.status?.phase === "Bound", claims, startedAt);
    const running = when(() => pods.get(key)?.status?.phase === "Running", pods, startedAt);
    const metadata = { name, namespace: NAMESPACE };
    const requests = { storage: "1Mi" };
    if (hasClaim)
      await cluster.create(persistentVolumeClaimKind, {
        metadata,
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests } },
      });
    await cluster.create(podKind, {
      metadata,
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: "c",
            image: "busybox",
            command: ["sleep", "1000"],
            volumeMounts: [{ name: "v", mountPath: "/data" }],
          },
        ],
        volumes: [{ name: "v", ...(hasClaim ? { persistentVolumeClaim: { claimName: name } } : { emptyDir: {} }) }],
      },
    });
    if (hasClaim) times.bound.record(await bound);
    (hasClaim ? times.mounted : times.without).record(await running);
    await cluster.remove(podKind, key, { gracePeriodSeconds: 0 });
    if (hasClaim) await cluster.remove(persistentVolumeClaimKind, key);
  };

  await round(0, false); // The image is brought to the node.
  for (let at = 1; at <= ROUNDS; at++) {
    await round(at, true);
    await round(at, false);
  }
} finally {
  await run(process.execPath, [BIN, "down", "--purge", ...place]);
  await rm(folder, { recursive: true, force: true });
}

for (const [what, histogram] of Object.entries(times))
  console.log(
    `${what.padEnd(8)} p50 ${histogram.quantile(0.5).toFixed(0)} ms, p90 ${histogram.quantile(0.9).toFixed(0)} ms`,
  );
