/** Attacks by many connections, slow ones and large answers, as values: what is opened, and what becomes of it. */
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { Agent } from "node:https";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { type Answer, ask, type Doors, signed } from "./attack-clients.ts";
import type { Attack } from "./attack-list.ts";

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
const JSON_TYPE = { "content-type": "application/json" };

const says = ({ status, text }: Answer): string => `${status} ${text.slice(0, 300)}`;

type Door = "kube" | "aws" | "gateway";

function opened(doors: Doors, door: Door): Socket {
  const url = new URL(door === "kube" ? doors.kube.server : door === "aws" ? doors.aws.endpoint : doors.gateway);
  const [host, port] = [url.hostname, Number(url.port)];
  if (door !== "kube") return connect(port, host);
  const { ca, cert, key } = doors.kube;
  return connectTls({ host, port, ca, cert, key, servername: "localhost", ALPNProtocols: ["http/1.1"] });
}

/** Connections that say a little and then next to nothing: how many the door has ended when `holdMs` are over, or all have ended. */
async function hold(doors: Doors, { door, first, count, holdMs }: Held): Promise<string> {
  let ended = 0;
  const sockets = Array.from({ length: count }, () => {
    const socket = opened(doors, door);
    socket.on("error", () => {});
    socket.on("close", () => ended++);
    socket.write(first);
    return socket.resume();
  });
  const startedMs = performance.now();
  while (ended < count && performance.now() - startedMs < holdMs) {
    await sleep(500);
    for (const socket of sockets) if (socket.writable) socket.write("a");
  }
  for (const socket of sockets) socket.destroy();
  return `${ended} of ${count} ended`;
}

interface Held {
  readonly door: Door;
  readonly first: string;
  readonly count: number;
  readonly holdMs: number;
}

const DOORS: readonly Door[] = ["kube", "aws", "gateway"];
const HEAD = "GET /a HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
const BODY =
  "POST /_functions/default/probe HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{";

const FIRST = { heads: HEAD, bodies: BODY } as const;

function slow(what: "heads" | "bodies", count: number, holdMs: number, want: RegExp): Attack {
  const held = { first: FIRST[what], count, holdMs };
  return {
    title: `${count} slow ${what} at each door for ${holdMs / 1_000} s`,
    want,
    run: async (doors) => {
      const ended = await Promise.all(DOORS.map(async (door) => `${door}: ${await hold(doors, { ...held, door })}`));
      return ended.join(", ");
    },
  };
}

function session(doors: Doors): ClientHttp2Session {
  const { server, ca, cert, key } = doors.kube;
  return connectHttp2(server, { ca, cert, key, servername: "localhost" }).on("error", () => {});
}

async function resetStreams(doors: Doors, count: number): Promise<string> {
  const client = session(doors);
  let made = 0;
  for (; made < count && !client.destroyed && !client.closed; made++) {
    const stream = client.request({ ":path": "/version" }).on("error", () => {});
    stream.close(constants.NGHTTP2_CANCEL);
    if (made % 500 === 0) await sleep(1);
  }
  client.destroy();
  return `${made} made`;
}

async function idleSessions(doors: Doors, count: number): Promise<string> {
  const clients = Array.from({ length: count }, () => session(doors));
  await Promise.all(
    clients.map((client) =>
      Promise.race([new Promise((resolve) => client.once("remoteSettings", resolve)), sleep(10_000)]),
    ),
  );
  const open = clients.filter((client) => !client.destroyed).length;
  for (const client of clients) client.destroy();
  return `${open} open`;
}

async function keptAlive(doors: Doors, count: number): Promise<string> {
  const client = { ...doors.kube, agent: new Agent({ keepAlive: true, maxSockets: 1 }) };
  const map = (value: string): string =>
    JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kept-alive" }, data: { value } });
  const sent = (method: string, path: string, body: string): Promise<Answer> =>
    ask(doors.kube.server, { method, path, headers: JSON_TYPE, body }, client);
  await sent("POST", CONFIG_MAPS, map(""));
  const path = `${CONFIG_MAPS}/kept-alive`;
  let lost = 0;
  for (let at = 0; at < count; at++)
    if ((await sent("PUT", path, map(String(at % 10).repeat(200_000)))).status !== 200) lost++;
  await ask(doors.kube.server, { method: "DELETE", path }, client);
  client.agent.destroy();
  return `${lost} lost`;
}

/** Watches whose client never reads, while objects of 200 KB change. */
async function unread(
  doors: Doors,
  { watches, changes }: { readonly watches: number; readonly changes: number },
): Promise<string> {
  const clients = Array.from({ length: watches }, () => session(doors));
  let cut = 0;
  for (const client of clients) {
    const stream = client.request({ ":path": `${CONFIG_MAPS}?watch=1` }).on("error", () => {});
    client.on("close", () => cut++);
    stream.pause();
  }
  await sleep(500);
  const body = JSON.stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { generateName: "unread-" },
    data: { a: "x".repeat(200_000) },
  });
  let failed = 0;
  for (let at = 0; at < changes; at++) {
    const { status } = await ask(
      doors.kube.server,
      { method: "POST", path: CONFIG_MAPS, headers: JSON_TYPE, body },
      doors.kube,
    );
    if (status !== 201) failed++;
  }
  for (const client of clients) client.destroy();
  await ask(doors.kube.server, { method: "DELETE", path: CONFIG_MAPS }, doors.kube);
  return `${failed} failed`;
}

/** Every page of a flooded group by a pattern that nothing matches. */
async function filterLogs({ aws }: Doors): Promise<string> {
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": "Logs_20140328.FilterLogEvents" };
  let [pages, nextToken]: [number, string | undefined] = [0, undefined];
  do {
    const body = JSON.stringify({ logGroupName: "/aws/lambda/hostile", filterPattern: "nowhere", nextToken });
    const answer = await signed(aws, "logs", { method: "POST", path: "/", headers, body });
    if (answer.status !== 200) return says(answer);
    nextToken = (JSON.parse(answer.text) as { readonly nextToken?: string }).nextToken;
    pages++;
  } while (nextToken !== undefined && pages < 1_000);
  return `200 in ${pages} pages`;
}

function dynamo(title: string, want: RegExp, body: () => string): Attack {
  const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.PutItem" };
  return {
    title,
    want,
    run: async ({ aws }) => says(await signed(aws, "dynamodb", { method: "POST", path: "/", headers, body: body() })),
  };
}

const members = (count: number, name: (at: number) => string): string =>
  Array.from({ length: count }, (_unused, at) => `"${name(at)}":{"S":"a"}`).join(",");

const bodies: readonly Attack[] = [
  {
    title: "a signed array of 60 MB",
    want: /^4\d\d /,
    run: async ({ aws }) => {
      const body = `{"FunctionName":[${"1,".repeat(30_000_000)}1]}`;
      return says(
        await signed(aws, "lambda", { method: "POST", path: "/2015-03-31/functions", headers: JSON_TYPE, body }),
      );
    },
  },
  dynamo(
    "an item of 200,000 members",
    /^400 /,
    () => `{"TableName":"t","Item":{${members(200_000, (at) => `k${at}`)}}}`,
  ),
  dynamo(
    "30 members with names of 64 KB",
    /^400 /,
    () => `{"TableName":"t","Item":{${members(30, (at) => `${at}${"k".repeat(65_000)}`)}}}`,
  ),
  dynamo("100,000 names that nothing uses", /^400 /, () => {
    const names = Array.from({ length: 100_000 }, (_unused, at) => `"#n${at}":"a"`).join(",");
    return `{"TableName":"t","Item":{},"ConditionExpression":"a=b","ExpressionAttributeNames":{${names}}}`;
  }),
];

/** Those that are over at once. */
export const floodAttacks: readonly Attack[] = [
  ...bodies,
  slow("heads", 50, 1_000, /^kube: 0 of 50 .* aws: 0 of 50 .* gateway: 0 of 50 /),
  // Nobody who does not sign is listened to for long at the AWS door.
  slow("bodies", 50, 1_000, / aws: 50 of 50 /),
  { title: "100 HTTP/2 sessions", want: /^100 open/, run: (doors) => idleSessions(doors, 100) },
  { title: "5,000 streams that are reset at once", want: /made$/, run: (doors) => resetStreams(doors, 5_000) },
  { title: "60 objects of 200 KB by one connection", want: /^0 lost/, run: (doors) => keptAlive(doors, 60) },
  { title: "the log of the function is searched", want: /^200 /, run: filterLogs },
];

/** Those that take longer, or much memory of the attacker's own. */
export const lastingFloodAttacks: readonly Attack[] = [
  slow("heads", 20, 100_000, /^(?:\w+: 20 of 20 ended(?:, |$)){3}/),
  slow("bodies", 20, 100_000, /^(?:\w+: 20 of 20 ended(?:, |$)){3}/),
  { title: "300 HTTP/2 sessions", want: /^300 open/, run: (doors) => idleSessions(doors, 300) },
  { title: "50,000 streams that are reset at once", want: /made$/, run: (doors) => resetStreams(doors, 50_000) },
  { title: "600 objects of 200 KB by one connection", want: /^0 lost/, run: (doors) => keptAlive(doors, 600) },
  {
    title: "40 watches that never read 30 MB of changes",
    want: /^0 failed/,
    run: (doors) => unread(doors, { watches: 40, changes: 150 }),
  },
  { title: "the flooded log is searched", want: /^200 /, run: filterLogs },
];
