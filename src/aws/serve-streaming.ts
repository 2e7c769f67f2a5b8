/** Serves a request whose body may be larger than memory: proven by its head, taken as it comes, answered as it is read. */
import type { Clock } from "#base/clock.ts";
import type { HeldBytes } from "#http/held-bytes.ts";
import { BodyRefused } from "#http/read-body.ts";
import { readAtPace, readStream } from "#http/read-stream.ts";
import { writeReply } from "./answer.ts";
import type { Authorize } from "./authorize.ts";
import { aboutOf, type Exchange } from "./exchange.ts";
import { opened, type Payload, payloadOf } from "./payload.ts";
import type { Reply } from "./reply.ts";
import type { Proof } from "./action.ts";
import { type Caller, chunkSigner, type FindCaller, noSuchKey, proveClaim, unsignedClaim } from "./sign.ts";
import type { ServiceDoor } from "./target.ts";

export interface Streaming {
  readonly authorize: Authorize;
  readonly findCaller: FindCaller;
  readonly clock: Clock;
  readonly held: HeldBytes;
}

// Half a kilobyte a second: a link that is slower is no link. S3 gives up after 20 s without a byte.
const PACE = { bytes: 16 * 1024, ms: 30_000 };
// A reader that takes nothing for so long holds a file open for nobody.
const LEFT_LYING_MS = 60_000;
// The coding "aws-chunked" adds 90 bytes to each chunk, of 8 KB at least but for the last one.
const CODING_BYTES_PER_BYTE = 1.02;
const CODING_BYTES = 64 * 1024;

export async function serveStreaming(
  exchange: Exchange,
  service: ServiceDoor,
  { authorize, findCaller, clock, held }: Streaming,
): Promise<void> {
  const { request, response, head, claim, requestId, aim } = exchange;
  const payload = payloadOf(head, claim.isByHeader);
  proveClaim(claim, head, payload.covered);
  if ((payload.length ?? 0) > aim.maxBodyBytes) throw tooLarge(aim.maxBodyBytes);
  const trailers = new Map<string, string>();
  const stream = bodyOf(exchange, payload, { clock, trailers });
  using body = aim.isStreamed ? null : await collected(stream, exchange, held);
  if (body !== null) service.checkBody(body.bytes, head, trailers);
  const { wanted, run } = aim.read({ ...head, body: body?.bytes ?? NOTHING }, aim.isStreamed ? stream : undefined);
  const { caller, region } = claim;
  const about = aboutOf(exchange, clock.now());
  await authorize(caller, wanted, about);
  const admit = async ({ accessKeyId, sessionToken, prove, needs }: Proof): Promise<Caller> => {
    const who =
      accessKeyId === "" ? unsignedClaim(region, "").caller : findCaller(accessKeyId, sessionToken, about.now);
    if (who === null) throw noSuchKey();
    if (accessKeyId !== "") prove(who);
    await authorize(who, { needs: () => needs, isMore: false, isOpen: false }, about);
    return who;
  };
  const reply = await run({ ...about, caller, requestId, region, trailers, admit });
  if (!request.complete) await toTheEnd(stream);
  await writeReply(response, atPace(reply, exchange, clock), requestId);
}

const NOTHING = new Uint8Array(0);

/** Begins when it is read: only then is a client told to go on that asked whether it should (RFC 9110 10.1.1). */
async function* bodyOf(
  { request, response, head, claim, aim }: Exchange,
  payload: Payload,
  { clock, trailers }: { readonly clock: Clock; readonly trailers: Map<string, string> },
): AsyncGenerator<Uint8Array> {
  if (head.headers["expect"] !== undefined) response.writeContinue();
  const isCoded = payload.form === "chunks" || payload.form === "signed chunks";
  const maxBytes = isCoded ? aim.maxBodyBytes * CODING_BYTES_PER_BYTE + CODING_BYTES : aim.maxBodyBytes;
  const source = readStream(request, { maxBytes, pace: PACE, clock });
  const onTrailers = (all: ReadonlyMap<string, string>): void => {
    for (const [name, value] of all) trailers.set(name, value);
  };
  yield* opened(source, payload, { signer: chunkSigner(claim), onTrailers });
}

/** An action that looked at nothing of its body still answers only a body that is what its head says. */
async function toTheEnd(stream: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of stream);
}

interface Collected extends Disposable {
  readonly bytes: Uint8Array;
}

/** The whole of a body that is no stream to its action. */
async function collected(
  stream: AsyncIterable<Uint8Array>,
  { request, claim, aim }: Exchange,
  held: HeldBytes,
): Promise<Collected> {
  const peer = `${request.socket.remoteAddress ?? ""} ${claim.caller.accessKeyId}`;
  const chunks: Uint8Array[] = [];
  let size = 0;
  const give = (): void => held.give(peer, size);
  try {
    for await (const chunk of stream) {
      if (size + chunk.length > aim.maxBodyBytes) throw tooLarge(aim.maxBodyBytes);
      if (!held.take(peer, chunk.length))
        throw new BodyRefused("too many", "too many bodies are being received at once");
      size += chunk.length;
      chunks.push(chunk);
    }
  } catch (thrown) {
    give();
    throw thrown;
  }
  return { bytes: Buffer.concat(chunks, size), [Symbol.dispose]: give };
}

function tooLarge(maxBytes: number): BodyRefused {
  return new BodyRefused("too large", `the body is larger than ${maxBytes} bytes`);
}

function atPace(reply: Reply, { response }: Exchange, clock: Clock): Reply {
  const { body } = reply;
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) return reply;
  const giveUp = (): void => void response.destroy();
  return { ...reply, body: readAtPace(body, { ms: LEFT_LYING_MS, clock, giveUp }) };
}
