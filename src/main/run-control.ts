/** The control process: the list of its parts. Journal and deck first, then the Kubernetes door, then everything else. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { availableParallelism } from "node:os";
import { functionRights } from "#aws/authorize.ts";
import { sessionCredentials, callers } from "#aws/credentials.ts";
import { dynamodbService } from "#aws/dynamodb/service.ts";
import { lambdaService } from "#aws/lambda/service.ts";
import { urlAccess } from "#aws/lambda/url-access.ts";
import { listenAws } from "#aws/listen.ts";
import { logsService } from "#aws/logs/service.ts";
import { stsService } from "#aws/sts/service.ts";
import { keyOf } from "#base/key.ts";
import { Tasks } from "#base/tasks.ts";
import { instanceControllers, kindControllers, steadyControllers } from "#controllers/all.ts";
import { comparisonBody, STYLE } from "#compare/report.ts";
import type { Comparison } from "#compare/result.ts";
import { type Dashboard, listenDashboard } from "#dashboard/listen.ts";
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
import { functionKind } from "#kinds/catamaran/function.ts";
import type { Kind } from "#kinds/kind.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { bootstrap } from "#kube/bootstrap.ts";
import { type KubeDoor, listenKube } from "#kube/listen.ts";
import { MetricsCollector } from "#kube/metrics-collector.ts";
import { ensurePki, type Pki } from "#kube/pki.ts";
import { tableKeeper } from "#managed/table/table-keeper.ts";
import { Tables } from "#managed/table/tables.ts";
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
import { buildCommit } from "./build-commit.ts";
import { controlService } from "./control-service.ts";
import { dashboardKey, files } from "#instance/files.ts";
import { doorHosts, networkOf } from "#instance/addresses.ts";
import { pkiNames } from "./pki-names.ts";
import type { World } from "./role.ts";

const NODE_PORTS = { first: 30_000, last: 32_767 };
const METRICS_EVERY_MS = 5_000;

export async function startControl(world: World, stack: AsyncDisposableStack): Promise<void> {
  const { instance, clock, log } = world;
  const tasks = new Tasks(log);
  const pki = await ensurePki(files.pki(instance), pkiNames(instance, kubernetesIp(networkOf(instance))), clock);
  const minute = new Minute();
  const ledger = tappedLedger(stack.use(SqliteLedger.open(files.usage(instance))), (usage) => minute.take(usage));
  const room = Reserve.open(files.reserve(instance));
  const deck = await openDeck(world, stack, room);
  const door = await openKubeDoor(world, stack, { deck, pki });
  stack.defer(() => tasks.ended());
  startControllers(world, { deck, tasks, pki });
  stack.use(
    new MetricsCollector({
      objects: deck.objects("metrics-collector"),
      nodes: door.nodes,
      ledger,
      clock,
      log,
      everyMs: METRICS_EVERY_MS,
    }),
  );
  await startFunctions(world, stack, { deck, ledger, minute, nodes: door.nodes, room });
}

async function openDeck(
  { instance, clock, random, log }: World,
  stack: AsyncDisposableStack,
  room: Room,
): Promise<Deck> {
  const journal = stack.use(SqliteJournal.open(files.journal(instance), { clock, room }));
  const ephemeral = stack.use(new MemoryJournal(clock));
  const { serviceCidr } = networkOf(instance);
  return stack.use(
    await Deck.open({
      journal,
      ephemeral,
      clock,
      random,
      log,
      kinds: builtinKinds,
      network: { serviceCidr, nodePorts: NODE_PORTS },
    }),
  );
}

async function openKubeDoor(
  world: World,
  stack: AsyncDisposableStack,
  { deck, pki }: { readonly deck: Deck; readonly pki: Pki },
): Promise<KubeDoor> {
  const { instance, clock, random, log } = world;
  const network = networkOf(instance);
  const door = stack.use(
    await listenKube({
      deck,
      pki,
      hosts: doorHosts(instance),
      port: instance.ports.kube,
      commit: await buildCommit(),
      clock,
      random,
      log,
    }),
  );
  await bootstrap(deck.objects("bootstrap"), {
    kubernetesIp: kubernetesIp(network),
    door: instance.canRunPods ? { host: fabricHostIp(network), port: door.port } : null,
  });
  return door;
}

function startControllers(
  { instance, clock, log, stop }: World,
  { deck, tasks, pki }: { readonly deck: Deck; readonly tasks: Tasks; readonly pki: Pki },
): void {
  const options = { clock, log, stop };
  const objectsFor = (name: string): Objects => deck.objects(name);
  const ofInstance = instanceControllers({ edge: { ip: "127.0.0.1", port: instance.ports.gateway }, ca: pki.ca });
  for (const controller of [...steadyControllers, ...ofInstance])
    tasks.run(controller.name, () => runController(controller, objectsFor(controller.name), options));
  const kinds = (): readonly Kind[] => deck.registry.all();
  tasks.run("every kind", () => runForEveryKind({ kinds, controllersFor: kindControllers, objectsFor }, options));
}

interface FunctionParts {
  readonly deck: Deck;
  readonly ledger: Ledger;
  readonly minute: Minute;
  readonly nodes: KubeDoor["nodes"];
  readonly room: Room;
}

async function startFunctions(world: World, stack: AsyncDisposableStack, parts: FunctionParts): Promise<void> {
  const { instance, clock, log } = world;
  const { deck, ledger, minute, nodes, room } = parts;
  const { functions, sandboxes, code, logs } = await openFunctions(world, stack, parts);
  const authorizeUrl = await startAws(world, stack, {
    deck,
    room,
    functions,
    code,
    logs,
    runtimes: () => sandboxes.runtimes(),
  });
  stack.use(await openDashboard(world, { deck, functions, minute, nodes, logs }));
  stack.use(
    await listenControl({
      control: controlService({ functions, ledger, logs, authorizeUrl }),
      socketPath: files.controlSocket(instance),
      clock,
      log,
    }),
  );
}

function openDashboard(
  { instance, clock, log }: World,
  parts: {
    readonly deck: Deck;
    readonly functions: Functions;
    readonly minute: Minute;
    readonly nodes: KubeDoor["nodes"];
    readonly logs: TappedLogs;
  },
): Promise<Dashboard> {
  const { deck, functions, minute, nodes, logs } = parts;
  return listenDashboard({
    instance: instance.name,
    objects: deck.objects("dashboard"),
    functions,
    minute,
    nodes,
    logs,
    port: instance.ports.dashboard,
    key: dashboardKey(instance),
    comparison: () => latestComparison(files.reports(instance)),
    style: STYLE,
    clock,
    log,
  });
}

/** The newest comparison as the inside of a page. */
async function latestComparison(folder: string): Promise<string | null> {
  const text = await readFile(join(folder, "latest.json"), "utf8").catch(() => null);
  return text === null ? null : comparisonBody(JSON.parse(text) as Comparison);
}

interface AwsParts extends Pick<FunctionParts, "deck" | "room"> {
  readonly functions: Functions;
  readonly code: CodeFolder;
  readonly logs: TappedLogs;
  readonly runtimes: () => readonly string[];
}

/** Resolves with the rules that hold for function URLs as well. */
async function startAws(world: World, stack: AsyncDisposableStack, parts: AwsParts): Promise<Control["authorizeUrl"]> {
  const { instance, clock, random, log } = world;
  const { deck, functions, code, logs, runtimes } = parts;
  const { region, accountId, ports, rootKey } = instance;
  const database = stack.use(SqliteDatabase.open(files.tables(instance), { room: parts.room }));
  const objects = deck.objects("catamaran-tables");
  const tables = stack.use(new Tables(objects, database, () => nextTurn()));
  stack.use(startKeeper(tableKeeper(objects, database), objects, { clock, log }));
  const place = { accountId, region, namespace: "default" };
  const services = [
    lambdaService({
      ...place,
      objects: deck.objects("aws-lambda"),
      functions,
      code,
      runtimes,
      gatewayUrl: `http://127.0.0.1:${ports.gateway}`,
    }),
    dynamodbService({ ...place, tables }),
    logsService({ ...place, logs }),
    stsService(accountId),
  ];
  const rights = deck.objects("aws-rights");
  const authorize = functionRights(place, async ({ namespace, name, uid }) => {
    const live = await rights.get(functionKind, keyOf(namespace, name));
    return live?.metadata.uid === uid ? live : null;
  });
  const findCaller = callers({ ...rootKey, accountId });
  const doors = { hosts: doorHosts(instance), port: ports.aws, region };
  stack.use(await listenAws({ services, findCaller, authorize, ...doors, clock, random, log }));
  return urlAccess({ findCaller, authorize, region, accountId, clock });
}

interface OpenedFunctions {
  readonly functions: Functions;
  readonly sandboxes: Awaited<ReturnType<typeof openSandboxes>>;
  readonly code: CodeFolder;
  readonly logs: TappedLogs;
}

async function openFunctions(
  { instance, clock, random, log }: World,
  stack: AsyncDisposableStack,
  { deck, ledger, room }: FunctionParts,
): Promise<OpenedFunctions> {
  const { region, accountId, ports, rootKey } = instance;
  const code = await CodeFolder.open(files.code(instance));
  const launcher = instance.canIsolate ? { launcherFolder: files.launcher(instance) } : {};
  const aws = { host: "127.0.0.1", port: ports.aws };
  const sandboxes = stack.use(await openSandboxes({ code, clock, log, region, aws, ...launcher }));
  log.info("functions run in sandboxes", { driver: sandboxes.driver, cores: availableParallelism() });
  const logs = new TappedLogs(stack.use(SqliteLogs.open(files.logs(instance))));
  const events = stack.use(SqliteEvents.open(files.events(instance), { room }));
  const objects = deck.objects("catamaran-functions");
  const functions = stack.use(
    await Functions.open({
      objects,
      sandboxes,
      code,
      ledger,
      clock,
      random,
      log,
      logs,
      events,
      region,
      accountId,
      cores: availableParallelism(),
      credentialsFor: ({ namespace, name, uid, role }) =>
        sessionCredentials(
          { ...rootKey, accountId },
          role === "" ? `arn:aws:iam::${accountId}:role/${name}` : role,
          { namespace, name, uid },
          // Lambda gives each environment keys of its own; a fraction tells those of one millisecond apart.
          clock.now() + random.number(),
        ),
    }),
  );
  return { functions, sandboxes, code, logs };
}
