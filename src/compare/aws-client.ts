/** A small signed client of our own AWS door, for the demo: one request, one answer, errors with the service's code. */
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from "node:http";
import { signedHeaders } from "#aws/sign.ts";
import type { Clock } from "#base/clock.ts";

export interface AwsClientOptions {
  /** "http://127.0.0.1:4566". */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

export class AwsRefused extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, status: number, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
    this.status = status;
  }
}

/** What an invocation came to. */
export interface Invoked {
  /** As the function gave it. */
  readonly payload: string;
  /** "Handled" or "Unhandled"; null when it succeeded. */
  readonly functionError: string | null;
  /** The end of its log. */
  readonly logTail: string;
  readonly version: string;
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface Answered {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export class AwsClient {
  readonly #options: AwsClientOptions;
  readonly #clock: Clock;

  constructor(options: AwsClientOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** A Lambda (rest-json) request; the parsed body comes back, {} when it is empty. */
  lambda(method: string, path: string, input?: object): Promise<Readonly<Record<string, unknown>>> {
    return this.#send("lambda", {
      method,
      path,
      headers: { "content-type": "application/json" },
      body: Buffer.from(input === undefined ? "" : JSON.stringify(input)),
    });
  }

  /** A DynamoDB (json 1.0) request. */
  dynamodb(action: string, input: object): Promise<Readonly<Record<string, unknown>>> {
    const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": `DynamoDB_20120810.${action}` };
    return this.#send("dynamodb", { method: "POST", path: "/", headers, body: Buffer.from(JSON.stringify(input)) });
  }

  /** A CloudWatch Logs (json 1.1) request. */
  logs(action: string, input: object): Promise<Readonly<Record<string, unknown>>> {
    const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `Logs_20140328.${action}` };
    return this.#send("logs", { method: "POST", path: "/", headers, body: Buffer.from(JSON.stringify(input)) });
  }

  /** Waits for the function's answer. `qualifier` is a version or an alias. */
  async invoke(name: string, payload: string, qualifier?: string): Promise<Invoked> {
    const query = qualifier === undefined ? "" : `?Qualifier=${encodeURIComponent(qualifier)}`;
    const { headers, text } = await this.#ask("lambda", {
      method: "POST",
      path: `/2015-03-31/functions/${encodeURIComponent(name)}/invocations${query}`,
      headers: { "content-type": "application/json", "x-amz-log-type": "Tail" },
      body: Buffer.from(payload),
    });
    const said = (header: string): string => String(headers[header] ?? "");
    return {
      payload: text,
      functionError: said("x-amz-function-error") || null,
      logTail: Buffer.from(said("x-amz-log-result"), "base64").toString("utf8"),
      version: said("x-amz-executed-version"),
    };
  }

  async #send(service: string, request: Sent): Promise<Readonly<Record<string, unknown>>> {
    const { text } = await this.#ask(service, request);
    return text === "" ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>);
  }

  #ask(service: string, request: Sent): Promise<Answered> {
    const url = new URL(this.#options.endpoint);
    const [path = "/", query = ""] = request.path.split("?");
    const unsigned = { ...request, path, query, headers: { ...request.headers, host: url.host } };
    const headers = {
      ...signedHeaders(unsigned, this.#options, { region: this.#options.region, service }, this.#clock.now()),
      "content-length": String(request.body.length),
    };
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        { host: url.hostname, port: url.port, method: request.method, path: request.path, headers },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString("utf8");
            if ((response.statusCode ?? 0) < 400) resolve({ headers: response.headers, text });
            else reject(refusalOf(response, text));
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(request.body);
    });
  }
}

function refusalOf({ headers, statusCode = 0 }: IncomingMessage, text: string): AwsRefused {
  const code = String(headers["x-amzn-errortype"] ?? "Unknown");
  return new AwsRefused(code, statusCode, messageIn(text) ?? text);
}

function messageIn(text: string): string | null {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== "object" || body === null) return null;
    // Lambda writes it with a capital in some of its errors.
    return "message" in body ? String(body.message) : "Message" in body ? String(body.Message) : null;
  } catch {
    return null;
  }
}
