/** One request to an address of somebody else: bounded in time and in what is read of the answer. */
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { Fault } from "#base/fault.ts";

export interface Posting {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
}

/** Resolves to the status once the head of the answer is there; its body is thrown away. Fault: BadRequest, Timeout, Unavailable. */
export function post(address: string, { headers, body, timeoutMs }: Posting): Promise<number> {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Fault("BadRequest", `${address} is no http(s) address`);
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  const bytes = Buffer.from(body);
  const options = {
    method: "POST",
    headers: { ...headers, "content-length": String(bytes.length) },
    // A connection of its own: subscribers come and go, and a kept one may be closed while it is used.
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
  };
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    sent.on("error", (error) => {
      const isLate = options.signal.aborted;
      const what = isLate ? `did not answer within ${timeoutMs} ms` : error.message;
      reject(new Fault(isLate ? "Timeout" : "Unavailable", `${address}: ${what}`, { cause: error }));
    });
    sent.end(bytes);
  });
}
