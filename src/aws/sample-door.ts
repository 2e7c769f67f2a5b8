/** The AWS door over memory, with sandboxes that answer as a test says and a clock that stands still. For tests only. */
import { createHash } from "node:crypto";
import { type IncomingHttpHeaders, type IncomingMessage, request, type RequestOptions } from "node:http";
import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Fault } from "#base/fault.ts";
import { silent } from "#base/log.ts";
import { type Random, seededRandom } from "#base/random.ts";
import type { FakeClock } from "#deck/fake-clock.ts";
import { startKeeper } from "#deck/loop.ts";
import type { Journal } from "#deck/journal.ts";
import type { Objects } from "#deck/objects.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import type { CodeStore } from "#functions/code-store.ts";
import { Functions } from "#functions/engine.ts";
import { FakeLedger, FakeSandboxes, type Script } from "#functions/fakes.ts";
import { MemoryLogs } from "#functions/logs.ts";
import { LogGroups } from "#managed/logs/log-groups.ts";
import type { Database } from "#managed/database.ts";
import { Identities } from "#managed/identity/identities.ts";
import { tableKeeper } from "#managed/table/table-keeper.ts";
import { MoveTasks } from "#managed/queue/move-tasks.ts";
import { Queues } from "#managed/queue/queues.ts";
import { Tables } from "#managed/table/tables.ts";
import { apiDeploymentKind } from "#kinds/catamaran/api-deployment.ts";
import { webSocketApiKind } from "#kinds/catamaran/web-socket-api.ts";
import { httpApiKind } from "#kinds/catamaran/http-api.ts";
import { apiKeyKind } from "#kinds/catamaran/api-key.ts";
import { restApiKind } from "#kinds/catamaran/rest-api.ts";
import { usagePlanKind } from "#kinds/catamaran/usage-plan.ts";
import { KeyUsage } from "#managed/api/key-usage.ts";
import type { Service } from "./action.ts";
import type { Place } from "./place.ts";
import { apiGatewayService } from "./apigateway/service.ts";
import { apiGatewayV2Service } from "./apigatewayv2/service.ts";
import { dynamodbService } from "./dynamodb/service.ts";
import { dynamodbStreamsService } from "./dynamodbstreams/service.ts";
import type { ReadObject } from "./lambda/bucket-objects.ts";
import { type RootKey, secretOfKey } from "./credentials.ts";
import { newAccessKeyId } from "./iam/new-access-key-id.ts";
import { iamService } from "./iam/service.ts";
import { lambdaService } from "./lambda/service.ts";
import { listenAws } from "./listen.ts";
import { logsService } from "./logs/service.ts";
import { rightsOf } from "./rights.ts";
import { signedHeaders } from "./sign.ts";
import { sqsService } from "./sqs/service.ts";
import type { TokenIssuer } from "./sts/world.ts";
import { stsService } from "./sts/service.ts";

const ROOT: RootKey & SigningKey = {
  accessKeyId: "AKIATEST",
  secretAccessKey: "test-secret",
  accountId: "000000000000",
};
const REGION = "us-east-1";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** What the text is as JSON; null when it is none. */
  readonly json: unknown;
}

export interface SampleRequest {
  readonly service: string;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text and bytes go out as they are, everything else as JSON. */
  readonly input?: unknown;
  /** Who signs; default is the root. */
  readonly by?: SigningKey;
}

export interface SigningKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What a door over memory is made of; both end with the door. */
export interface Memory {
  readonly journal: Journal;
  readonly database: Database;
}

export class SampleDoor implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly objects: Objects;
  readonly logs: MemoryLogs;
  readonly sandboxes: FakeSandboxes;
  readonly #port: number;
  readonly #parts: AsyncDisposable;

  static async open(
    { journal, database }: Memory,
    script: Script = echo,
    issuer: TokenIssuer | null = null,
  ): Promise<SampleDoor> {
    const parts = new AsyncDisposableStack();
    const { deck, clock } = await openSampleDeck(parts.use(journal));
    parts.use(deck);
    const [random, log, logs, code] = [seededRandom(7), silent, new MemoryLogs(), new MemoryCode()];
    const objects = deck.objects("aws");
    const sandboxes = new FakeSandboxes(script);
    const credentialsFor = (): typeof NO_CREDENTIALS => NO_CREDENTIALS;
    const functions = parts.use(
      await Functions.open({
        objects,
        sandboxes,
        ledger: new FakeLedger(),
        clock,
        random,
        log,
        logs,
        code,
        credentialsFor,
      }),
    );
    const upkeep = { database: parts.use(database), clock, turn: () => nextTurn() };
    const tables = parts.use(new Tables(objects, upkeep));
    parts.use(startKeeper(tableKeeper(objects, upkeep), objects, { clock, log }));
    const queues = parts.use(new Queues({ objects, database, clock, random }));
    const tasks = new MoveTasks({ database, clock, random });
    const place = { accountId: ROOT.accountId, region: REGION, namespace: "default" };
    const { accountId } = ROOT;
    const identities = parts.use(await Identities.open({ objects, database, accountId }));
    const isLiving = (): Promise<boolean> => Promise.resolve(true);
    const rights = rightsOf({ identities, root: ROOT, region: REGION, mode: "enforce", isLiving, log });
    const services = [
      lambdaService({
        ...place,
        objects,
        functions,
        tables,
        code,
        readObject,
        newId: () => random.uuid(),
        runtimes: () => sandboxes.runtimes(),
        gatewayUrl: "http://gateway",
      }),
      dynamodbService({ ...place, tables }),
      dynamodbStreamsService({ ...place, tables }),
      logsService({ ...place, logs, groups: new LogGroups(database, clock) }),
      sqsService({ ...place, queues, tasks }),
      ...apiServices({ ...place, objects, random }, database, parts),
      iamService({ identities, newAccessKeyId: () => newAccessKeyId(random), secretOf: (id) => secretOfKey(ROOT, id) }),
      stsService({ identities, judge: rights.judge, root: ROOT, mode: "enforce", issuer }),
    ];
    rights.use(services);
    const { findCaller, authorize } = rights;
    const where = { region: REGION, hosts: ["127.0.0.1"], port: 0 };
    const door = parts.use(await listenAws({ services, findCaller, authorize, ...where, clock, random, log }));
    return new SampleDoor({ clock, objects, logs, sandboxes, parts }, door.port);
  }

  private constructor(
    made: Pick<SampleDoor, "clock" | "objects" | "logs" | "sandboxes"> & { readonly parts: AsyncDisposable },
    port: number,
  ) {
    this.clock = made.clock;
    this.objects = made.objects;
    this.logs = made.logs;
    this.sandboxes = made.sandboxes;
    this.#parts = made.parts;
    this.#port = port;
  }

  async send({ service, method, path, headers = {}, input, by = ROOT }: SampleRequest): Promise<Answer> {
    const [raw = "/", query = ""] = path.split("?");
    const body = bytesOf(input);
    const token = by.sessionToken === undefined ? {} : { "x-amz-security-token": by.sessionToken };
    const signed = signedHeaders(
      { method, path: raw, query, headers: { host: `127.0.0.1:${this.#port}`, ...token, ...headers }, body },
      by,
      { region: REGION, service },
      this.clock.now(),
    );
    return this.unsigned(method, path, { headers: signed, body });
  }

  async unsigned(
    method: string,
    path: string,
    { headers = {}, body = new Uint8Array() }: { headers?: Readonly<Record<string, string>>; body?: Uint8Array } = {},
  ): Promise<Answer> {
    const response = await exchange({ port: this.#port, method, path, headers }, body);
    let text = "";
    for await (const piece of response.setEncoding("utf8")) text += String(piece);
    return { status: response.statusCode ?? 0, headers: response.headers, text, json: jsonOf(text) };
  }

  dynamodb(operation: string, input: unknown = {}): Promise<Answer> {
    const headers = { "x-amz-target": `DynamoDB_20120810.${operation}` };
    return this.send({ service: "dynamodb", method: "POST", path: "/", headers, input });
  }

  streams(operation: string, input: unknown = {}): Promise<Answer> {
    const headers = { "x-amz-target": `DynamoDBStreams_20120810.${operation}` };
    return this.send({ service: "dynamodb", method: "POST", path: "/", headers, input });
  }

  log(operation: string, input: unknown = {}): Promise<Answer> {
    const headers = { "x-amz-target": `Logs_20140328.${operation}` };
    return this.send({ service: "logs", method: "POST", path: "/", headers, input });
  }

  /** `request`: "GET /2015-03-31/functions". */
  lambda(request: string, input?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const [method = "", path = ""] = request.split(" ");
    return this.send({ service: "lambda", method, path, headers, input });
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#parts[Symbol.asyncDispose]();
  }
}

/** One bucket with one package. */
const readObject: ReadObject = async ({ bucket, key, version }) => {
  if (bucket !== "code") return "no bucket";
  if (key !== "f.zip" || version !== undefined) return "no object";
  return { size: 5, bytes: Readable.from([Buffer.from("PK\x03"), Buffer.from("\x04s")]) };
};

const NO_CREDENTIALS = { accessKeyId: "a", secretAccessKey: "s", sessionToken: "" };

const echo: Script = async ({ payload }) => ({ is: "response", payload, maxMemoryMib: 40 });

function exchange(options: RequestOptions, body: Uint8Array): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", ...options }, resolve);
    sent.on("error", reject);
    sent.end(body);
  });
}

function bytesOf(input: unknown): Uint8Array {
  if (input === undefined) return new Uint8Array();
  if (input instanceof Uint8Array) return input;
  return Buffer.from(typeof input === "string" ? input : JSON.stringify(input));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Packages in a Map; what does not begin as a zip is none. */
class MemoryCode implements CodeStore {
  readonly #zips = new Map<string, Uint8Array>();

  async put(zip: Uint8Array): Promise<{ readonly sha256: string; readonly size: number }> {
    const sha256 = createHash("sha256").update(zip).digest("base64");
    this.#zips.set(sha256, zip.slice());
    return { sha256, size: zip.length };
  }

  async get(sha256: string): Promise<Uint8Array | null> {
    return this.#zips.get(sha256) ?? null;
  }

  async keepOnly(): Promise<void> {}

  async merged(sha256s: readonly string[]): Promise<{ readonly sha256: string; readonly folder: string }> {
    return { sha256: sha256s.join(" "), folder: `/code/${sha256s.join(" ")}` };
  }

  /** As if nothing were packed. */
  async unpackedBytes(sha256: string): Promise<number> {
    return this.#zips.get(sha256)?.length ?? 0;
  }

  async unpacked(sha256: string): Promise<string> {
    const zip = this.#zips.get(sha256);
    if (zip === undefined) throw new Fault("NotFound", `the package ${sha256} is not there`);
    if (zip[0] !== 0x50 || zip[1] !== 0x4b) throw new Fault("Invalid", "it is not a zip file");
    return `/code/${sha256}`;
  }
}

function apiServices(
  account: Place & { readonly namespace: string; readonly objects: Objects; readonly random: Random },
  database: Database,
  parts: AsyncDisposableStack,
): readonly Service[] {
  const { objects } = account;
  const deployments = parts.use(objects.view(apiDeploymentKind));
  const rest = {
    ...account,
    restApis: parts.use(objects.view(restApiKind)),
    deployments,
    apiKeys: parts.use(objects.view(apiKeyKind)),
    usagePlans: parts.use(objects.view(usagePlanKind)),
    keyUsage: new KeyUsage(database),
  };
  const http = {
    ...account,
    apis: parts.use(objects.view(httpApiKind)),
    webSocketApis: parts.use(objects.view(webSocketApiKind)),
    deployments,
    gatewayUrl: "http://gateway",
  };
  return [apiGatewayService(rest), apiGatewayV2Service(http)];
}
