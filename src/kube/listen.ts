/** The Kubernetes door: HTTPS with HTTP/2 and HTTP/1.1 on one port; who asks, may he, which verb, answer. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from "node:http2";
import type { Duplex } from "node:stream";
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { Deck } from "#deck/deck.ts";
import { limitConnections } from "#http/connections.ts";
import { listen, type Opened } from "#http/listen.ts";
import { HeldBytes } from "#http/held-bytes.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { podKind } from "#kinds/core/pod.ts";
import { askedKinds } from "#kinds/registry.ts";
import { secretKind } from "#kinds/core/secret.ts";
import { serviceAccountKind } from "#kinds/core/service-account.ts";
import { type ApiPath, type Named, parseApiPath } from "./api-path.ts";
import { selectedName } from "./asked.ts";
import { Audit, type AuditParts, type AuditTrail } from "./audit.ts";
import { anonymous, authenticate, type Identity, type TokenClaims, tokenIdentity, Tokens } from "./authenticate.ts";
import { type Attributes, Authorizer } from "./authorize.ts";
import { type Chosen, chooseVerb, requestedVerb } from "./choose-verb.ts";
import { Discovery } from "./discovery.ts";
import { type Door, sendJson } from "./door.ts";
import { type Exchange, http1Exchange, http2Exchange, type Intake, upgradeExchange } from "./exchange.ts";
import { impersonated } from "./impersonate.ts";
import { NodeEndpoint } from "./node-endpoint.ts";
import type { Pki } from "./pki.ts";
import { protobufBodies } from "./protobuf-bodies.ts";
import { RequestCounts } from "./request-counts.ts";
import { byNode, restrictNode } from "./restrict-node.ts";
import { statusOf } from "./status.ts";
import { StreamRoom } from "./stream-room.ts";
import { WatchRoom } from "./watch-room.ts";

export interface KubeOptions {
  readonly deck: Deck;
  readonly pki: Pki;
  /** Addresses to listen on, all with the same port. */
  readonly hosts: readonly string[];
  /** 0 picks a free one on the first host. */
  readonly port: number;
  /** What /version says this was built from; all zeros where nobody knows. */
  readonly commit?: string;
  readonly patience?: Patience;
  /** Absent: nothing is written down of requests. */
  readonly audit?: Pick<AuditParts, "policy" | "keep">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** How long a client may leave a connection unused before it is closed. */
export interface Patience {
  readonly handshakeMs: number;
  /** From the first byte of a request until its head is whole. */
  readonly headMs: number;
  readonly idleMs: number;
  /** How often the heads are looked at. */
  readonly checkMs: number;
}

export interface KubeDoor extends AsyncDisposable {
  readonly port: number;
  readonly nodes: NodeEndpoint;
  readonly issuer: TokenIssuer;
}

/** The issuer of the tokens of service accounts, for who believes them elsewhere. */
export interface TokenIssuer {
  readonly url: string;
  /** Null for a token that is not ours, or whose account or pod is gone. Whether it has expired, and for whom it was made, its claims say. */
  readonly claimsOf: (token: string) => (TokenClaims & { readonly iss: string; readonly exp: number }) | null;
}

/** Opens the door on every host; resolves when all of them accept. */
export async function listenKube(options: KubeOptions): Promise<KubeDoor> {
  const listener = new Listener(options);
  await listener.open();
  return listener;
}

// As client-go expects: many watches over one connection.
const MAX_STREAMS = 1_000;
const WINDOW_BYTES = 1024 * 1024;
// Node's 10 MB would refuse new requests of a client that watches much and reads a long list.
const SESSION_MEGABYTES = 128;
// Go's DefaultMaxHeaderBytes, which kube-apiserver leaves as it is: a long command of kubectl exec is all in the request line.
// It upgrades, so it comes by HTTP/1.1; heads over HTTP/2, of which many may be open, stay within Node's 64 KiB.
const MAX_HEAD_BYTES = 1024 * 1024;
// All clients of one machine share its address.
const CONNECTIONS = { total: 4_000, perPeer: 2_000 };
// Bodies of three MiB: thirty of one user, sixty of all, in hand at once.
const HELD = { totalBytes: 192 * 1024 * 1024, peerBytes: 96 * 1024 * 1024 };
// As kube-apiserver: ReadHeaderTimeout, and IdleTimeout of a connection on which nothing is asked.
const PATIENCE: Patience = { handshakeMs: 10_000, headMs: 32_000, idleMs: 90_000, checkMs: 5_000 };
// What is being answered when the door closes may still end in this time.
const GRACE_MS = 500;

// A client may send any word as its method; each would be a series of its own.
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

const STREAM_PATH = /^[^?]+\/(?:(?:exec|attach|portforward|log)(?:\?|$)|proxy(?:[/?]|$))/;

/**
 * Whoever listens for data takes Node's HTTP/1.1 parser off the socket's handle (_http_server.js, unconsume). On the handle it is
 * fed the next TLS record even while it is paused, because the client has not taken the last answer yet, and the connection
 * ends with "Parse Error: Paused"; off it, what comes then waits in the stream.
 */
function parsedAsRead(): void {}

/** A session on which nothing is open and nothing came for a while is ended; a watch may be silent for as long as it likes. */
function closeIdle(session: ServerHttp2Session, idleMs: number): void {
  let open = 0;
  session.on("stream", (stream) => {
    open++;
    stream.once("close", () => open--);
  });
  session.setTimeout(idleMs, () => {
    if (open === 0) session.close();
  });
}

function retryHeader(thrown: unknown): Readonly<Record<string, string>> {
  const seconds = thrown instanceof Fault ? thrown.details.retryAfterSeconds : undefined;
  return seconds === undefined ? {} : { "retry-after": String(seconds) };
}

const SELECTING: readonly string[] = ["list", "watch", "deletecollection"];

interface Asking {
  readonly identity: Identity;
  readonly path: NonNullable<ReturnType<typeof parseApiPath>>;
  readonly counted: Counted;
}

/** What becomes of a request beside its answer. */
interface Turn {
  audited: AuditTrail | null;
}

interface Understood {
  readonly own: Identity;
  readonly path: ReturnType<typeof parseApiPath>;
  readonly turn: Turn;
}

/** What a request turned out to be, for the counters. */
interface Counted {
  verb: string;
  resource: string;
  group: string;
}

class Listener implements KubeDoor {
  readonly #options: KubeOptions;
  readonly #door: Door;
  readonly #discovery: Discovery;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #counts = new RequestCounts();
  readonly #intake: Intake;
  readonly #audit: Audit | null;
  readonly #stack = new AsyncDisposableStack();
  #opened: Opened | undefined;

  constructor(options: KubeOptions) {
    const { deck, pki, clock, random, log } = options;
    this.#options = options;
    this.#intake = { clock, held: new HeldBytes(HELD) };
    const objects = deck.objects("kube-apiserver");
    const client = pki.clients["kube-apiserver"] ?? pki.server;
    const accounts = this.#stack.use(objects.view(serviceAccountKind));
    const pods = this.#stack.use(objects.view(podKind, { indexes: byNode }));
    const nodes = this.#stack.use(new NodeEndpoint(this.#stack.use(objects.view(nodeKind)), pki.ca, client));
    const authorizer = this.#stack.use(new Authorizer(objects));
    this.#door = {
      deck,
      authorizer,
      tokens: new Tokens(pki.tokenKey),
      living: { accounts, pods, secretUid: (key) => deck.read(secretKind, key)?.object.metadata.uid },
      nodes,
      decodeProtobuf: protobufBodies(deck.registry),
      clock,
      random,
      log,
      watchRoom: new WatchRoom(),
      watches: new Set(),
      streamRoom: new StreamRoom(),
    };
    const { decodeProtobuf } = this.#door;
    this.#audit = options.audit === undefined ? null : new Audit({ ...options.audit, decodeProtobuf, clock, random });
    this.#discovery = new Discovery(() => [...deck.registry.all(), ...askedKinds], options.commit);
    this.#stack.use(deck.registry.onChange(() => this.#discovery.renew()));
  }

  get port(): number {
    return this.#opened?.port ?? this.#options.port;
  }

  get nodes(): NodeEndpoint {
    return this.#door.nodes;
  }

  get issuer(): TokenIssuer {
    const { tokens, living } = this.#door;
    return {
      url: tokens.issuer,
      claimsOf: (token) => {
        const claims = tokens.proven(token);
        // Who believes a token elsewhere must know when it ends.
        if (claims?.exp === undefined || tokenIdentity(claims, living) === null) return null;
        return { ...claims, exp: claims.exp, iss: tokens.issuer };
      },
    };
  }

  async open(): Promise<void> {
    const { hosts, port, clock } = this.#options;
    const grace = { ms: GRACE_MS, clock };
    this.#opened = await listen({ server: () => this.#server(), hosts, port, grace });
  }

  #server(): Http2SecureServer {
    const { pki, log, patience = PATIENCE } = this.#options;
    const settings = { maxConcurrentStreams: MAX_STREAMS, initialWindowSize: WINDOW_BYTES };
    const server = createSecureServer({
      allowHTTP1: true,
      key: pki.server.key,
      cert: pki.server.cert,
      ca: pki.ca,
      requestCert: true,
      rejectUnauthorized: false,
      maxSessionMemory: SESSION_MEGABYTES,
      handshakeTimeout: patience.handshakeMs,
      settings,
    });
    limitConnections(server, CONNECTIONS);
    server.on("session", (session) => {
      this.#sessions.add(session);
      closeIdle(session, patience.idleMs);
      session.once("close", () => this.#sessions.delete(session));
      session.setLocalWindowSize(WINDOW_BYTES * 4);
      session.on("error", (error) => log.debug("an HTTP/2 session failed", { reason: error.message }));
    });
    server.on("stream", (stream, headers) => void this.#answer(http2Exchange(stream, headers, this.#intake)));
    // Adding a "request" listener would route HTTP/2 through the compatibility layer as well; only HTTP/1.1 is to come this way.
    server.removeAllListeners("newListener");
    server.on(
      "request",
      (request, response) =>
        void this.#answer(
          http1Exchange(request as unknown as IncomingMessage, response as unknown as ServerResponse, this.#intake),
        ),
    );
    // HTTP/2 servers take these as members, not as options. Where nothing can be switched to, the wish is ignored (RFC 9110, 7.8).
    Object.assign(server, {
      maxHeaderSize: MAX_HEAD_BYTES,
      headersTimeout: patience.headMs,
      keepAliveTimeout: patience.idleMs,
      connectionsCheckingInterval: patience.checkMs,
      shouldUpgradeCallback: ({ url = "" }: IncomingMessage) => STREAM_PATH.test(url),
    });
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      void this.#answer(upgradeExchange(request, socket, this.#intake));
    });
    server.on("secureConnection", (socket) => void socket.on("data", parsedAsRead));
    server.on("sessionError", (error) => log.debug("an HTTP/2 session failed", { reason: error.message }));
    server.on("tlsClientError", (error) => log.debug("a TLS handshake failed", { reason: error.message }));
    return server;
  }

  async #answer(exchange: Exchange): Promise<void> {
    const turn: Turn = { audited: null };
    await this.#answerOnce(exchange, turn);
    turn.audited?.end();
  }

  async #answerOnce(exchange: Exchange, turn: Turn): Promise<void> {
    const counted = { verb: METHODS.has(exchange.method) ? exchange.method : "other", resource: "", group: "" };
    const startedMs = this.#options.clock.monotonicMs();
    try {
      await this.#route(exchange, counted, turn);
    } catch (thrown) {
      const { code, body } = statusOf(thrown);
      if (code === 500)
        this.#options.log.error("a Kubernetes request failed", {
          method: exchange.method,
          path: exchange.path,
          reason: reasonOf(thrown),
          ...(thrown instanceof Error && { stack: thrown.stack }),
        });
      if (exchange.status === 0) sendJson(turn.audited?.exchange ?? exchange, code, body, retryHeader(thrown));
      else exchange.abort();
    }
    const ms = counted.verb === "watch" || exchange.status === 101 ? 0 : this.#options.clock.monotonicMs() - startedMs;
    this.#counts.add({ ...counted, code: exchange.status, ms });
  }

  async #route(plain: Exchange, counted: Counted, turn: Turn): Promise<void> {
    const own = authenticate(plain, this.#door.tokens, this.#door.living, this.#options.clock.now());
    const path = parseApiPath(plain.path, (group, version, plural) => this.#kind(group, version, plural));
    const exchange = this.#audited(plain, { own, path, turn });
    const identity = impersonated(plain, own, this.#door.authorizer);
    if (identity !== own) turn.audited?.actAs(identity);
    exchange.chargeTo(identity.name);
    if (this.#health(exchange)) return;
    if (path !== null) return this.#object(exchange, { identity, path, counted });
    this.#allow(identity, { is: "path", verb: exchange.method.toLowerCase(), path: exchange.path });
    const isRead = exchange.method === "GET" || exchange.method === "HEAD";
    if (isRead && (this.#wellKnown(exchange) || this.#discovery.answer(exchange))) return;
    throw new Fault("NotFound", "the server could not find the requested resource");
  }

  #kind(group: string, version: string, plural: string): ReturnType<Deck["registry"]["kind"]> {
    return (
      this.#door.deck.registry.kind(group, version, plural) ??
      askedKinds.find((kind) => kind.group === group && kind.version === version && kind.plural === plural)
    );
  }

  /** The request with what the audit log wants to know of it. Who acts as somebody else is judged by his own name. */
  #audited(exchange: Exchange, { own, path, turn }: Understood): Exchange {
    if (this.#audit === null) return exchange;
    const verb = path === null ? exchange.method.toLowerCase() : requestedVerb(exchange, path.name);
    const version = path?.kind?.version;
    const named = path === null ? null : { ...path, ...(version !== undefined && { version }) };
    turn.audited = this.#audit.begin({ exchange, identity: own, verb, path: named });
    return turn.audited?.exchange ?? exchange;
  }

  #allow(identity: Identity, attributes: Attributes): void {
    if (this.#door.authorizer.isAllowed(identity, attributes)) return;
    if (identity === anonymous) throw new Fault("Unauthorized", "Unauthorized");
    this.#door.authorizer.check(identity, attributes);
  }

  #health(exchange: Exchange): boolean {
    if (!["/healthz", "/livez", "/readyz"].includes(exchange.path)) return false;
    const text = exchange.query.has("verbose")
      ? `[+]ping ok\n[+]journal ok\n${exchange.path.slice(1)} check passed\n`
      : "ok";
    exchange.send(200, { "content-type": "text/plain; charset=utf-8" }, text);
    return true;
  }

  #wellKnown(exchange: Exchange): boolean {
    const { tokens } = this.#door;
    if (exchange.path === "/openid/v1/jwks") sendJson(exchange, 200, tokens.jwks());
    else if (exchange.path === "/.well-known/openid-configuration") {
      sendJson(exchange, 200, {
        issuer: tokens.issuer,
        jwks_uri: `${tokens.issuer}/openid/v1/jwks`,
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["ES256"],
      });
    } else if (exchange.path === "/metrics") {
      exchange.send(
        200,
        { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
        this.#counts.text({ watches: this.#door.watches.size, streams: this.#door.streamRoom.size }),
      );
    } else return false;
    return true;
  }

  async #object(exchange: Exchange, { identity, path, counted }: Asking): Promise<void> {
    const chosen = this.#choose(exchange, identity, path);
    const { kind } = chosen.path;
    Object.assign(counted, { resource: kind.plural, group: kind.group });
    const { verb, run, counted: word = verb } = chosen;
    counted.verb = word;
    this.#allowOn(identity, chosen.path, { verb, query: exchange.query });
    restrictNode(identity, { path: chosen.path, verb, query: exchange.query }, this.#door.living.pods);
    await run(this.#door, { exchange, identity, path: chosen.path });
  }

  /** Only who may ask is told that there is no such kind, subresource or method. */
  #choose(exchange: Exchange, identity: Identity, path: Asking["path"]): Chosen & { readonly path: ApiPath } {
    try {
      if (path.kind === undefined) throw new Fault("NotFound", "the server could not find the requested resource");
      return { ...chooseVerb(exchange, path), path };
    } catch (thrown) {
      this.#allowOn(identity, path, { verb: requestedVerb(exchange, path.name), query: exchange.query });
      throw thrown;
    }
  }

  #allowOn(
    identity: Identity,
    { group, plural, namespace, name, subresource }: Named,
    { verb, query }: { readonly verb: string; readonly query: URLSearchParams },
  ): void {
    const isSelecting = name === "" && SELECTING.includes(verb);
    this.#allow(identity, {
      is: "resource",
      verb,
      group,
      resource: plural,
      namespace,
      // As upstream's RequestInfo: who selects one name asks for that one, and may if its role says so.
      name: isSelecting ? (selectedName(query) ?? "") : name,
      ...(subresource !== undefined && { subresource }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#opened?.[Symbol.asyncDispose]();
    // Watches never end by themselves: whoever is connected comes back to the next server.
    for (const cut of this.#door.watches) cut();
    this.#door.streamRoom.cutAll();
    for (const session of this.#sessions) session.close();
    using _late = this.#options.clock.after(GRACE_MS, () => {
      for (const session of this.#sessions) session.destroy();
    });
    await closed;
    await this.#stack.disposeAsync();
  }
}
