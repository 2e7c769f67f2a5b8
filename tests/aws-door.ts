/** The AWS door with its real engines in one process, for tests that drive it with real clients. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { functionCredentials, secretOfKey } from "#aws/credentials.ts";
import { newAccessKeyId } from "#aws/iam/new-access-key-id.ts";
import { iamService } from "#aws/iam/service.ts";
import { rightsOf } from "#aws/rights.ts";
import { Identities } from "#managed/identity/identities.ts";
import { dynamodbService } from "#aws/dynamodb/service.ts";
import { dynamodbStreamsService } from "#aws/dynamodbstreams/service.ts";
import { lambdaService } from "#aws/lambda/service.ts";
import { listenAws } from "#aws/listen.ts";
import { logsService } from "#aws/logs/service.ts";
import type { FunctionSession } from "#aws/sign.ts";
import { stsService } from "#aws/sts/service.ts";
import type { Service } from "#aws/action.ts";
import { apiGatewayService } from "#aws/apigateway/service.ts";
import { apiGatewayV2Service } from "#aws/apigatewayv2/service.ts";
import { urlAccess } from "#aws/lambda/url-access.ts";
import type { Place } from "#aws/place.ts";
import type { Random } from "#base/random.ts";
import type { Objects } from "#deck/objects.ts";
import { listenGateway } from "#gateway/listen.ts";
import { apiDeploymentKind } from "#kinds/catamaran/api-deployment.ts";
import { apiKeyKind } from "#kinds/catamaran/api-key.ts";
import { httpApiKind } from "#kinds/catamaran/http-api.ts";
import { restApiKind } from "#kinds/catamaran/rest-api.ts";
import { usagePlanKind } from "#kinds/catamaran/usage-plan.ts";
import { webSocketApiKind } from "#kinds/catamaran/web-socket-api.ts";
import { controlService } from "#main/control-service.ts";
import { KeyUsage } from "#managed/api/key-usage.ts";
import { keyOf } from "#base/key.ts";
import { silent } from "#base/log.ts";
import { Deck } from "#deck/deck.ts";
import { startKeeper } from "#deck/loop.ts";
import { Functions } from "#functions/engine.ts";
import { MemoryLogs } from "#functions/logs.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { realClock } from "#machine/real-clock.ts";
import { realRandom } from "#machine/real-random.ts";
import { tableKeeper } from "#managed/table/table-keeper.ts";
import { Tables } from "#managed/table/tables.ts";
import { LogGroups } from "#managed/logs/log-groups.ts";
import { ProcessSandboxes } from "#sandboxes/process-driver.ts";
import { CodeFolder } from "#store/files/code-folder.ts";
import { SqliteLedger } from "#store/sqlite/ledger.ts";
import { SqliteDatabase } from "#store/sqlite/database.ts";
import { SqliteJournal } from "#store/sqlite/journal.ts";

export const ROOT = { accessKeyId: "AKIATEST", secretAccessKey: "test-secret", accountId: "000000000000" };
const REGION = "us-east-1";

export interface TestDoor extends AsyncDisposable {
  readonly endpoint: string;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Where APIs are served. */
  readonly gatewayUrl: string;
}

export async function openDoor(): Promise<TestDoor> {
  const folder = await mkdtemp(join(tmpdir(), "ctm-aws-"));
  const stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const [clock, random, log] = [realClock, realRandom, silent];
  const journal = stack.use(SqliteJournal.open(join(folder, "journal.db"), { clock }));
  const deck = stack.use(await Deck.open({ journal, clock, random, log, kinds: builtinKinds }));
  const code = await CodeFolder.open(join(folder, "code"));
  const ledger = stack.use(SqliteLedger.open(join(folder, "usage.db")));
  const sandboxes = stack.use(await ProcessSandboxes.open({ code, clock, log, region: REGION }));
  const logs = new MemoryLogs();
  const objects = deck.objects("aws");
  const credentialsFor = (of: FunctionSession): ReturnType<typeof functionCredentials> =>
    functionCredentials(ROOT, `arn:aws:iam::${ROOT.accountId}:role/lambda`, of, clock.now());
  const functions = stack.use(
    await Functions.open({ objects, sandboxes, ledger, clock, random, log, logs, credentialsFor }),
  );
  const database = stack.use(SqliteDatabase.open(join(folder, "tables.db")));
  const upkeep = { database, clock, turn: () => nextTurn() };
  const tables = stack.use(new Tables(objects, upkeep));
  stack.use(startKeeper(tableKeeper(objects, upkeep), objects, { clock, log }));
  const place = { accountId: ROOT.accountId, region: REGION, namespace: "default" };
  const isLiving = async ({ namespace, name, uid }: FunctionSession): Promise<boolean> =>
    (await objects.get(functionKind, keyOf(namespace, name)))?.metadata.uid === uid;
  const identities = stack.use(await Identities.open({ objects, database, accountId: ROOT.accountId }));
  const rights = rightsOf({ identities, root: ROOT, region: REGION, mode: "enforce", isLiving, log });
  const keyUsage = new KeyUsage(database);
  const services = [
    lambdaService({
      ...place,
      objects,
      functions,
      tables,
      code,
      readObject: () => Promise.resolve("no bucket"),
      newId: () => random.uuid(),
      runtimes: () => sandboxes.runtimes(),
      gatewayUrl: "http://127.0.0.1:1",
    }),
    dynamodbService({ ...place, tables }),
    dynamodbStreamsService({ ...place, tables }),
    logsService({ ...place, logs, groups: new LogGroups(database, clock) }),
    iamService({ identities, newAccessKeyId: () => newAccessKeyId(random), secretOf: (id) => secretOfKey(ROOT, id) }),
    stsService({ identities, judge: rights.judge, root: ROOT, mode: "enforce", issuer: null }),
    ...apiServices({ ...place, objects, random }, keyUsage, stack),
  ];
  rights.use(services);
  const { findCaller, authorize } = rights;
  const door = stack.use(
    await listenAws({
      services,
      findCaller,
      authorize,
      region: REGION,
      hosts: ["127.0.0.1"],
      port: 0,
      clock,
      random,
      log,
    }),
  );
  const endpoint = `http://127.0.0.1:${door.port}`;
  const environment = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: ROOT.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
    AWS_DEFAULT_REGION: REGION,
    AWS_PAGER: "",
    AWS_MAX_ATTEMPTS: "1",
  };
  const control = controlService({
    functions,
    ledger,
    logs,
    keyUsage,
    authorizeUrl: urlAccess({ findCaller, authorize, region: REGION, accountId: ROOT.accountId, clock }),
    keepLoad: async () => [],
    rotateSecretKey: () => Promise.reject(new Error("nothing is encrypted here")),
  });
  const gateway = stack.use(
    await listenGateway({
      objects,
      askServer: () => nextTurn(),
      control,
      host: "127.0.0.1",
      port: 0,
      accountId: ROOT.accountId,
      region: REGION,
      clock,
      random,
      log,
    }),
  );
  const gatewayUrl = `http://127.0.0.1:${gateway.port}`;
  return { endpoint, folder, environment, gatewayUrl, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function apiServices(
  account: Place & { readonly namespace: string; readonly objects: Objects; readonly random: Random },
  keyUsage: KeyUsage,
  stack: AsyncDisposableStack,
): readonly Service[] {
  const { objects } = account;
  const deployments = stack.use(objects.view(apiDeploymentKind));
  const rest = {
    restApis: stack.use(objects.view(restApiKind)),
    apiKeys: stack.use(objects.view(apiKeyKind)),
    usagePlans: stack.use(objects.view(usagePlanKind)),
  };
  const http = {
    apis: stack.use(objects.view(httpApiKind)),
    webSocketApis: stack.use(objects.view(webSocketApiKind)),
    gatewayUrl: "http://gateway",
  };
  return [
    apiGatewayService({ ...account, ...rest, deployments, keyUsage }),
    apiGatewayV2Service({ ...account, ...http, deployments }),
  ];
}
