/** The dashboard's server, inside the control process: loopback only, links that open it once, pages that are rendered here. */
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Objects } from "#deck/objects.ts";
import { limitConnections } from "#http/connections.ts";
import { listen, type Opened } from "#http/listen.ts";
import type { Functions } from "#functions/engine.ts";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import { podKind } from "#kinds/core/pod.ts";
import { defaultPriceBook } from "#metering/price-book.ts";
import { Entry } from "./entry.ts";
import { Feed } from "./feed.ts";
import { followLog, type LogSources, logTarget } from "./live-logs.ts";
import type { Minute } from "./minute.ts";
import { enterHtml, ICON, linkRefused, pageHtml, rowsHtml } from "./page.ts";
import { SeenObjects } from "./seen-objects.ts";
import { DASHBOARD_STYLE } from "./style.ts";
import type { TappedLogs } from "./taps.ts";
import { dashboardViews } from "./views/all.ts";
import { workloadRows } from "./views/deck.ts";
import type { Managed } from "./managed.ts";
import type { DashboardSeen } from "./views/view.ts";

export interface DashboardOptions {
  readonly instance: string;
  readonly objects: Pick<Objects, "view">;
  readonly functions: Pick<Functions, "stats">;
  /** Hears of all usage; see taps.ts. */
  readonly minute: Minute;
  readonly logs: TappedLogs;
  /** Where pods' logs are read. */
  readonly nodes: LogSources["nodes"];
  readonly port: number;
  /** Signs links and sessions; see entry.ts. */
  readonly key: string;
  readonly managed: Managed;
  /** The newest comparison as the inside of a page; null when there is none. */
  readonly comparison: () => Promise<string | null>;
  /** The style that the comparison's page has. */
  readonly style: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Dashboard extends AsyncDisposable {
  readonly port: number;
}

const HEADERS_DEADLINE_MS = 20_000;
// A person's browsers; each page holds one stream.
const CONNECTIONS = { total: 512, perPeer: 256 };
const EVERY_MS = 1_000;
// Everything that a browser keeps open costs memory here; who has so many pages open closes one.
const MAX_OPEN = 50;
const SCRIPTS: readonly string[] = ["/page.js", "/logs.js"];
const MAX_TOKEN_BYTES = 200;
// Scripts and styles come from here and nowhere else, and nothing that is written into a page runs.
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
} as const;

export async function listenDashboard(options: DashboardOptions): Promise<Dashboard> {
  const dashboard = new DashboardServer(options);
  await dashboard.open();
  return dashboard;
}

class DashboardServer implements Dashboard {
  readonly #options: DashboardOptions;
  readonly #server: Server;
  #opened: Opened | undefined;
  readonly #objects: SeenObjects;
  readonly #listeners = new Set<ServerResponse>();
  readonly #entry: Entry;
  /** Those that missed rows while they did not read. */
  readonly #behind = new WeakSet<ServerResponse>();
  #told = "";
  #open = 0;
  #timer: Disposable | undefined;

  constructor(options: DashboardOptions) {
    const { objects, key, clock } = options;
    this.#options = options;
    this.#entry = new Entry(key, clock.now());
    this.#objects = new SeenObjects(
      objects,
      dashboardViews.flatMap(({ needs }) => needs),
    );
    this.#server = createServer(
      { headersTimeout: HEADERS_DEADLINE_MS },
      (request, response) => void this.#answer(request, response),
    );
    limitConnections(this.#server, CONNECTIONS);
  }

  get port(): number {
    return this.#opened?.port ?? this.#options.port;
  }

  async open(): Promise<void> {
    const { port } = this.#options;
    this.#opened = await listen({ server: () => this.#server, hosts: ["127.0.0.1"], port });
  }

  /** Runs while somebody watches, and only then. */
  #tick(): void {
    if (this.#listeners.size === 0) return;
    this.#timer = this.#options.clock.after(EVERY_MS, () => {
      this.#tell();
      this.#tick();
    });
  }

  #tell(): void {
    const message = `data: ${JSON.stringify(rowsHtml(workloadRows(this.#seen())))}\n\n`;
    const isNews = message !== this.#told;
    this.#told = message;
    // A browser that does not read misses rows and gets the next; they must not pile up here.
    for (const listener of this.#listeners) {
      if (listener.writableNeedDrain) this.#behind.add(listener);
      else if (isNews || this.#behind.delete(listener)) listener.write(message);
    }
  }

  #seen(): DashboardSeen {
    const { clock, functions, minute, managed, comparison } = this.#options;
    const now = clock.now();
    const stats = new Map(functions.stats().map((figures) => [`${figures.namespace}/${figures.name}`, figures]));
    return {
      objects: this.#objects,
      running: (namespace, name) => stats.get(`${namespace}/${name}`) ?? { running: 0, idle: 0 },
      figures: (backend) => minute.figures(backend, now),
      managed,
      book: defaultPriceBook,
      comparison,
    };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (!this.#isOurHost(request)) return send(response, 403, "text/plain", "this host name is not served");
      const url = new URL(request.url ?? "/", "http://dashboard");
      if (request.method === "POST" && url.pathname === "/enter") return await this.#enter(request, response);
      if (request.method !== "GET") return send(response, 405, "text/plain", "only GET is answered here");
      if (url.pathname === "/style.css")
        return send(response, 200, "text/css", `${this.#options.style}${DASHBOARD_STYLE}`);
      if (url.pathname === "/icon.svg") return send(response, 200, "image/svg+xml", ICON);
      if (SCRIPTS.includes(url.pathname))
        return send(response, 200, "text/javascript", await readFile(join(import.meta.dirname, url.pathname), "utf8"));
      if (!this.#hasSession(request)) return send(response, 401, "text/html", enterHtml(this.#options.instance));
      await this.#page(url, response);
    } catch (thrown) {
      this.#options.log.warn("a dashboard page failed", { url: request.url, reason: reasonOf(thrown) });
      if (!response.headersSent)
        send(response, 500, "text/plain", "this page could not be made; the control log says why");
    }
  }

  // A name that resolves to loopback must not let a foreign page in (DNS rebinding).
  #isOurHost(request: IncomingMessage): boolean {
    const allowed = [`127.0.0.1:${this.port}`, `localhost:${this.port}`];
    const { origin } = request.headers;
    return (
      allowed.includes(request.headers.host ?? "") &&
      (origin === undefined || allowed.some((host) => origin === `http://${host}`))
    );
  }

  #cookieName(): string {
    return `ctm-${this.port}`;
  }

  #hasSession(request: IncomingMessage): boolean {
    const cookies = (request.headers.cookie ?? "").split(/;\s*/);
    const given = cookies.find((cookie) => cookie.startsWith(`${this.#cookieName()}=`))?.split("=")[1] ?? "";
    return this.#entry.admits(given, this.#options.clock.now());
  }

  async #enter(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let link = "";
    for await (const chunk of request) if ((link += String(chunk)).length > MAX_TOKEN_BYTES) break;
    const session = this.#entry.trade(link, this.#options.clock.now());
    if (session === null) return send(response, 401, "text/plain", linkRefused(this.#options.instance));
    response.setHeader("set-cookie", `${this.#cookieName()}=${session}; HttpOnly; SameSite=Strict; Path=/`);
    send(response, 204, "text/plain", "");
  }

  async #page(url: URL, response: ServerResponse): Promise<void> {
    if (url.pathname === "/events") return this.#watch(response);
    if (url.pathname === "/logs/lines") return this.#followLog(url.searchParams, response);
    const page = dashboardViews.find(({ path }) => path === url.pathname);
    if (page === undefined) return send(response, 404, "text/plain", "there is no such page");
    const body = await page.view(this.#seen(), url.searchParams);
    send(response, 200, "text/html", pageHtml({ page, pages: dashboardViews, instance: this.#options.instance }, body));
  }

  #watch(response: ServerResponse): void {
    if (!this.#stream(response)) return;
    response.write(`data: ${JSON.stringify(rowsHtml(workloadRows(this.#seen())))}\n\n`);
    this.#told = ""; // What it was told differs from what the others were.
    this.#listeners.add(response);
    if (this.#listeners.size === 1) this.#tick();
    response.on("close", () => {
      this.#listeners.delete(response);
      if (this.#listeners.size === 0) this.#timer?.[Symbol.dispose]();
    });
  }

  /** Begins a stream of events; false when there are too many. */
  #stream(response: ServerResponse): boolean {
    if (this.#open >= MAX_OPEN) {
      send(response, 503, "text/plain", `more than ${MAX_OPEN} pages are open`);
      return false;
    }
    this.#open++;
    response.on("close", () => this.#open--);
    response.writeHead(200, { ...HEADERS, "content-type": "text/event-stream" });
    response.flushHeaders();
    return true;
  }

  #followLog(query: URLSearchParams, response: ServerResponse): void {
    const target = logTarget(query);
    if (target === null) return send(response, 400, "text/plain", "whose log? For example: ?of=pod/default/web");
    if (!this.#stream(response)) return;
    const { clock, logs, nodes } = this.#options;
    const feed = new Feed(response, clock);
    const following = followLog(target, feed, {
      logs,
      nodes,
      clock,
      pods: this.#objects.of(podKind),
      deployments: this.#objects.of(deploymentKind),
      functions: this.#objects.of(functionKind),
    });
    response.on("close", () => {
      feed[Symbol.dispose]();
      following[Symbol.dispose]();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#objects[Symbol.dispose]();
    await this.#opened?.[Symbol.asyncDispose]();
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { ...HEADERS, "content-type": `${type}; charset=utf-8` });
  response.end(body);
}
