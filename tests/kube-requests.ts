/** One request to a test door, over either protocol, with what of it tests look at. */
import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import { connect, type ClientHttp2Session } from "node:http2";
import type { TestKubeDoor } from "./kube-door.ts";

export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly bytes: Buffer;
}

export type Protocol = "HTTP/1.1" | "HTTP/2";

/** A session as the administrator, or as nobody. */
export function openSession({ server, pki }: TestKubeDoor, client: "admin" | "nobody" = "admin"): ClientHttp2Session {
  const pair = client === "admin" ? pki.clients["admin"] : undefined;
  const session = connect(server, { ca: pki.ca, ...(pair !== undefined && { cert: pair.cert, key: pair.key }) });
  session.on("error", () => {});
  return session;
}

export async function ask(door: TestKubeDoor, protocol: Protocol, asked: Asked): Promise<Answered> {
  if (protocol === "HTTP/1.1") return askHttp1(door, asked);
  const session = openSession(door);
  try {
    return await askOver(session, asked);
  } finally {
    session.close();
  }
}

export async function askOver(
  session: ClientHttp2Session,
  { method = "GET", path, headers, body }: Asked,
): Promise<Answered> {
  const stream = session.request({ ":method": method, ":path": path, ...headers }, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => void chunks.push(chunk));
  const [[answer]] = (await Promise.all([once(stream, "response"), once(stream, "end")])) as [
    [Record<string, unknown>],
    unknown,
  ];
  return { status: Number(answer[":status"]), headers: answer, bytes: Buffer.concat(chunks) };
}

async function askHttp1(
  { server, pki }: TestKubeDoor,
  { method = "GET", path, headers, body }: Asked,
): Promise<Answered> {
  const { cert = "", key = "" } = pki.clients["admin"] ?? {};
  const request = httpsRequest(new URL(path, server), { method, headers, ca: pki.ca, cert, key, agent: false });
  // Some answers come before the whole request is written; the connection may break afterwards.
  request.on("error", () => {});
  request.end(body);
  const [response] = (await once(request, "response")) as [
    AsyncIterable<Buffer> & { readonly statusCode?: number; readonly headers: Record<string, unknown> },
  ];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) };
}

export function jsonOf({ bytes }: Answered): Record<string, unknown> {
  return JSON.parse(bytes.toString("utf8")) as Record<string, unknown>;
}
