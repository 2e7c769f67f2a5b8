/**
 * kill -9 of every role in turn, and of the supervisor, under load: whatever was acknowledged is there at the end, and every accepted
 * invocation has run. KILLS=300 makes it long; SEED repeats a choice of victims.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { zipSync } from "fflate";
import { signedHeaders } from "#aws/sign.ts";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { Cluster } from "#client/cluster.ts";
import { readKubeconfig } from "#client/kubeconfig.ts";
import { AwsClient, type AwsClientOptions } from "#compare/aws-client.ts";
import { cannotRun, until } from "./platform-stage.ts";
import { realClock } from "#machine/real-clock.ts";

const KILLS = Number(process.env["KILLS"] ?? 12);
const ENTRY = join(import.meta.dirname, "..", "src", "main", "catamaran.ts");
const skip = cannotRun();
const BETWEEN_MS = { least: 200, most: 1_400 };
const SUPERVISOR_EVERY = 10;

// It asks again while the door is away: what is counted is whether it was run, not whether control lived through it.
const FUNCTION = `
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
const client = new DynamoDBClient({ maxAttempts: 1 });
const count = (id) => client.send(new UpdateItemCommand({
  TableName: "kept", Key: { id: { S: id } }, UpdateExpression: "ADD runs :one", ExpressionAttributeValues: { ":one": { N: "1" } },
}));
export const handler = async ({ id }) => {
  for (;;) try { await count(id); return id; } catch { await new Promise((resolve) => setTimeout(resolve, 200)); }
};
`;

interface Running {
  readonly name: string;
  readonly dataDir: string;
}

function catamaran({ name, dataDir }: Running, ...words: readonly string[]): Promise<string> {
  const ports =
    words[0] === "up" ? ["kube", "aws", "gateway", "dashboard"].flatMap((door) => [`--${door}-port`, "0"]) : [];
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [ENTRY, ...words, ...ports, "--name", name, "--data-dir", dataDir],
      { timeout: 120_000 },
      (error, out, err) => (error === null ? resolve(out) : reject(new Error(`${words.join(" ")}: ${err}`))),
    );
  });
}

interface Lock {
  readonly pid: number;
  readonly roles: Readonly<Record<string, { readonly pid: number }>>;
}

async function lockOf({ dataDir }: Running): Promise<Lock> {
  return JSON.parse(await readFile(join(dataDir, "supervisor.json"), "utf8")) as Lock;
}

/** Numbers its writes until it is stopped; keeps those that were acknowledged. */
function load(write: (id: string) => Promise<unknown>, name: string, until: AbortSignal): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  const one = async (lane: number): Promise<void> => {
    for (let i = 0; !until.aborted; i++) {
      const id = `${name}-${lane}-${i}`;
      await write(id).then(
        () => acknowledged.push(id),
        () => new Promise((resolve) => setTimeout(resolve, 20)),
      );
    }
  };
  return Promise.all([0, 1].map(one)).then(() => acknowledged);
}

test(
  `nothing that was acknowledged is lost over ${KILLS} kills of all roles under load`,
  { skip, timeout: 1_800_000 },
  async (t) => {
    const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`SEED=${seed}`);
    const folder = await mkdtemp(join(tmpdir(), "ctm-kills-"));
    const running = { name: `kills-${process.pid % 10_000}`, dataDir: join(folder, "data") };
    try {
      await catamaran(running, "up", "--detach");
      const environment = await environmentOf(running);
      const { aws, options, cluster } = await clientsOf(running, environment);
      await prepare(aws);
      const stopping = new AbortController();
      const configMaps = load((id) => createConfigMap(cluster, id), "map", stopping.signal);
      const items = load(
        (id) => aws.dynamodb("PutItem", { TableName: "kept", Item: { id: { S: id } } }),
        "item",
        stopping.signal,
      );
      const events = load((id) => invokeLater(options, id), "event", stopping.signal);
      const killed = await killMany(running, seed);
      stopping.abort();
      await until(
        "the platform is whole again",
        () =>
          catamaran(running, "status").then(
            () => true,
            () => false,
          ),
        (isWhole) => isWhole,
        60_000,
      );
      assert.deepEqual(await environmentOf(running), environment, "clients find the same doors and keys");
      const acknowledged = { configMaps: await configMaps, items: await items, events: await events };
      t.diagnostic(
        `acknowledged: ${Object.entries(acknowledged)
          .map(([what, ids]) => `${ids.length} ${what}`)
          .join(", ")}`,
      );
      await checkAll({ aws, options, cluster }, acknowledged);
      const counts = Object.entries(acknowledged).map(([what, ids]) => `${ids.length} ${what}`);
      t.diagnostic(`${JSON.stringify(killed)} killed; acknowledged and there: ${counts.join(", ")}; 0 lost`);
      for (const ids of Object.values(acknowledged)) assert.ok(ids.length > KILLS / 2, "the load had time to write");
      await cluster[Symbol.asyncDispose]();
    } finally {
      await catamaran(running, "down", "--purge");
      await rm(folder, { recursive: true, force: true });
    }
  },
);

interface Clients {
  readonly aws: AwsClient;
  readonly options: AwsClientOptions;
  readonly cluster: Cluster;
}

type Environment = Readonly<Record<string, string>>;

async function environmentOf(running: Running): Promise<Environment> {
  return JSON.parse(await catamaran(running, "env", "-o", "json")) as Environment;
}

async function clientsOf(running: Running, environment: Environment): Promise<Clients> {
  const options = {
    endpoint: environment["AWS_ENDPOINT_URL"] ?? "",
    accessKeyId: environment["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "",
    region: "us-east-1",
  };
  const kubeconfig = readKubeconfig(await readFile(join(running.dataDir, "kubeconfig"), "utf8"));
  return {
    aws: new AwsClient(options, realClock),
    options,
    cluster: Cluster.connect(kubeconfig, { name: "kills", clock: realClock, log: silent }),
  };
}

async function prepare(aws: AwsClient): Promise<void> {
  await aws.dynamodb("CreateTable", {
    TableName: "kept",
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
  });
  const { outputFiles } = await build({
    stdin: { contents: FUNCTION, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    write: false,
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  const zip = zipSync({ "index.mjs": outputFiles[0]?.contents ?? new Uint8Array() });
  await aws.lambda("POST", "/2015-03-31/functions", {
    FunctionName: "keeper",
    Runtime: "nodejs24.x",
    Handler: "index.handler",
    Role: "arn:aws:iam::000000000000:role/t",
    Code: { ZipFile: Buffer.from(zip).toString("base64") },
    Timeout: 30,
    // What a function may touch is what its environment names.
    Environment: { Variables: { TABLE: "kept" } },
  });
  await until(
    "the function answers",
    () =>
      aws
        .lambda("POST", "/2015-03-31/functions/keeper/invocations", { id: "first" })
        .then((answer) => JSON.stringify(answer), String),
    (answer) => answer.includes("first"),
  );
}

async function createConfigMap(cluster: Cluster, name: string): Promise<void> {
  const body = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { name } });
  const answer = await cluster.request("POST", "/api/v1/namespaces/default/configmaps", {
    body,
    contentType: "application/json",
  });
  if (answer.status !== 201) throw new Error(`HTTP ${answer.status}`);
}

/** 202: accepted, to be run later. */
function invokeLater(options: AwsClientOptions, id: string): Promise<void> {
  const url = new URL(options.endpoint);
  const body = Buffer.from(JSON.stringify({ id }));
  const path = "/2015-03-31/functions/keeper/invocations";
  const unsigned = {
    method: "POST",
    path,
    query: "",
    headers: { host: url.host, "x-amz-invocation-type": "Event" },
    body,
  };
  const headers = signedHeaders(unsigned, options, { region: options.region, service: "lambda" }, Date.now());
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: url.hostname, port: url.port, method: "POST", path, headers }, (response) => {
      response.on("error", reject).resume();
      if (response.statusCode === 202) resolve();
      else reject(new Error(`HTTP ${response.statusCode}`));
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

async function killMany(running: Running, seed: number): Promise<Readonly<Record<string, number>>> {
  const random = seededRandom(seed);
  const killed: Record<string, number> = {};
  for (let kill = 1; kill <= KILLS; kill++) {
    await new Promise((resolve) =>
      setTimeout(resolve, BETWEEN_MS.least + random.number() * (BETWEEN_MS.most - BETWEEN_MS.least)),
    );
    const { pid, roles } = await lockOf(running);
    const names = Object.keys(roles);
    const victim =
      kill % SUPERVISOR_EVERY === 0 ? "supervisor" : (names[Math.floor(random.number() * names.length)] ?? "");
    try {
      process.kill(victim === "supervisor" ? pid : (roles[victim]?.pid ?? 0), "SIGKILL");
    } catch {
      // It waits for its next start after an earlier kill.
    }
    killed[victim] = (killed[victim] ?? 0) + 1;
    if (victim === "supervisor") await catamaran(running, "up", "--detach");
  }
  return killed;
}

interface Acknowledged {
  readonly configMaps: readonly string[];
  readonly items: readonly string[];
  readonly events: readonly string[];
}

async function checkAll({ aws, cluster }: Clients, { configMaps, items, events }: Acknowledged): Promise<void> {
  const answer = await cluster.request("GET", "/api/v1/namespaces/default/configmaps");
  const list = JSON.parse(answer.body.toString()) as {
    readonly items: readonly { readonly metadata: { readonly name: string } }[];
  };
  assert.deepEqual(
    missing(configMaps, new Set(list.items.map(({ metadata }) => metadata.name))),
    [],
    "ConfigMaps lost",
  );
  assert.deepEqual(missing(items, await idsOf(aws)), [], "items lost");
  const left = await until(
    "every accepted invocation has run",
    async () => missing(events, await idsOf(aws)),
    (waiting) => waiting.length === 0,
    // As Lambda has it, what found no place to run is tried again up to five minutes later.
    400_000,
  );
  assert.deepEqual(left, []);
}

function missing(acknowledged: readonly string[], there: ReadonlySet<string>): readonly string[] {
  return acknowledged.filter((id) => !there.has(id));
}

async function idsOf(aws: AwsClient): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  let start: unknown;
  do {
    const page = await aws.dynamodb("Scan", {
      TableName: "kept",
      ...(start !== undefined && { ExclusiveStartKey: start }),
    });
    for (const { id } of page["Items"] as readonly { readonly id: { readonly S: string } }[]) ids.add(id.S);
    start = page["LastEvaluatedKey"];
  } while (start !== undefined);
  return ids;
}
