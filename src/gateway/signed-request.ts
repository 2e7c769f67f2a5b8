/** A request of the edge in the form in which its signature is proved. Pure. */
import { hash } from "node:crypto";
import type { SignedRequest } from "#control/contract.ts";
import type { Exchange } from "./exchange.ts";

/** As it was sent: a signature is over that. */
export function signedRequest({ request, body }: Pick<Exchange, "request" | "body">): SignedRequest {
  const url = request.url ?? "/";
  const question = url.indexOf("?");
  const headers = Object.entries(request.headersDistinct).map(([header, values]) => [header, (values ?? []).join(",")]);
  return {
    method: request.method ?? "GET",
    path: question < 0 ? url : url.slice(0, question),
    query: question < 0 ? "" : url.slice(question + 1),
    headers: Object.fromEntries(headers) as Readonly<Record<string, string>>,
    bodySha256: hash("sha256", body, "hex"),
  };
}
