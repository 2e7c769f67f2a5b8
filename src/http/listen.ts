/** Opens servers on the hosts and the port of a door, or on a unix socket; closes them within a time. What they answer is the door's. */
import { chmod, rm } from "node:fs/promises";
import type { Server } from "node:net";
import type { Clock } from "#base/clock.ts";

/** HTTP servers know their connections; others are closed when those are. */
type AnyServer = Server & { readonly closeIdleConnections?: () => void; readonly closeAllConnections?: () => void };

export interface Opened extends AsyncDisposable {
  /** The same on all hosts; the one that was taken when 0 was asked for. */
  readonly port: number;
}

export interface Door {
  /** One server for each host: a server listens on one address. */
  readonly server: () => AnyServer;
  readonly hosts: readonly string[];
  /** 0 takes a free one on the first host, and the same on the others. */
  readonly port: number;
  /** How those that are being answered are let go; without it they are cut at once. */
  readonly grace?: Grace;
}

export interface Grace {
  readonly ms: number;
  readonly clock: Pick<Clock, "after">;
}

/** Resolves when all hosts accept. When one of them cannot, none is left open. */
export async function listen({ server: make, hosts, port: asked, grace }: Door): Promise<Opened> {
  const servers: AnyServer[] = [];
  const close = async (): Promise<void> =>
    void (await Promise.all(servers.map((server) => closeServer(server, grace))));
  let port = asked;
  for (const host of hosts) {
    const server = make();
    try {
      await opened(server, (done) => server.listen(port, host, done));
    } catch (thrown) {
      await close();
      throw thrown;
    }
    port = portOf(server);
    servers.push(server);
  }
  return { port, [Symbol.asyncDispose]: close };
}

/** On a unix socket that only this user may connect to; whatever a predecessor left in its place makes way. */
export async function listenSocket(server: AnyServer, path: string): Promise<AsyncDisposable> {
  await rm(path, { recursive: true, force: true });
  await opened(server, (done) => server.listen(path, done));
  await chmod(path, 0o600);
  return { [Symbol.asyncDispose]: () => closeServer(server) };
}

/** No new connections; idle ones end now, the others when they are answered, at the latest after the grace. */
export async function closeServer(server: AnyServer, grace?: Grace): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections?.();
  if (grace === undefined) server.closeAllConnections?.();
  using _late = grace?.clock.after(grace.ms, () => server.closeAllConnections?.());
  await closed;
}

function opened(server: Server, begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    begin(() => {
      // What fails later is no failure to open.
      server.off("error", reject);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
