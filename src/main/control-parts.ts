/** What the control process is made of: each part says what it needs of those before it, and what it gives to those behind it. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { availableParallelism } from "node:os";
import { functionCredentials, secretOfKey } from "#aws/credentials.ts";
import { dynamodbService } from "#aws/dynamodb/service.ts";
import { dynamodbStreamsService } from "#aws/dynamodbstreams/service.ts";
import { streamRecords } from "#aws/dynamodbstreams/event-source.ts";
import { objectsIn } from "#aws/lambda/bucket-objects.ts";
import { newAccessKeyId } from "#aws/iam/new-access-key-id.ts";
import { iamService } from "#aws/iam/service.ts";
import { lambdaService } from "#aws/lambda/service.ts";
import { urlAccess } from "#aws/lambda/url-access.ts";
import { listenAws } from "#aws/listen.ts";
import { logsService } from "#aws/logs/service.ts";
import { rightsOf } from "#aws/rights.ts";
import { eventRecord } from "#aws/sqs/event-record.ts";
import { sqsService } from "#aws/sqs/service.ts";
import type { FunctionSession } from "#aws/sign.ts";
import { stsService } from "#aws/sts/service.ts";
import type { TokenIssuer } from "#aws/sts/world.ts";
import { keyOf } from "#base/key.ts";
import { Tasks } from "#base/tasks.ts";
import { instanceControllers, kindControllers, steadyControllers } from "#controllers/all.ts";
import { comparisonBody, STYLE } from "#compare/report.ts";
import type { Comparison } from "#compare/result.ts";
import { listenDashboard } from "#dashboard/listen.ts";
import { Minute } from "#dashboard/minute.ts";
import { tappedLedger, TappedLogs } from "#dashboard/taps.ts";
import type { Ledger } from "#metering/usage.ts";
import { runForEveryKind } from "#controllers/every-kind.ts";
import { Deck } from "#deck/deck.ts";
import { runController, startKeeper } from "#deck/loop.ts";
import { Functions } from "#functions/engine.ts";
import type { Control } from "#control/contract.ts";
import { listenControl } from "#control/server.ts";
import type { Objects } from "#deck/objects.ts";
import type { Queue } from "#kinds/catamaran/queue.ts";
import type { Json } from "#base/json.ts";
import { MappingKeeper } from "#triggers/keep-mappings.ts";
import { queueSource } from "#triggers/queue-source.ts";
import { tableSource } from "#triggers/table-source.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import type { Kind } from "#kinds/kind.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { bootstrap } from "#kube/bootstrap.ts";
import { type KubeDoor, listenKube } from "#kube/listen.ts";
import { MetricsCollector } from "#kube/metrics-collector.ts";
import { ensurePki, type Pki } from "#kube/pki.ts";
import { AccountTokenKeeper } from "#kube/account-tokens.ts";
import { Tokens } from "#kube/authenticate.ts";
import { SignerKeeper } from "#kube/signers.ts";
import { Identities } from "#managed/identity/identities.ts";
import { knownRolesKeeper } from "#managed/identity/known-roles.ts";
import { tableKeeper } from "#managed/table/table-keeper.ts";
import type { Database } from "#managed/database.ts";
import { queueKeeper } from "#managed/queue/keep-queues.ts";
import type { Received } from "#managed/queue/message.ts";
import { MoveTasks } from "#managed/queue/move-tasks.ts";
import { Queues } from "#managed/queue/queues.ts";
import { Tables } from "#managed/table/tables.ts";
import { LogGroups } from "#managed/logs/log-groups.ts";
import { keepRetention } from "#managed/logs/retention.ts";
import { fabricHostIp, kubernetesIp } from "#network/cluster-network.ts";
import { openSandboxes } from "#sandboxes/pool.ts";
import { CodeFolder } from "#store/files/code-folder.ts";
import { SqliteLedger } from "#store/sqlite/ledger.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { Reserve, type Room } from "#store/reserve.ts";
import { SqliteDatabase } from "#store/sqlite/database.ts";
import { SqliteEvents } from "#store/sqlite/events.ts";
import { SqliteJournal } from "#store/sqlite/journal.ts";
import { SqliteLogs } from "#store/sqlite/logs.ts";
import { openAudit } from "./audit-options.ts";
import { buildCommit } from "./build-commit.ts";
import { controlService } from "./control-service.ts";
import { podAwsEndpoint } from "#instance/environment.ts";
import { dashboardKey, files } from "#instance/files.ts";
import { doorHosts, networkOf } from "#instance/addresses.ts";
import type { BucketEngine } from "./bucket-parts.ts";
import type { Part } from "./compose.ts";
import type { Measuring } from "./metric-parts.ts";
import { pkiNames } from "./pki-names.ts";
import type { ApiDoors } from "./api-parts.ts";
import type { Ends, MessageDoors, Pushing } from "./message-parts.ts";
import type { StackDoor } from "./stack-part.ts";
import type { RoleBasis } from "./role.ts";
import { type Resealed, SecretVault } from "./secret-vault.ts";
import type { ParameterEngine, SealedData } from "./vault-parts.ts";

const NODE_PORTS = { first: 30_000, last: 32_767 };
const METRICS_EVERY_MS = 5_000;

interface Certificates {
  readonly pki: Pki;
}

export const certificates: Part<RoleBasis, Certificates> = {
  name: "certificates",
  start: async ({ instance, clock }) => ({
    pki: await ensurePki(files.pki(instance), pkiNames(instance, kubernetesIp(networkOf(instance))), clock),
  }),
};

interface Meter {
  readonly ledger: Ledger;
  /** The last minute's traffic, for the dashboard. */
  readonly minute: Minute;
}

export const meter: Part<RoleBasis, Meter> = {
  name: "meter",
  start: ({ instance }, stack) => {
    const minute = new Minute();
    const ledger = tappedLedger(stack.use(SqliteLedger.open(files.usage(instance))), (usage) => minute.take(usage));
    return { minute, ledger };
  },
};

interface Declared {
  readonly deck: Deck;
  /** Disk space that is set aside for what must still be written when the disk is full. */
  readonly room: Room;
  readonly vault: SecretVault;
  /** The journal, as far as it is sealed. */
  readonly sealedJournal: Resealed;
}

export const objects: Part<RoleBasis, Declared> = {
  name: "objects",
  start: async ({ instance, clock, random, log }, stack) => {
    const room = Reserve.open(files.reserve(instance));
    const vault = await SecretVault.open(files.secretKeys(instance));
    const journal = stack.use(SqliteJournal.open(files.journal(instance), { clock, room, sealing: vault.sealing }));
    const ephemeral = stack.use(new MemoryJournal(clock));
    const aws = { endpoint: podAwsEndpoint(instance), region: instance.region };
    const network = { serviceCidr: networkOf(instance).serviceCidr, nodePorts: NODE_PORTS };
    const deck = await Deck.open({ journal, ephemeral, clock, random, log, kinds: builtinKinds, network, aws });
    return { deck: stack.use(deck), room, vault, sealedJournal: journal };
  },
};

interface Nodes {
  /** The way to the nodes' agents. */
  readonly nodes: KubeDoor["nodes"];
  /** Of the tokens of service accounts. */
  readonly issuer: TokenIssuer;
}

export const kubernetesDoor: Part<RoleBasis & Declared & Certificates, Nodes> = {
  name: "kubernetes door",
  start: async ({ instance, clock, random, log, deck, pki }, stack) => {
    const network = networkOf(instance);
    const commit = await buildCommit();
    const at = { hosts: doorHosts(instance), port: instance.ports.kube };
    const audit = await openAudit(instance, log, stack);
    const door = stack.use(await listenKube({ deck, pki, ...at, commit, ...(audit && { audit }), clock, random, log }));
    await bootstrap(deck.objects("bootstrap"), {
      kubernetesIp: kubernetesIp(network),
      door: instance.canRunPods ? { host: fabricHostIp(network), port: door.port } : null,
    });
    return { nodes: door.nodes, issuer: door.issuer };
  },
};

export const certificateSigner: Part<RoleBasis & Declared & Certificates, object> = {
  name: "certificate signer",
  start: ({ clock, log, deck, pki }, stack) => {
    const objects = deck.objects("certificate-signer");
    stack.use(startKeeper(new SignerKeeper({ objects, authority: pki.authority, clock }), objects, { clock, log }));
    return {};
  },
};

export const accountTokens: Part<RoleBasis & Declared & Certificates, object> = {
  name: "account tokens",
  start: ({ clock, log, deck, pki }, stack) => {
    const objects = deck.objects("tokens-controller");
    const tokens = new Tokens(pki.tokenKey);
    stack.use(startKeeper(new AccountTokenKeeper({ objects, tokens, ca: pki.ca, clock }), objects, { clock, log }));
    return {};
  },
};

export const controllers: Part<RoleBasis & Declared & Certificates, object> = {
  name: "controllers",
  start: ({ instance, clock, log, stop, deck, pki }, stack) => {
    const tasks = new Tasks(log);
    stack.defer(() => tasks.ended());
    const options = { clock, log, stop };
    const objectsFor = (name: string): Objects => deck.objects(name);
    const ofInstance = instanceControllers({ edge: { ip: "127.0.0.1", port: instance.ports.gateway }, ca: pki.ca });
    for (const controller of [...steadyControllers, ...ofInstance])
      tasks.run(controller.name, () => runController(controller, objectsFor(controller.name), options));
    const kinds = (): readonly Kind[] => deck.registry.all();
    tasks.run("every kind", () => runForEveryKind({ kinds, controllersFor: kindControllers, objectsFor }, options));
    return {};
  },
};

export const podMetrics: Part<RoleBasis & Declared & Nodes & Meter, object> = {
  name: "pod metrics",
  start: ({ clock, log, deck, nodes, ledger }, stack) => {
    const collected = deck.objects("metrics-collector");
    stack.use(new MetricsCollector({ objects: collected, nodes, ledger, clock, log, everyMs: METRICS_EVERY_MS }));
    return {};
  },
};

interface Engine {
  readonly functions: Functions;
  readonly code: CodeFolder;
  readonly logs: TappedLogs;
  readonly runtimes: () => readonly string[];
}

export const functionsEngine: Part<RoleBasis & Declared & Meter & Ends, Engine> = {
  name: "functions",
  start: async (needs, stack) => {
    const { instance, clock, random, log, deck, ledger, room } = needs;
    const { region, accountId, ports, rootKey } = instance;
    const cores = availableParallelism();
    const code = await CodeFolder.open(files.code(instance));
    const launcher = instance.canIsolate ? { launcherFolder: files.launcher(instance) } : {};
    const aws = { host: "127.0.0.1", port: ports.aws };
    const sandboxes = stack.use(
      await openSandboxes({ code, clock, log, region, aws, nodesFolder: files.nodes(instance), ...launcher }),
    );
    log.info("functions run in sandboxes", { driver: sandboxes.driver, cores });
    const logs = new TappedLogs(stack.use(SqliteLogs.open(files.logs(instance))));
    const events = stack.use(SqliteEvents.open(files.events(instance), { room }));
    const opened = await Functions.open({
      objects: deck.objects("catamaran-functions"),
      sandboxes,
      code,
      ledger,
      clock,
      random,
      log,
      logs,
      events,
      asynchronous: needs.asynchronous,
      region,
      accountId,
      cores,
      credentialsFor: ({ namespace, name, uid, role }) =>
        functionCredentials(
          { ...rootKey, accountId },
          role === "" ? `arn:aws:iam::${accountId}:role/${name}` : role,
          { namespace, name, uid },
          // Lambda gives each environment keys of its own; a fraction tells those of one millisecond apart.
          clock.now() + random.number(),
        ),
    });
    return { functions: stack.use(opened), code, logs, runtimes: () => sandboxes.runtimes() };
  },
};

interface ManagedData {
  /** What managed services keep: items, messages. */
  readonly database: Database;
}

export const managedData: Part<RoleBasis & Declared, ManagedData> = {
  name: "managed data",
  start: ({ instance, room }, stack) => ({
    database: stack.use(SqliteDatabase.open(files.tables(instance), { room })),
  }),
};

interface QueueEngine {
  readonly queues: Queues;
  readonly moveTasks: MoveTasks;
}

export const queueEngine: Part<RoleBasis & Declared & ManagedData, QueueEngine> = {
  name: "queues",
  start: ({ clock, random, log, deck, database }, stack) => {
    const objects = deck.objects("catamaran-queues");
    const queues = stack.use(new Queues({ objects, database, clock, random }));
    const tasks = new MoveTasks({ database, clock, random });
    stack.use(startKeeper(queueKeeper({ objects, queues, tasks, clock }), objects, { clock, log }));
    return { queues, moveTasks: tasks };
  },
};

interface TableEngine {
  readonly tables: Tables;
}

export const tableEngine: Part<RoleBasis & Declared & ManagedData, TableEngine> = {
  name: "tables",
  start: ({ clock, log, deck, database }, stack) => {
    const declared = deck.objects("catamaran-tables");
    const upkeep = { database, clock, turn: () => nextTurn() };
    const tables = stack.use(new Tables(declared, upkeep));
    stack.use(startKeeper(tableKeeper(declared, upkeep), declared, { clock, log }));
    return { tables };
  },
};

export const eventSources: Part<
  RoleBasis & Declared & ManagedData & Engine & QueueEngine & TableEngine & Pushing,
  object
> = {
  name: "event sources",
  start: ({ instance, clock, random, log, deck, database, functions, queues, tables, outbox }, stack) => {
    const objects = deck.objects("catamaran-event-sources");
    const recordOf = (queue: Queue, received: Received): Json => eventRecord(instance, queue, received);
    const streams = streamRecords(instance, () => random.uuid(), clock);
    const sources = [
      queueSource({ queues, recordOf, clock }),
      tableSource({ ...streams, tables, database, clock, pushes: outbox }),
    ];
    const keeper = stack.use(new MappingKeeper({ objects, sources, functions, clock, log }));
    stack.use(startKeeper(keeper, objects, { clock, log }));
    return {};
  },
};

interface IdentityEngine {
  readonly identities: Identities;
}

export const identityEngine: Part<RoleBasis & Declared & ManagedData, IdentityEngine> = {
  name: "identities",
  start: async ({ instance, clock, log, deck, database }, stack) => {
    const declared = deck.objects("catamaran-identities");
    const identities = stack.use(await Identities.open({ objects: declared, database, accountId: instance.accountId }));
    stack.use(startKeeper(knownRolesKeeper(identities.knownRoles), declared, { clock, log }));
    return { identities };
  },
};

interface UrlRules {
  /** The AWS door's rules hold for function URLs, too. */
  readonly authorizeUrl: Control["authorizeUrl"];
}

export const awsDoor: Part<
  RoleBasis &
    Declared &
    Engine &
    TableEngine &
    QueueEngine &
    BucketEngine &
    MessageDoors &
    ApiDoors &
    StackDoor &
    ManagedData &
    ParameterEngine &
    IdentityEngine &
    Nodes,
  UrlRules
> = {
  name: "aws door",
  start: async (needs, stack) => {
    const { instance, clock, random, log, deck, functions, code, logs, runtimes, tables, queues, moveTasks } = needs;
    const { identities, issuer } = needs;
    const { region, accountId, ports, rootKey } = instance;
    const place = { accountId, region, namespace: "default" };
    const root = { ...rootKey, accountId };
    const functionsNow = deck.objects("aws-rights");
    const isLiving = async ({ namespace, name, uid }: FunctionSession): Promise<boolean> =>
      (await functionsNow.get(functionKind, keyOf(namespace, name)))?.metadata.uid === uid;
    const mode = instance.iam ?? "enforce";
    const rights = rightsOf({ identities, root, region, mode, isLiving, log });
    const logGroups = new LogGroups(needs.database, clock);
    const services = [
      lambdaService({
        ...place,
        objects: deck.objects("aws-lambda"),
        functions,
        tables,
        code,
        readObject: objectsIn(needs.buckets, place.namespace),
        newId: () => random.uuid(),
        runtimes,
        gatewayUrl: `http://127.0.0.1:${ports.gateway}`,
      }),
      dynamodbService({ ...place, tables }),
      dynamodbStreamsService({ ...place, tables }),
      logsService({ ...place, logs, groups: logGroups }),
      needs.bucketService,
      sqsService({ ...place, queues, tasks: moveTasks }),
      ...needs.messageServices,
      ...needs.apiServices,
      ...needs.stackServices,
      ...needs.parameterServices,
      iamService({
        identities,
        newAccessKeyId: () => newAccessKeyId(random),
        secretOf: (id) => secretOfKey(root, id),
      }),
      stsService({ identities, judge: rights.judge, root, mode, issuer }),
    ];
    rights.use(services);
    stack.use(keepRetention({ groups: logGroups, logs, clock, log }));
    const { findCaller, authorize } = rights;
    needs.innerDoor.open({ services, authorize });
    await needs.stacks.resume();
    const doors = { hosts: doorHosts(instance), port: ports.aws, region };
    stack.use(await listenAws({ services, links: needs.links, findCaller, authorize, ...doors, clock, random, log }));
    return { authorizeUrl: urlAccess({ findCaller, authorize, region, accountId, clock }) };
  },
};

export const dashboard: Part<
  RoleBasis & Declared & Engine & Meter & Nodes & QueueEngine & TableEngine & BucketEngine,
  object
> = {
  name: "dashboard",
  start: async ({ instance, clock, log, deck, functions, minute, nodes, logs, queues, tables, buckets }, stack) => {
    const page = await listenDashboard({
      instance: instance.name,
      objects: deck.objects("dashboard"),
      functions,
      minute,
      nodes,
      logs,
      managed: { queues, tables, buckets },
      port: instance.ports.dashboard,
      key: dashboardKey(instance),
      comparison: () => latestComparison(files.reports(instance)),
      style: STYLE,
      clock,
      log,
    });
    stack.use(page);
    return {};
  },
};

/** The newest comparison as the inside of a page. */
async function latestComparison(folder: string): Promise<string | null> {
  const text = await readFile(join(folder, "latest.json"), "utf8").catch(() => null);
  return text === null ? null : comparisonBody(JSON.parse(text) as Comparison);
}

export const privateApi: Part<RoleBasis & SealedData & Engine & Meter & UrlRules & ApiDoors & Measuring, object> = {
  name: "private API",
  start: async (
    { instance, clock, log, functions, ledger, logs, authorizeUrl, rotateSecretKey, keepLoad, keyUsage },
    stack,
  ) => {
    const control = controlService({ functions, ledger, logs, authorizeUrl, rotateSecretKey, keepLoad, keyUsage });
    stack.use(await listenControl({ control, socketPath: files.controlSocket(instance), clock, log }));
    return {};
  },
};
