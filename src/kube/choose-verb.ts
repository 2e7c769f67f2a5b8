/** Which verb a request means, and which function answers it. */
import { member } from "#base/dictionary.ts";
import { Fault } from "#base/fault.ts";
import { bindingKind } from "#kinds/rbac/reviews.ts";
import { askedKinds } from "#kinds/registry.ts";
import { subresourceOf } from "#kinds/subresources.ts";
import type { ApiPath } from "./api-path.ts";
import { isTrue } from "./asked.ts";
import type { Verb } from "./door.ts";
import { evictPod } from "./eviction.ts";
import type { Exchange } from "./exchange.ts";
import { proxyObject } from "./proxy.ts";
import { getObject, listObjects } from "./read-verbs.ts";
import { answerReview } from "./reviews.ts";
import { bindPod, podLog, requestToken } from "./subresources.ts";
import { streamPod } from "./streams.ts";
import { watchObjects } from "./watch-verb.ts";
import { createObject, deleteCollection, deleteObject, patchObject, updateObject } from "./write-verbs.ts";

export interface Chosen {
  readonly verb: string;
  /** How the counters call it, where that is another word. */
  readonly counted?: string;
  readonly run: Verb;
}

/** What is asked about when there is no such kind, subresource or method: upstream's RequestInfo, which knows nothing of kinds. */
export function requestedVerb({ method, query }: Exchange, name: string): string {
  const isCollection = name === "";
  switch (method) {
    case "GET":
    case "HEAD":
      if (isTrue(query, "watch")) return "watch";
      return isCollection ? "list" : "get";
    case "DELETE":
      return isCollection ? "deletecollection" : "delete";
    default:
      return member(VERBS, method) ?? "";
  }
}

const VERBS: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch" };

export function chooseVerb(exchange: Exchange, path: ApiPath): Chosen {
  const { kind, name, subresource } = path;
  if (askedKinds.includes(kind)) {
    if (exchange.method === "POST" && name === "")
      return { verb: "create", run: kind === bindingKind ? bindPod : answerReview };
    throw notAllowed();
  }
  const chosen = subresource === undefined ? objectVerb(exchange, path) : subresourceVerb(exchange, path);
  const isServed =
    kind.verbs === undefined || subresource !== undefined || (kind.verbs as readonly string[]).includes(chosen.verb);
  if (!isServed) throw notAllowed();
  return chosen;
}

function objectVerb(exchange: Exchange, { name }: ApiPath): Chosen {
  const isCollection = name === "";
  switch (exchange.method) {
    case "GET":
    case "HEAD":
      if (isTrue(exchange.query, "watch")) return { verb: "watch", run: watchObjects };
      return isCollection ? { verb: "list", run: listObjects } : { verb: "get", run: getObject };
    case "POST":
      if (isCollection) return { verb: "create", run: createObject };
      break;
    case "PUT":
      if (!isCollection) return { verb: "update", run: updateObject };
      break;
    case "PATCH":
      if (!isCollection) return { verb: "patch", run: patchObject };
      break;
    case "DELETE":
      return isCollection ? { verb: "deletecollection", run: deleteCollection } : { verb: "delete", run: deleteObject };
    default:
  }
  throw notAllowed();
}

const POSTS: Readonly<Record<string, Verb>> = {
  eviction: evictPod,
  binding: bindPod,
  token: requestToken,
};

// What RBAC must allow of a proxied request (apiserver RequestInfo); other methods have no verb.
const PROXY_VERBS: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
  OPTIONS: "",
};

const STREAMS: readonly string[] = ["exec", "attach", "portforward"];

function subresourceVerb(exchange: Exchange, { kind, subresource = "status" }: ApiPath): Chosen {
  if (subresourceOf(kind, subresource) === undefined)
    throw new Fault("NotFound", "the server could not find the requested resource");
  // As upstream: the method says which verb must be allowed, the counters say CONNECT.
  if (STREAMS.includes(subresource)) {
    if (exchange.method !== "POST" && exchange.method !== "GET") throw notAllowed();
    return { verb: exchange.method === "POST" ? "create" : "get", run: streamPod, counted: "connect" };
  }
  if (subresource === "proxy") {
    const verb = member(PROXY_VERBS, exchange.method);
    if (verb === undefined) throw notAllowed();
    return { verb, run: proxyObject, counted: "connect" };
  }
  const post = member(POSTS, subresource);
  if (post !== undefined && (exchange.method === "POST" || exchange.method === "GET"))
    return { verb: "create", run: post };
  if (subresource === "log" && exchange.method === "GET") return { verb: "get", run: podLog };
  if (exchange.method === "GET") return { verb: "get", run: getObject };
  if (exchange.method === "PUT") return { verb: "update", run: updateObject };
  if (exchange.method === "PATCH") return { verb: "patch", run: patchObject };
  throw notAllowed();
}

function notAllowed(): Fault {
  return new Fault("MethodNotAllowed", "the server does not allow this method on the requested resource");
}
