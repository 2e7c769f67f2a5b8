/** What the supervisor knows of its roles, told over a socket to whoever may read the instance's folder: it asks each of them first. */
import { chmod, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { buffer } from "node:stream/consumers";

/** What the supervisor knows of one of its processes. */
export interface ChildState {
  readonly name: string;
  readonly pid: number | null;
  readonly state: "starting" | "ready" | "not answering" | "waiting";
  readonly sinceMs: number;
  readonly restarts: number;
  /** Why it was started again the last time. */
  readonly cause: string | null;
}

// A role that needs longer for one turn of its event loop is not answering, whatever its port says.
const ASK_WITHIN_MS = 2_000;
const PATIENCE_MS = ASK_WITHIN_MS + 2_000;

export async function tellRoster(
  socketPath: string,
  ask: (withinMs: number) => Promise<readonly ChildState[]>,
): Promise<AsyncDisposable> {
  // Whatever a predecessor left in its place.
  await rm(socketPath, { recursive: true, force: true });
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy()); // Whoever asked is gone.
    void ask(ASK_WITHIN_MS).then((states) => socket.end(JSON.stringify(states)));
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(socketPath, resolve));
  await chmod(socketPath, 0o600);
  return {
    [Symbol.asyncDispose]: async () => {
      server.close();
      await rm(socketPath, { force: true });
    },
  };
}

/** Null when the supervisor does not answer in time. */
export async function askRoster(socketPath: string): Promise<readonly ChildState[] | null> {
  const socket = connect(socketPath);
  const timer = setTimeout(() => socket.destroy(new Error("no answer")), PATIENCE_MS);
  try {
    return JSON.parse((await buffer(socket)).toString()) as readonly ChildState[];
  } catch {
    return null; // Nobody listens, nobody answers, or it ends while it answers.
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
