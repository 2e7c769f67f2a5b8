/** The dashboard's server over HTTP: who is let in, what every answer carries, and that nothing runs while nobody looks. */
import assert from "node:assert/strict";
import { type IncomingHttpHeaders, request as httpRequest } from "node:http";
import test from "node:test";
import { silent } from "#base/log.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import type { View } from "#deck/objects.ts";
import { MemoryLogs } from "#functions/logs.ts";
import type { KubeObject } from "#kinds/object.ts";
import { LINK_MS, linkToken, SESSION_MS } from "./entry.ts";
import { type Dashboard, listenDashboard } from "./listen.ts";
import { Minute } from "./minute.ts";
import { TappedLogs } from "./taps.ts";

const key = "key of the instance";
const START = 1_000_000;

class CountingClock extends FakeClock {
  alarms = 0;
  override after(ms: number, work: () => void): Disposable {
    this.alarms++;
    return super.after(ms, work);
  }
}

interface Stage extends AsyncDisposable {
  readonly clock: CountingClock;
  readonly dashboard: Dashboard;
}

async function open(): Promise<Stage> {
  const clock = new CountingClock(START);
  const empty = { list: () => [], get: () => undefined, [Symbol.dispose]: () => {} };
  const dashboard = await listenDashboard({
    instance: "mine",
    objects: { view: <T extends KubeObject>() => empty as unknown as View<T> },
    functions: { stats: () => [] },
    minute: new Minute(),
    logs: new TappedLogs(new MemoryLogs()),
    nodes: { get: () => Promise.reject(new Error("there are no nodes")) },
    port: 0,
    key,
    managed: {
      queues: { messagesOf: () => assert.fail("there is no queue"), sourcesOf: () => [] },
      tables: { count: () => assert.fail("there is no table") },
      buckets: { contentsOf: () => assert.fail("there is no bucket") },
    },
    comparison: async () => null,
    style: "",
    clock,
    log: silent,
  });
  return { clock, dashboard, [Symbol.asyncDispose]: () => dashboard[Symbol.asyncDispose]() };
}

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function ask(port: number, { method = "GET", path = "/", headers = {}, body = "" }: Asked): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, method, path, headers: { host: `127.0.0.1:${port}`, ...headers } };
    const request = httpRequest(options, (response) => {
      let text = "";
      const answered = (): void => resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        // A stream of events has no end of its own.
        if (response.headers["content-type"] === "text/event-stream") answered();
      });
      response.on("end", answered);
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function enter(port: number, token: string): Promise<string> {
  const { headers } = await ask(port, { method: "POST", path: "/enter", body: token });
  return headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
}

const doors: readonly { title: string; asked: Asked; withSession?: boolean; status: number; says?: RegExp }[] = [
  { title: "a page without a session", asked: {}, status: 401, says: /npx catamaran dashboard --name mine/ },
  { title: "a log without a session", asked: { path: "/logs/lines?of=pod/default/web" }, status: 401 },
  { title: "the live rows without a session", asked: { path: "/events" }, status: 401 },
  { title: "another's cookie", asked: { headers: { cookie: "ctm=1; session=abc" } }, status: 401 },
  { title: "a wrong token", asked: { method: "POST", path: "/enter", body: "guess" }, status: 401, says: /A new one/ },
  { title: "no token", asked: { method: "POST", path: "/enter" }, status: 401 },
  { title: "a huge token", asked: { method: "POST", path: "/enter", body: "x".repeat(100_000) }, status: 401 },
  { title: "a name that resolves to loopback", asked: { headers: { host: "evil.test" } }, status: 403 },
  { title: "that name with our port", asked: { headers: { host: "evil.test:8090" } }, withSession: true, status: 403 },
  { title: "another port's name", asked: { headers: { host: "127.0.0.1" } }, withSession: true, status: 403 },
  { title: "a foreign page", asked: { headers: { origin: "http://evil.test" } }, withSession: true, status: 403 },
  { title: "a page without origin", asked: { headers: { origin: "null" } }, withSession: true, status: 403 },
  { title: "PUT", asked: { method: "PUT" }, withSession: true, status: 405 },
  { title: "a page with a session", asked: {}, withSession: true, status: 200, says: /Nothing runs yet/ },
  { title: "the log page", asked: { path: "/logs" }, withSession: true, status: 200, says: /Nothing runs yet/ },
  { title: "no comparison yet", asked: { path: "/compare" }, withSession: true, status: 200, says: /catamaran demo/ },
  { title: "whose log is not said", asked: { path: "/logs/lines" }, withSession: true, status: 400 },
  { title: "no such page", asked: { path: "/nope" }, withSession: true, status: 404 },
  { title: "a path out of the folder", asked: { path: "/../listen.ts" }, withSession: true, status: 404 },
];

test("who is let in, and what every answer carries", async (t) => {
  await using stage = await open();
  const { port } = stage.dashboard;
  const cookie = await enter(port, linkToken(key, START));
  for (const { title, asked, withSession = false, status, says = /^/ } of doors)
    await t.test(`${title}: ${status}`, async () => {
      const headers = { ...(withSession && { cookie }), ...asked.headers };
      const answered = await ask(port, { ...asked, headers });
      assert.equal(answered.status, status, answered.text);
      assert.match(answered.text, says);
      const policy = String(answered.headers["content-security-policy"]);
      assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';.*frame-ancestors 'none'/);
      assert.doesNotMatch(policy, /unsafe/);
      assert.equal(answered.headers["x-content-type-options"], "nosniff");
      assert.equal(answered.headers["referrer-policy"], "no-referrer");
      assert.equal(answered.headers["cache-control"], "no-store");
      assert.doesNotMatch(answered.text, /<script(?! src="\/(page|logs)\.js")| style="| on\w+="/);
    });
});

test("a link is traded for a cookie that scripts and other sites cannot use, once, and not when it is old", async () => {
  await using stage = await open();
  const { port } = stage.dashboard;
  const [link, old] = [linkToken(key, START), linkToken(key, START)];
  const { status, headers } = await ask(port, { method: "POST", path: "/enter", body: link });
  assert.equal(status, 204);
  assert.match(headers["set-cookie"]?.[0] ?? "", /^ctm-\d+=[\w.-]{60,}; HttpOnly; SameSite=Strict; Path=\/$/);
  assert.equal(await enter(port, link), "");
  stage.clock.advance(LINK_MS);
  assert.equal(await enter(port, old), "");
  const cookie = headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  assert.equal((await ask(port, { headers: { cookie } })).status, 200);
  stage.clock.advance(SESSION_MS);
  assert.equal((await ask(port, { headers: { cookie } })).status, 401);
});

test("nothing runs while nobody looks; with a page open, once a second", async () => {
  await using stage = await open();
  const { clock, dashboard } = stage;
  clock.advance(60_000);
  assert.equal(clock.alarms, 0);
  const cookie = await enter(dashboard.port, linkToken(key, clock.now()));
  assert.match((await ask(dashboard.port, { path: "/events", headers: { cookie } })).text, /^data: "/);
  assert.equal(clock.alarms, 1);
  clock.advance(10_000);
  assert.equal(clock.alarms, 11);
});
