/** What control and the launcher say to each other, as JSON in frames. Control asks, the launcher answers; the launcher tells what happens by itself. */
import { FRAME, type FrameLimits } from "./frames.ts";
import { MAX_LINE_BYTES } from "./lines.ts";

/** "node": Node, its libraries and a small shell. "full": the machine's own /usr as well, for bootstraps and python. */
export type RootKind = "node" | "full";

export interface LauncherConfig {
  /** The instance's name: part of every group and mount that is made. */
  readonly instance: string;
  /** Holds the socket, the slots, the roots and the bundles; everything in it is the launcher's. */
  readonly folder: string;
  /** The pinned Node binary that sandboxes run. */
  readonly node: string;
  /** Which OCI runtimes to try, best first; default crun, then runc. */
  readonly ociRuntimes?: readonly string[];
}

export type Ask =
  | { readonly ask: "hello" }
  | {
      readonly ask: "boot";
      readonly slot: string;
      readonly index: number;
      /** The name of a root that there is. */
      readonly root: string;
      readonly heapMib: number;
      readonly memoryMib: number;
      readonly options: object;
    }
  /** Makes a root with another Node in it. */
  | { readonly ask: "root"; readonly root: string; readonly is: RootKind; readonly node: string }
  /** Makes the code of one digest mountable, read-only; once per digest. */
  | { readonly ask: "stage"; readonly digest: string; readonly codeDir: string }
  | {
      readonly ask: "claim";
      readonly slot: string;
      readonly digest: string;
      /** Staged, for /opt; absent: the function has no layers. */
      readonly optDigest?: string;
      readonly memoryMib: number;
      readonly ephemeralMib: number;
    }
  /** The code of this digest is not staged any more; sandboxes that have it keep it. */
  | { readonly ask: "unstage"; readonly digest: string }
  /** After INIT. */
  | { readonly ask: "limitCpu"; readonly slot: string; readonly millis: number }
  | { readonly ask: "freeze" | "thaw" | "kill" | "peak"; readonly slot: string };

export type Answer = { readonly ok: true; readonly value?: unknown } | { readonly ok: false; readonly reason: string };

export interface Hello {
  /** "crun" or "runc"; null: no sandbox can be made here, and `reason` says why. */
  readonly driver: string | null;
  readonly reason?: string;
  /** The system's python inside the full root. */
  readonly python: string | null;
}

export type Tell =
  /** It was seen to end; `exitCode` as the OCI runtime reports it. */
  | {
      readonly tell: "ended";
      readonly slot: string;
      readonly exitCode: number;
      readonly isKilled: boolean;
      readonly peakMib?: number;
    }
  /** What the sandbox's own pipes carried: the lines that one chunk of a pipe ended. */
  | { readonly tell: "output"; readonly slot: string; readonly atMs: number; readonly lines: readonly string[] };

/** What the two say to each other is JSON: a line of the longest kind and a chunk of 64 KiB, all escaped, are the largest of it. */
export const LAUNCHER_LIMITS: FrameLimits = new Map([
  [FRAME.ask, 1024 * 1024],
  [FRAME.answer, 1024 * 1024],
  [FRAME.tell, 8 * MAX_LINE_BYTES],
]);

export function socketOf(folder: string): string {
  return `${folder}/launcher.sock`;
}

export function slotDirOf(folder: string, slot: string): string {
  return `${folder}/slots/${slot}`;
}

export function awsDirOf(folder: string): string {
  return `${folder}/aws`;
}

/** The control group above those of all slots; the OCI runtime makes it, the launcher removes it. */
export function groupRootOf(config: LauncherConfig): string {
  return `/ctm-${config.instance}-fn`;
}

export function containerName(config: LauncherConfig, slot: string): string {
  return `ctm-${config.instance}-fn-${slot}`;
}
