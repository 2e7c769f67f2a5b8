/** Sandboxes that the launcher keeps, seen from control: one body per slot. */
import { mkdir, rm } from "node:fs/promises";
import type { Clock } from "#base/clock.ts";
import type { SandboxEnd } from "#functions/sandboxes.ts";
import { AgentChannel } from "./agent-channel.ts";
import type { Body } from "./agent-sandbox.ts";
import type { LauncherClient } from "./launcher-client.ts";
import { slotDirOf, type Tell } from "./launcher-protocol.ts";
import { endOfExitCode } from "./signals.ts";

export class SlotBody implements Body {
  readonly id: string;
  readonly ended: Promise<SandboxEnd>;
  readonly channel: AgentChannel;
  /** What it printed before it had a function: said when the boot fails. */
  bootOutput = "";
  readonly #launcher: LauncherClient;
  #isClaimed = false;
  #onEnd: (end: SandboxEnd) => void = () => {};

  /** Makes the socket that the sandbox will find in its mounts. */
  static async open(id: string, folder: string, launcher: LauncherClient, clock: Clock): Promise<SlotBody> {
    const run = `${slotDirOf(folder, id)}/run`;
    // Its path leads through folders that only pass; the sandbox's own mount shows this one alone.
    await mkdir(run, { recursive: true, mode: 0o755 });
    return new SlotBody(id, await AgentChannel.listen(`${run}/agent.sock`, clock), launcher);
  }

  private constructor(id: string, channel: AgentChannel, launcher: LauncherClient) {
    this.id = id;
    this.channel = channel;
    this.#launcher = launcher;
    this.ended = new Promise((resolve) => (this.#onEnd = resolve));
  }

  take(tell: Tell): void {
    if (tell.tell === "output") {
      if (this.#isClaimed) for (const text of tell.lines) this.channel.logRaw(text, tell.atMs);
      else this.bootOutput = `${this.bootOutput}${tell.lines.join("\n")}\n`.slice(-MAX_BOOT_OUTPUT);
      return;
    }
    this.end(endOf(tell));
  }

  end(end: SandboxEnd): void {
    this.channel.close();
    this.#onEnd(end);
  }

  claimed(): void {
    this.#isClaimed = true;
  }

  async freeze(): Promise<void> {
    await this.#quietly({ ask: "freeze", slot: this.id });
  }

  async thaw(): Promise<void> {
    await this.#quietly({ ask: "thaw", slot: this.id });
  }

  async kill(): Promise<void> {
    await this.#quietly({ ask: "kill", slot: this.id });
    await this.ended;
  }

  // A slot that ended in the meantime cannot be frozen, thawed or killed, and need not be.
  async #quietly(ask: { readonly ask: "freeze" | "thaw" | "kill"; readonly slot: string }): Promise<void> {
    try {
      await this.#launcher.ask(ask);
    } catch {
      // `ended` tells.
    }
  }

  async peakMib(): Promise<number> {
    try {
      return (await this.#launcher.ask({ ask: "peak", slot: this.id })) as number;
    } catch {
      return 0;
    }
  }

  /** For a boot that never happened. */
  async discard(folder: string): Promise<void> {
    await this.#quietly({ ask: "kill", slot: this.id });
    this.end({ reason: "stopped" });
    await rm(slotDirOf(folder, this.id), { recursive: true, force: true });
  }
}

function endOf({ isKilled, exitCode, peakMib }: Tell & { readonly tell: "ended" }): SandboxEnd {
  const peak = peakMib === undefined ? {} : { maxMemoryMib: peakMib };
  if (isKilled) return { reason: "stopped", ...peak };
  // Its own processes can kill a runtime as well, but the kernel, which wants its memory, does it far more often.
  if (exitCode === KILLED) return { reason: "outOfMemory", ...peak };
  return { ...endOfExitCode(exitCode), ...peak };
}

const KILLED = 137;
// What fits into one message about a failed boot.
const MAX_BOOT_OUTPUT = 4_096;
