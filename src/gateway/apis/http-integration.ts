/** Integrations over HTTP: a Service of the cluster or any address; the answer is read whole, as API Gateway does. */
import { isIP } from "node:net";
import type { Clock } from "#base/clock.ts";
import { HeldBytes } from "#http/held-bytes.ts";
import { readBody } from "#http/read-body.ts";
import { type Exchange, rawHeaders } from "../exchange.ts";
import { rotation } from "../endpoints.ts";
import { toClient } from "../forward-headers.ts";
import type { EdgeAnswer } from "../http-answer.ts";
import type { ServiceTarget } from "../route.ts";
import { type Address, type ServiceBackend, withLength } from "../service-backend.ts";
import type { MappedRequest } from "./parameter-mapping.ts";

export interface HttpTarget {
  /** Null: the client's. */
  readonly method: string | null;
  /** With "{name}" for path parameters; null: the path of the request. */
  readonly url: string | null;
  readonly service?: ServiceTarget;
  readonly serverName?: string;
  readonly timeoutMs: number;
}

export interface HttpIntegrationsOptions {
  readonly backend: ServiceBackend;
  readonly addresses: (service: ServiceTarget) => readonly Address[];
  readonly clock: Clock;
}

const MAX_ANSWER_BYTES = 10 * 1024 * 1024; // API Gateway's payload quota.
const HELD = { totalBytes: 256 * 1024 * 1024, peerBytes: 256 * 1024 * 1024 };

export class HttpIntegrations {
  readonly #options: HttpIntegrationsOptions;
  readonly #held = new HeldBytes(HELD);
  #turn = 0;

  constructor(options: HttpIntegrationsOptions) {
    this.#options = options;
  }

  /** Rejects when nobody answers in time, or with more than may be. */
  async answer(
    target: HttpTarget,
    mapped: MappedRequest,
    { exchange, parameters }: { readonly exchange: Exchange; readonly parameters: ReadonlyMap<string, string> },
  ): Promise<EdgeAnswer> {
    const { backend, clock } = this.#options;
    const { request, response, body } = exchange;
    const url = target.url === null ? null : new URL(filled(target.url, parameters));
    const headers = withLength(new Map(mapped.headers), request, body);
    if (url !== null) headers.set("host", [url.host]);
    const sent = {
      method: target.method ?? request.method ?? "GET",
      path: pathOf(url, mapped),
      headers: rawHeaders(headers),
      body,
      timeoutMs: target.timeoutMs,
    };
    const upstream = await backend.ask(sent, this.#addresses(target, url));
    const limits = { maxBytes: MAX_ANSWER_BYTES, deadlineMs: target.timeoutMs, held: this.#held, clock };
    const answer = await readBody(upstream, { peer: "integrations" }, limits);
    response.once("close", () => answer[Symbol.dispose]());
    return { status: upstream.statusCode ?? 502, headers: toClient(upstream.headersDistinct), body: answer.bytes };
  }

  #addresses({ service, serverName }: HttpTarget, url: URL | null): () => Address | undefined {
    if (service !== undefined) return rotation(this.#options.addresses(service), this.#turn++);
    if (url === null) return () => undefined;
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const isSecure = url.protocol === "https:";
    const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
    // A name server says names alone in a handshake, never addresses (RFC 6066 section 3).
    const servername = serverName ?? (isIP(host) === 0 ? host : "");
    return rotation([{ host, port, ...(isSecure && { tls: { servername } }) }], 0);
  }
}

/** "{id}" and "{proxy+}" in an address stand for what the route's path has there. */
function filled(url: string, parameters: ReadonlyMap<string, string>): string {
  return url.replaceAll(/\{([^{}]+?)\+?\}/g, (_whole, name: string) =>
    (parameters.get(name) ?? "").split("/").map(encodeURIComponent).join("/"),
  );
}

/** The query of the address goes before that of the request. */
function pathOf(url: URL | null, { path, query }: MappedRequest): string {
  const queries = [url?.search.slice(1) ?? "", query].filter((one) => one !== "").join("&");
  return queries === "" ? (url?.pathname ?? path) : `${url?.pathname ?? path}?${queries}`;
}
