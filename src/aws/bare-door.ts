/** The AWS door for tests of one service or protocol: nothing behind it but what the test gives, asked over HTTP with signed requests. */
import { request } from "node:http";
import { FakeClock } from "#deck/fake-clock.ts";
import { silent } from "#base/log.ts";
import type { Service } from "./action.ts";
import { callers, type RootKey } from "./credentials.ts";
import { type AwsOptions, listenAws } from "./listen.ts";
import { signedHeaders } from "./sign.ts";

const ROOT: RootKey & SigningKey = { accessKeyId: "AKIATEST", secretAccessKey: "secret", accountId: "000000000000" };
const REGION = "us-east-1";
const START_MS = Date.UTC(2026, 10, 27);

/** Defaults: POST / without headers or body. `service` is the signing name. */
export interface BareRequest {
  readonly service: string;
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Who signs; default is the root. */
  readonly by?: SigningKey | "nobody";
}

interface SigningKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface BareAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

export interface BareDoor extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly port: number;
  readonly ask: (asked: BareRequest) => Promise<BareAnswer>;
}

/** Without rights everybody may do everything; ids are "id-1", "id-2" and so on. */
export async function openBareDoor(
  services: readonly Service[],
  {
    findCaller = callers(ROOT),
    authorize = async () => {},
  }: Partial<Pick<AwsOptions, "findCaller" | "authorize">> = {},
): Promise<BareDoor> {
  const clock = new FakeClock(START_MS);
  let ids = 0;
  const door = await listenAws({
    services,
    findCaller,
    authorize,
    region: REGION,
    hosts: ["127.0.0.1"],
    port: 0,
    clock,
    random: { number: () => 0.5, uuid: () => `id-${++ids}` },
    log: silent,
  });
  return {
    clock,
    port: door.port,
    ask: (asked) => send(door.port, asked, clock.now()),
    [Symbol.asyncDispose]: () => door[Symbol.asyncDispose](),
  };
}

function send(port: number, asked: BareRequest, now: number): Promise<BareAnswer> {
  const { service, method = "POST", path = "/", query = "", headers = {}, body = "", by = ROOT } = asked;
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const token = by === "nobody" || by.sessionToken === undefined ? {} : { "x-amz-security-token": by.sessionToken };
  const plain = { method, path, query, headers: { host: `127.0.0.1:${port}`, ...token, ...headers }, body: bytes };
  const signed = by === "nobody" ? plain.headers : signedHeaders(plain, by, { region: REGION, service }, now);
  const options = { port, host: "127.0.0.1", method, path: query === "" ? path : `${path}?${query}`, headers: signed };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) }),
      );
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(bytes);
  });
}
