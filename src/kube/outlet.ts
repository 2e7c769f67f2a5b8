/** Where an answer is written bit by bit, and how a writer learns that the client is slow. */

export interface Outlet {
  /** False when the client reads more slowly than we write; wait for `drained` then. */
  write(bytes: Uint8Array | string): boolean;
  drained(): Promise<void>;
  /** Bytes that the client has not taken yet. */
  readonly waiting: number;
  end(): void;
}

/** What HTTP/1.1 responses, HTTP/2 streams and packers have in common. */
export interface Target {
  write(bytes: Uint8Array | string): boolean;
  readonly writableLength: number;
  readonly destroyed: boolean;
  once(event: "drain" | "close", listener: () => void): unknown;
  removeListener(event: "drain" | "close", listener: () => void): unknown;
  end(): unknown;
}

export function outletOf(target: Target): Outlet {
  return {
    write: (bytes) => target.write(bytes),
    drained: () => (target.writableLength === 0 ? Promise.resolve() : drainOf(target)),
    get waiting() {
      return target.writableLength;
    },
    end: () => void target.end(),
  };
}

/** Resolves when there is room again, or nobody left to write to. */
export function drainOf(target: Pick<Target, "destroyed" | "once" | "removeListener">): Promise<void> {
  return new Promise((resolve) => {
    if (target.destroyed) return resolve();
    const done = (): void => {
      target.removeListener("drain", done);
      target.removeListener("close", done);
      resolve();
    };
    target.once("drain", done);
    target.once("close", done);
  });
}

/** The answer to HEAD has no body, whatever is written. */
export const nowhere: Outlet = { write: () => true, drained: async () => {}, waiting: 0, end: () => {} };
