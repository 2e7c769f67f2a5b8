/** Control's line to the launcher: asks by number, passes on what the launcher tells. */
import net from "node:net";
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import type { Stop } from "#base/stop.ts";
import { FRAME, FrameReader, frameOf } from "./frames.ts";
import { type Answer, type Ask, type Hello, LAUNCHER_LIMITS, socketOf, type Tell } from "./launcher-protocol.ts";

const CONNECT_LIMIT_MS = 30_000;
const CONNECT_EVERY_MS = 20;

export class LauncherClient implements Disposable {
  /** Resolves when the connection is gone; every sandbox is gone with it. */
  readonly closed: Promise<void>;
  readonly #socket: net.Socket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  /** Waits for the launcher to come up. */
  static async connect(
    folder: string,
    clock: Clock,
    stop: Stop,
    onTell: (tell: Tell) => void,
  ): Promise<LauncherClient> {
    const untilMs = clock.monotonicMs() + CONNECT_LIMIT_MS;
    for (;;) {
      const socket = await tryConnect(socketOf(folder));
      if (socket !== null) return new LauncherClient(socket, onTell);
      if (stop.aborted || clock.monotonicMs() > untilMs)
        throw new Fault("Unavailable", `no launcher answers at ${socketOf(folder)}`);
      await clock.sleep(CONNECT_EVERY_MS, stop);
    }
  }

  private constructor(socket: net.Socket, onTell: (tell: Tell) => void) {
    this.#socket = socket;
    const reader = new FrameReader(LAUNCHER_LIMITS, (type, id, payload) => {
      if (type === FRAME.tell) onTell(JSON.parse(payload.toString("utf8")) as Tell);
      else if (type === FRAME.answer) this.#settle(id, JSON.parse(payload.toString("utf8")) as Answer);
    });
    socket.on("data", (chunk: Buffer) => void (reader.push(chunk) || socket.destroy()));
    socket.on("error", () => {
      // The close that follows tells everybody.
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        for (const id of this.#waiting.keys()) this.#settle(id, { ok: false, reason: "the launcher is gone" });
        resolve();
      });
    });
  }

  #settle(id: number, answer: Answer): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }

  async ask(ask: Ask): Promise<unknown> {
    const answer = await new Promise<Answer>((resolve) => {
      if (this.#socket.destroyed) return resolve({ ok: false, reason: "the launcher is gone" });
      const id = ++this.#lastId >>> 0;
      this.#waiting.set(id, resolve);
      return this.#socket.write(frameOf(FRAME.ask, id, Buffer.from(JSON.stringify(ask))));
    });
    if (answer.ok) return answer.value;
    throw new Fault("InternalError", answer.reason);
  }

  hello(): Promise<Hello> {
    return this.ask({ ask: "hello" }) as Promise<Hello>;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

function tryConnect(path: string): Promise<net.Socket | null> {
  return new Promise((resolve) => {
    const socket = net.connect(path);
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", () => resolve(null));
  });
}
