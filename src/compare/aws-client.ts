/** A small signed client of our own AWS door, for the demo: one request, one answer, errors with the service's code. */
import { request as httpRequest } from "node:http";
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

  #send(
    service: string,
    request: {
      readonly method: string;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
    },
  ): Promise<Readonly<Record<string, unknown>>> {
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
            const body = text === "" ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>);
            const status = response.statusCode ?? 0;
            if (status < 400) return resolve(body);
            return reject(
              new AwsRefused(
                String(response.headers["x-amzn-errortype"] ?? "Unknown"),
                status,
                typeof body["message"] === "string" ? body["message"] : text,
              ),
            );
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(request.body);
    });
  }
}
