/** Asks a container how it is: one exec, HTTP, TCP or gRPC question. When to ask and what to think of it is decided elsewhere. */
import { connect } from "node:net";
import { reasonOf } from "#base/fault.ts";
import { decodeUtf8 } from "#base/utf8.ts";
import type { Container, HttpGet, IntOrString, ProbeAction } from "#kinds/core/pod-spec.ts";
import type { Cri } from "./cri.ts";
import { dialText } from "./dial-text.ts";
import { GrpcClient, grpcCode, isGrpc } from "./grpc.ts";
import { askHttp, type HttpTarget } from "./http-probe.ts";
import { decode, encode } from "./messages.ts";

export interface Asked {
  readonly cri: Cri;
  readonly container: Container;
  /** CRI's id. */
  readonly id: string;
  readonly podIp: string;
  readonly timeoutMs: number;
}

export type Answer =
  | { readonly ok: true; readonly warning?: string }
  | { readonly ok: false; readonly message: string };

// Kubelet keeps as much of a probe's output.
const MAX_OUTPUT = 10 * 1024;

export async function ask(action: ProbeAction, asked: Asked): Promise<Answer> {
  try {
    if (action.exec !== undefined) return await askExec(action.exec.command ?? [], asked);
    if (action.httpGet !== undefined) return await probeHttp(action.httpGet, asked);
    if (action.tcpSocket !== undefined) return await askTcp(action.tcpSocket, asked);
    if (action.grpc !== undefined) return await askGrpc(action.grpc, asked);
    return { ok: true };
  } catch (thrown) {
    return { ok: false, message: reasonOf(thrown) };
  }
}

async function askExec(command: readonly string[], { cri, id, timeoutMs }: Asked): Promise<Answer> {
  const result = await cri.exec(id, command, Math.max(1, Math.ceil(timeoutMs / 1_000)));
  if (result === null)
    return { ok: false, message: `command timed out: "${command.join(" ")}" timed out after ${timeoutMs / 1_000}s` };
  if (result.exitCode === 0) return { ok: true };
  return { ok: false, message: decodeUtf8(Buffer.concat([result.stdout, result.stderr])).slice(0, MAX_OUTPUT) };
}

/** Any answer of 200 to 399 is well, as kubelet thinks; a redirect that was not followed is worth a warning. */
async function probeHttp(get: HttpGet, asked: Asked): Promise<Answer> {
  const answer = await askHttp(get, targetOf(get, asked));
  if (!answer.ok) return answer;
  const { status, body } = answer;
  if (status < 200 || status >= 400) return { ok: false, message: `HTTP probe failed with statuscode: ${status}` };
  return status < 300 ? { ok: true } : { ok: true, warning: `Probe terminated redirects, Response body: ${body}` };
}

/** A hook: whoever answers has heard it, whatever the status (pkg/kubelet/lifecycle). */
export async function notifyHttp(get: HttpGet, asked: Asked): Promise<Answer> {
  try {
    const answer = await askHttp(get, targetOf(get, asked));
    return answer.ok ? { ok: true } : answer;
  } catch (thrown) {
    return { ok: false, message: reasonOf(thrown) };
  }
}

function targetOf({ host, port }: HttpGet, { container, podIp, timeoutMs }: Asked): HttpTarget {
  return { host: host === undefined || host === "" ? podIp : host, port: portOf(container, port), timeoutMs };
}

function askTcp({ host, port }: { readonly host?: string; readonly port: IntOrString }, asked: Asked): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const at = { host: host === undefined || host === "" ? asked.podIp : host, port: portOf(asked.container, port) };
  const socket = connect({ ...at, timeout: asked.timeoutMs });
  const end = (answer: Answer): void => {
    socket.destroy();
    resolve(answer);
  };
  socket.on("connect", () => end({ ok: true }));
  socket.on("timeout", () => end({ ok: false, message: `dial tcp ${at.host}:${at.port}: i/o timeout` }));
  socket.on("error", (cause) => end({ ok: false, message: dialText(cause, at.host, at.port) }));
  return promise;
}

const SERVING = 1;

/** The standard health service of gRPC. */
async function askGrpc(
  { port, service = "" }: { readonly port: number; readonly service?: string },
  asked: Asked,
): Promise<Answer> {
  await using client = new GrpcClient({ host: asked.podIp, port });
  try {
    const answer = await client.unary(
      "/grpc.health.v1.Health/Check",
      encode({ service: { number: 1, type: "string" } }, { service }),
      { timeoutMs: asked.timeoutMs, maxBytes: MAX_OUTPUT },
    );
    const { status = 0 } = decode<{ status?: number }>({ status: { number: 1, type: "int" } }, answer);
    return status === SERVING
      ? { ok: true }
      : {
          ok: false,
          message: `service unhealthy (responded with "${["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"][status] ?? status}")`,
        };
  } catch (thrown) {
    if (isGrpc(thrown, grpcCode.unimplemented))
      return { ok: false, message: "this server does not implement the grpc health protocol (grpc.health.v1.Health)" };
    throw thrown;
  }
}

/** A port by its number or by the name that the container gives it. */
export function portOf(container: Container, port: IntOrString): number {
  const named = (container.ports ?? []).find(({ name }) => name === port)?.containerPort;
  const number = typeof port === "number" ? port : (named ?? Number(port));
  if (!Number.isInteger(number) || number < 1 || number > 65_535) throw new RangeError(`invalid port: ${port}`);
  return number;
}
