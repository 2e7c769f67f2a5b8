/** The WebSocket connections of all APIs that are open now, by their ids. */
import type { WebSocket } from "ws";
import type { Connected } from "./socket-event.ts";

export interface OpenConnection {
  readonly connected: Connected;
  readonly socket: WebSocket;
  lastActiveAtMs: number;
}

export class Connections {
  readonly #open = new Map<string, OpenConnection>();

  get size(): number {
    return this.#open.size;
  }

  add(connection: OpenConnection): void {
    this.#open.set(connection.connected.connectionId, connection);
  }

  remove({ connected }: OpenConnection): void {
    this.#open.delete(connected.connectionId);
  }

  /** Undefined when it is gone, or another API's. */
  find(apiId: string, stage: string, id: string): OpenConnection | undefined {
    const found = this.#open.get(id);
    return found?.connected.apiId === apiId && found.connected.stage === stage ? found : undefined;
  }

  all(): readonly OpenConnection[] {
    return [...this.#open.values()];
  }
}
