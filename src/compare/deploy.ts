/** Puts the example on both hulls: one build, a Deployment with Service, Ingress and HPA, and a function behind an HTTP API. */
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { zipSync } from "fflate";
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import type { Kind } from "#kinds/kind.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { secretKind } from "#kinds/core/secret.ts";
import { parseYamlAll } from "#wire/yaml.ts";
import { AwsRefused } from "./aws-client.ts";
import type { DemoInstance } from "./demo-instance.ts";

export const NAMESPACE = "default";
export const NAME = "users-api";
export const TABLE = "users";
export const USERS = 1_000;
export const FUNCTION_MEMORY_MIB = 128;
const RESERVED_CONCURRENCY = 100;
const READY_WITHIN_MS = 90_000;

/** Bundles both entry files into `workFolder`. */
export async function buildExample(instance: DemoInstance): Promise<void> {
  await mkdir(join(instance.workFolder, "image"), { recursive: true });
  await Promise.all([
    instance.bundle(join(instance.example, "server.mjs"), join(instance.workFolder, "image", "server.mjs")),
    instance.bundle(join(instance.example, "function.mjs"), join(instance.workFolder, "index.mjs")),
    copyFile(join(instance.example, "Dockerfile"), join(instance.workFolder, "image", "Dockerfile")),
  ]);
  await instance.buildImage(join(instance.workFolder, "image"), `${NAME}:latest`);
}

/** The table with its users; what is there from an earlier run stays. */
export async function fillTable(instance: DemoInstance): Promise<void> {
  const { aws } = instance;
  await unlessThere("ResourceInUseException", () =>
    aws.dynamodb("CreateTable", {
      TableName: TABLE,
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  const users = Array.from({ length: USERS }, (_unused, i) => ({
    id: { S: String(i) },
    name: { S: `User ${i}` },
    email: { S: `user${i}@example.test` },
    logins: { N: String((i * 37) % 101) },
  }));
  for (let at = 0; at < users.length; at += 25) {
    await aws.dynamodb("BatchWriteItem", {
      RequestItems: { [TABLE]: users.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } })) },
    });
  }
}

async function unlessThere(code: string, create: () => Promise<unknown>): Promise<boolean> {
  try {
    await create();
    return true;
  } catch (thrown) {
    if (thrown instanceof AwsRefused && thrown.code === code) return false;
    throw thrown;
  }
}

/** Applies the manifests and waits until all replicas are ready. */
export async function deployContainers(instance: DemoInstance): Promise<void> {
  const { objects, podAws } = instance;
  await apply(instance, secretKind, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `${NAME}-aws`, namespace: NAMESPACE },
    stringData: {
      AWS_ENDPOINT_URL: podAws.endpoint,
      AWS_REGION: podAws.region,
      AWS_ACCESS_KEY_ID: podAws.accessKeyId,
      AWS_SECRET_ACCESS_KEY: podAws.secretAccessKey,
    },
  } as KubeObject);
  await applyFile(instance, "users-api.yaml");
  await until(instance, `${NAME} has not all replicas ready`, async () => {
    const deployment = await objects.get(deploymentKind, keyOf(NAMESPACE, NAME));
    return deployment !== null && (deployment.status?.readyReplicas ?? 0) >= (deployment.spec.replicas ?? 1);
  });
}

/** Creates or updates the function and its API, and waits until it is Active. */
export async function deployFunction(instance: DemoInstance): Promise<void> {
  const { aws, objects } = instance;
  const zip = zipSync({ "index.mjs": await readFile(join(instance.workFolder, "index.mjs")) });
  const ZipFile = Buffer.from(zip).toString("base64");
  const settings = {
    Runtime: "nodejs24.x",
    Handler: "index.handler",
    Role: "arn:aws:iam::000000000000:role/users-api",
    MemorySize: FUNCTION_MEMORY_MIB,
    Timeout: 10,
    Environment: { Variables: { USERS_TABLE: TABLE } },
  };
  const isNew = await unlessThere("ResourceConflictException", () =>
    aws.lambda("POST", "/2015-03-31/functions", { FunctionName: NAME, ...settings, Code: { ZipFile } }),
  );
  if (!isNew) await aws.lambda("PUT", `/2015-03-31/functions/${NAME}/code`, { ZipFile });
  await aws.lambda("PUT", `/2017-10-31/functions/${NAME}/concurrency`, {
    ReservedConcurrentExecutions: RESERVED_CONCURRENCY,
  });
  await applyFile(instance, "users-http-api.yaml");
  await until(instance, `function ${NAME} is not Active`, async () => {
    const fn = await objects.get(functionKind, keyOf(NAMESPACE, NAME));
    if (fn?.status?.state === "Failed")
      throw new Fault("InternalError", `function ${NAME} failed: ${fn.status.stateReason}`);
    return fn?.status?.state === "Active" && fn.status.lastUpdateStatus !== "InProgress";
  });
}

async function applyFile(instance: DemoInstance, file: string): Promise<void> {
  for (const document of parseYamlAll(await readFile(join(instance.example, "manifests", file), "utf8"))) {
    const object = document as unknown as KubeObject;
    const kind = builtinKinds.find(
      (candidate) =>
        candidate.kind === object.kind &&
        (candidate.group === "" ? candidate.version : `${candidate.group}/${candidate.version}`) === object.apiVersion,
    );
    if (kind === undefined) throw new Fault("NotFound", `${file} has an unknown kind ${object.kind}`);
    await apply(instance, kind, { ...object, metadata: { ...object.metadata, namespace: NAMESPACE } });
  }
}

/** Creates, or replaces everything but metadata and status. */
async function apply(instance: DemoInstance, kind: Kind, object: KubeObject): Promise<void> {
  try {
    await instance.objects.create(kind, object);
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== "AlreadyExists") throw thrown;
    await instance.objects.change(kind, keyOfObject(object), (live) => ({
      ...live,
      ...object,
      metadata: live.metadata,
    }));
  }
}

async function until(instance: DemoInstance, complaint: string, isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = instance.clock.monotonicMs() + READY_WITHIN_MS;
  while (!(await isTrue())) {
    if (instance.stop.aborted) throw new Fault("Timeout", "stopped");
    if (instance.clock.monotonicMs() > deadline)
      throw new Fault("Timeout", `${complaint} after ${READY_WITHIN_MS / 1000} s`);
    await instance.clock.sleep(200, instance.stop);
  }
}
