/** Clients that send what no well-behaved client sends: raw requests to the three doors, with a deadline for each answer. */
import { request as httpRequest } from "node:http";
import { type Agent, request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { signedHeaders } from "#aws/sign.ts";
import type { Credentials } from "#client/connection.ts";

export interface Answer {
  /** 0: the connection ended, or nothing came in time. */
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

const DEADLINE_MS = 20_000;
const NOTHING: Answer = { status: 0, text: "", headers: {} };

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** Never rejects: what happens to an attacker is the result. */
export function ask(url: string, sent: Sent, tls?: Doors["kube"]): Promise<Answer> {
  const { hostname: host, port } = new URL(url);
  const { method, path, body } = sent;
  return new Promise((resolve) => {
    const headers = { ...sent.headers, ...(body !== undefined && { "content-length": Buffer.byteLength(body) }) };
    const options = { host, port, method, path, headers };
    const request =
      tls === undefined ? httpRequest(options) : httpsRequest({ ...options, ...tls, servername: "localhost" });
    const late = setTimeout(() => request.destroy(), DEADLINE_MS);
    const end = (answer: Answer): void => {
      clearTimeout(late);
      resolve(answer);
    };
    request.on("response", (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
      const done = (): void => end({ status: response.statusCode ?? 0, text, headers: response.headers });
      response.on("end", done);
      response.on("error", done);
    });
    request.on("error", () => end(NOTHING));
    request.end(body);
  });
}

/** Bytes as they are over a socket; what came back until the other side ended or a moment of silence. */
export function raw(url: string, bytes: string, silenceMs = 500): Promise<string> {
  const { hostname: host, port } = new URL(url);
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(Number(port), host, () => socket.write(bytes, "latin1"));
    socket.setTimeout(silenceMs, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
}

/** Where a platform is reached, and the keys to its doors. */
export interface Doors {
  readonly kube: Credentials & { readonly agent?: Agent };
  readonly aws: AwsPlace;
  readonly gateway: string;
}

interface AwsPlace {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A request signed for one service; `sendTo` and `spoil` change it afterwards. */
export function signed(
  { endpoint, ...keys }: AwsPlace,
  service: string,
  sent: Sent & { readonly sendTo?: string },
  spoil: (headers: Record<string, string>) => void = () => {},
): Promise<Answer> {
  const { host } = new URL(endpoint);
  const [path = "/", query = ""] = sent.path.split("?");
  const body = Buffer.from(sent.body ?? "");
  const headers: Record<string, string> = {
    ...signedHeaders(
      { method: sent.method, path, query, headers: { host, ...sent.headers }, body },
      keys,
      { region: "us-east-1", service },
      Date.now(),
    ),
  };
  spoil(headers);
  return ask(endpoint, { ...sent, path: sent.sendTo ?? sent.path, headers, body });
}
