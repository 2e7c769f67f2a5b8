/** Names that a shell offers and only the disk or the running platform knows. Whatever is not there in time is not offered. */
import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { instanceOf, placeOf } from "#instance/place.ts";
import type { LiveNames } from "./options.ts";

// A person waits for it with a finger on the key.
const WITHIN_MS = 1_000;
const MOST = 500; // More than anybody reads; shells page from some hundred on.

/** Never rejects: where nothing can be asked, nothing is offered. */
export async function liveNames(what: LiveNames, line: readonly string[]): Promise<readonly string[]> {
  const late = new Promise<readonly string[]>((resolve) => setTimeout(resolve, WITHIN_MS, []).unref());
  const names = await Promise.race([lookUp(what, line), late]).catch(() => []);
  return names.slice(0, MOST);
}

async function lookUp(what: LiveNames, line: readonly string[]): Promise<readonly string[]> {
  const { values } = parseArgs({
    args: [...line],
    strict: false,
    options: { name: { type: "string" }, "data-dir": { type: "string" }, namespace: { type: "string", short: "n" } },
  });
  const text = (value: string | boolean | undefined): { readonly is?: string } =>
    typeof value === "string" ? { is: value } : {};
  const place = placeOf({ name: text(values.name).is, "data-dir": text(values["data-dir"]).is });
  if (what === "instances") return instances(place.runRoot, dirname(place.dataDir));
  const { connect, namesAt } = await import("./session.ts");
  using connection = await connect(await instanceOf(place), "catamaran-complete");
  const namespace = text(values.namespace).is ?? "default";
  if (what === "namespaces") return await namesAt(connection, "/api/v1/namespaces");
  const types = what === "workloads" ? WORKLOADS : [...WORKLOADS, ...OTHERS];
  const found = types.map(async ([type, root, plural]) =>
    (await namesAt(connection, `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`)).map(
      (name) => `${type}/${name}`,
    ),
  );
  return (await Promise.all(found)).flat();
}

type Listed = readonly [type: string, root: string, plural: string];
const WORKLOADS: readonly Listed[] = [
  ["deployment", "/apis/apps/v1", "deployments"],
  ["function", "/apis/catamaran.dev/v1", "functions"],
  ["pod", "/api/v1", "pods"],
];
const OTHERS: readonly Listed[] = [
  ["service", "/api/v1", "services"],
  ["statefulset", "/apis/apps/v1", "statefulsets"],
  ["job", "/apis/batch/v1", "jobs"],
];

async function instances(...roots: readonly string[]): Promise<readonly string[]> {
  const names = await Promise.all(roots.map((root) => readdir(root, { withFileTypes: true }).catch(() => [])));
  const [running = [], kept = []] = names;
  const up = running.flatMap(({ name }) => (name.endsWith(".owner") ? [name.slice(0, -".owner".length)] : []));
  return [...new Set([...up, ...kept.filter((entry) => entry.isDirectory()).map(({ name }) => name)])].toSorted();
}
