/** A whole platform whose disk is full and then is not: it stays up and reads, deletes go through, what grows is refused by name, and it heals. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { zipSync } from "fflate";
import { silent } from "#base/log.ts";
import { Cluster } from "#client/cluster.ts";
import { readKubeconfig } from "#client/kubeconfig.ts";
import { AwsClient } from "#compare/aws-client.ts";
import { cannotRun, type Ran, until } from "./platform-stage.ts";
import { realClock } from "#machine/real-clock.ts";

const ENTRY = join(import.meta.dirname, "..", "src", "main", "catamaran.ts");
const SIZE_MIB = 64;
const skip = cannotRun();
const disk = mkdtempSync(join(tmpdir(), "ctm-full-"));
const dataDir = join(disk, "data");
const name = `full-${process.pid % 10_000}`;

before(() => {
  if (skip === false) execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE_MIB}m`, "tmpfs", disk]);
});

after(async () => {
  if (skip === false) {
    rmSync(join(disk, "somebody-else"), { force: true });
    await catamaran("down", "--purge");
    execFileSync("umount", ["--lazy", disk]);
  }
  rmSync(disk, { recursive: true, force: true });
});

function catamaran(...words: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [ENTRY, ...words, "--name", name, "--data-dir", dataDir],
      { timeout: 120_000 },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, error: err }),
    );
  });
}

function startAgain(): Promise<Ran> {
  const ports = ["kube", "aws", "gateway", "dashboard"].flatMap((door) => [`--${door}-port`, "0"]);
  return catamaran("up", "--detach", "--nodes", "0", ...ports);
}

async function up(): Promise<void> {
  const ran = await startAgain();
  assert.equal(ran.code, 0, ran.error);
}

/** Whatever somebody else put on the disk, to the last byte. */
function fillDisk(): string {
  const file = join(disk, "somebody-else");
  const descriptor = openSync(file, "a");
  for (let piece = 65_536; piece > 0; piece = Math.floor(piece / 2))
    try {
      for (;;) writeSync(descriptor, Buffer.alloc(piece, 1));
    } catch {
      // No room for so much: half of it.
    }
  closeSync(descriptor);
  return file;
}

interface Lock {
  readonly pid: number;
  readonly roles: Readonly<Record<string, { readonly pid: number }>>;
}

const lockNow = (): Lock => JSON.parse(readFileSync(join(dataDir, "supervisor.json"), "utf8")) as Lock;

class Doors implements AsyncDisposable {
  readonly #aws: AwsClient;
  readonly #cluster: Cluster;

  static async open(): Promise<Doors> {
    const environment = JSON.parse((await catamaran("env", "-o", "json")).out) as Readonly<Record<string, string>>;
    return new Doors(environment);
  }

  private constructor(environment: Readonly<Record<string, string>>) {
    const credentials = {
      accessKeyId: environment["AWS_ACCESS_KEY_ID"] ?? "",
      secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "",
    };
    const place = { endpoint: environment["AWS_ENDPOINT_URL"] ?? "", region: "us-east-1" };
    this.#aws = new AwsClient({ ...place, ...credentials }, realClock);
    this.#cluster = Cluster.connect(readKubeconfig(readFileSync(join(dataDir, "kubeconfig"), "utf8")), {
      name: "disk-full",
      clock: realClock,
      log: silent,
    });
  }

  async configMap(verb: "POST" | "DELETE", id: string): Promise<void> {
    const collection = "/api/v1/namespaces/default/configmaps";
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: id }, data: { text: "x".repeat(20_000) } };
    const answer =
      verb === "POST"
        ? await this.#cluster.request("POST", collection, {
            body: JSON.stringify(object),
            contentType: "application/json",
          })
        : await this.#cluster.request("DELETE", `${collection}/${id}`);
    if (answer.status >= 300) throw new Error(`HTTP ${answer.status} ${answer.body.toString()}`);
  }

  async item(verb: "PutItem" | "DeleteItem", id: string): Promise<void> {
    const key = { id: { S: id } };
    const input = verb === "PutItem" ? { Item: { ...key, text: { S: "x".repeat(20_000) } } } : { Key: key };
    await this.#aws.dynamodb(verb, { TableName: "kept", ...input });
  }

  async makeTable(): Promise<void> {
    await this.#aws.dynamodb("CreateTable", {
      TableName: "kept",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    });
  }

  async makeFunction(): Promise<void> {
    const zip = zipSync({ "index.mjs": Buffer.from("export const handler = async (event) => event;") });
    await this.#aws.lambda("POST", "/2015-03-31/functions", {
      FunctionName: "echo",
      Runtime: "nodejs24.x",
      Handler: "index.handler",
      Role: "arn:aws:iam::000000000000:role/t",
      Code: { ZipFile: Buffer.from(zip).toString("base64") },
    });
  }

  async invoke(): Promise<string> {
    return JSON.stringify(
      await this.#aws.lambda("POST", "/2015-03-31/functions/echo/invocations", { said: "hello" }).catch(String),
    );
  }

  async there(): Promise<{ readonly maps: ReadonlySet<string>; readonly items: ReadonlySet<string> }> {
    const answer = await this.#cluster.request("GET", "/api/v1/namespaces/default/configmaps");
    assert.equal(answer.status, 200);
    const { items: maps } = JSON.parse(answer.body.toString()) as {
      readonly items: readonly { readonly metadata: { readonly name: string } }[];
    };
    const items = new Set<string>();
    let start: unknown;
    do {
      const from = start === undefined ? {} : { ExclusiveStartKey: start };
      const page = await this.#aws.dynamodb("Scan", { TableName: "kept", ProjectionExpression: "id", ...from });
      for (const { id } of page["Items"] as readonly { readonly id: { readonly S: string } }[]) items.add(id.S);
      start = page["LastEvaluatedKey"];
    } while (start !== undefined);
    return { maps: new Set(maps.map(({ metadata }) => metadata.name)), items };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cluster[Symbol.asyncDispose]();
  }
}

/** The ids that were acknowledged before the first refusal, and what it said. */
async function writeUntilRefused(
  write: (id: string) => Promise<void>,
  prefix: string,
): Promise<{ readonly acknowledged: readonly string[]; readonly refusal: string }> {
  const acknowledged: string[] = [];
  for (;;) {
    const id = `${prefix}-${acknowledged.length}`;
    try {
      await write(id);
    } catch (thrown) {
      return { acknowledged, refusal: String(thrown) };
    }
    acknowledged.push(id);
  }
}

async function removeSome(remove: (id: string) => Promise<void>, ids: readonly string[]): Promise<readonly string[]> {
  for (const id of ids.slice(0, 10)) await remove(id);
  return ids.slice(10);
}

test("the disk of a whole platform is full, and then is not", { skip, timeout: 240_000 }, async () => {
  await up();
  await using doors = await Doors.open();
  await doors.makeTable();
  await doors.makeFunction();
  const answered = (answer: string): boolean => answer.includes("hello");
  await until("the function answers", () => doors.invoke(), answered);
  for (let i = 0; i < 20; i++)
    await Promise.all([doors.configMap("POST", `before-${i}`), doors.item("PutItem", `before-${i}`)]);
  const before = Array.from({ length: 20 }, (_unused, i) => `before-${i}`);
  const roles = lockNow();

  fillDisk();
  const maps = await writeUntilRefused((id) => doors.configMap("POST", id), "full");
  const items = await writeUntilRefused((id) => doors.item("PutItem", id), "full");
  assert.match(maps.refusal, /HTTP 503 .*full/);
  assert.match(items.refusal, /ServiceUnavailableException: .*full/);
  for (let i = 0; i < 5; i++) assert.ok(answered(await doors.invoke()), "invocations go on");
  const kept = {
    maps: await removeSome((id) => doors.configMap("DELETE", id), [...before, ...maps.acknowledged]),
    items: await removeSome((id) => doors.item("DeleteItem", id), [...before, ...items.acknowledged]),
  };
  const check = async (when: string): Promise<void> => {
    const there = await doors.there();
    for (const what of ["maps", "items"] as const)
      assert.deepEqual(
        kept[what].filter((id) => !there[what].has(id)),
        [],
        `${what} lost ${when}`,
      );
    assert.ok(!there.maps.has("before-0") && !there.items.has("before-0"), `a delete was lost ${when}`);
  };
  await check("while it is full");
  assert.deepEqual(lockNow(), roles, "no process ended");

  // Whoever fills the disk goes on, and takes what the reserve gave back.
  fillDisk();
  assert.match((await writeUntilRefused((id) => doors.configMap("POST", id), "more")).refusal, /HTTP 503 .*full/);
  assert.ok(answered(await doors.invoke()));
  await check("while not a byte is left");
  process.kill(roles.roles["control"]?.pid ?? 0, "SIGKILL");
  const isUp = (ran: Ran): boolean => ran.code === 0;
  await until("control is back, on a full disk", () => catamaran("status"), isUp);
  await check("by kill -9 of control");
  process.kill(roles.pid, "SIGKILL");
  const full = await startAgain();
  if (full.code !== 0) assert.match(full.error, /the disk is full \(ENOSPC\): .* free some room there/);

  rmSync(join(disk, "somebody-else"));
  if (full.code !== 0) await up();
  await check("by kill -9 of the supervisor");
  const taken = (work: Promise<void>): Promise<boolean> =>
    work.then(
      () => true,
      () => false,
    );
  await until("ConfigMaps are taken again", () => taken(doors.configMap("POST", "after")), Boolean);
  await until("items are taken again", () => taken(doors.item("PutItem", "after")), Boolean);
  await check("after all");
  assert.ok(answered(await doors.invoke()));
});
