/** Objects over the Kubernetes API: what agents, the gateway and the command line use where the deck is another process. */
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import type { ObjectKey } from "#base/key.ts";
import { nameOf } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import { stopper } from "#base/stop.ts";
import { Tasks } from "#base/tasks.ts";
import type { Objects, RemoveOptions, View, ViewOptions, WriteOptions } from "#deck/objects.ts";
import { IndexedView } from "#deck/views.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import type { KubeObject, Live } from "#kinds/object.ts";
import { type Answer, Connection, type Credentials, faultOf, type RequestOptions } from "./connection.ts";
import { collectionPath, objectPath } from "./paths.ts";
import { feedView } from "./remote-view.ts";

const MAX_CONFLICTS = 20; // Each means that somebody else got through; so many in a row is a fight.

export class Cluster implements Objects, AsyncDisposable {
  readonly #connection: Connection;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #tasks: Tasks;
  readonly #end: () => void;
  readonly #stop;

  /** `name` is the component: its field manager and user agent. Connects when first used. */
  static connect(
    credentials: Credentials,
    options: { readonly name: string; readonly clock: Clock; readonly log: Log },
  ): Cluster {
    return new Cluster(credentials, options);
  }

  private constructor(
    credentials: Credentials,
    { name, clock, log }: { readonly name: string; readonly clock: Clock; readonly log: Log },
  ) {
    this.#connection = new Connection(credentials, `${name}/catamaran`);
    this.#name = name;
    this.#clock = clock;
    this.#log = log;
    this.#tasks = new Tasks(log);
    const { stop, fire } = stopper();
    this.#stop = stop;
    this.#end = fire;
  }

  /** Any request, for what has no kind: logs, health, discovery. */
  request(method: string, path: string, options?: RequestOptions): Promise<Answer> {
    return this.#connection.request(method, path, options);
  }

  /** An answer that goes on, such as a followed log. */
  stream(path: string): ReturnType<Connection["stream"]> {
    return this.#connection.stream(path, "*/*");
  }

  view<T extends KubeObject>(kind: Kind<T>, options: ViewOptions<T> = {}): View<T> {
    const { stop, fire } = stopper();
    this.#stop.addEventListener("abort", fire, { once: true });
    const view = new IndexedView<T>(options.indexes ?? {}, fire);
    this.#tasks.run(`view of ${kind.plural}`, () =>
      feedView({ kind, view, options, connection: this.#connection, clock: this.#clock, log: this.#log, stop }),
    );
    return view;
  }

  async get<T extends KubeObject>(kind: Kind<T>, key: ObjectKey): Promise<Live<T> | null> {
    const answer = await this.#connection.request("GET", objectPath(kind, key));
    if (answer.status === 404) return null;
    return parsed<Live<T>>(answer, 200);
  }

  async create<T extends KubeObject>(
    kind: Kind<T>,
    object: T,
    { manager = this.#name }: WriteOptions = {},
  ): Promise<Live<T>> {
    const path = `${collectionPath(kind, object.metadata.namespace ?? "")}?fieldManager=${encodeURIComponent(manager)}`;
    const answer = await this.#connection.request("POST", path, { body: JSON.stringify(withType(kind, object)) });
    return parsed<Live<T>>(answer, 201);
  }

  async change<T extends KubeObject>(
    kind: Kind<T>,
    key: ObjectKey,
    decide: (live: Live<T>) => T | null,
    { manager = this.#name, subresource }: WriteOptions = {},
  ): Promise<Live<T> | null> {
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
      const live = await this.get(kind, key);
      if (live === null) return null;
      const next = decide(live);
      if (next === null) return null;
      // The revision that was decided on goes along: somebody else's write in between is a conflict.
      const body = {
        ...withType(kind, next),
        metadata: { ...next.metadata, resourceVersion: live.metadata.resourceVersion },
      };
      const path = `${objectPath(kind, key, subresource)}?fieldManager=${encodeURIComponent(manager)}`;
      const answer = await this.#connection.request("PUT", path, { body: JSON.stringify(body) });
      if (answer.status === 404) return null;
      if (answer.status !== 409) return parsed<Live<T>>(answer, 200);
    }
    throw new Fault("Conflict", `${kind.plural} "${nameOf(key).name}" is being changed by somebody else all the time`);
  }

  async remove<T extends KubeObject>(
    kind: Kind<T>,
    key: ObjectKey,
    { gracePeriodSeconds, propagation, uid }: RemoveOptions = {},
  ): Promise<boolean> {
    const options = {
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
      ...(propagation !== undefined && { propagationPolicy: propagation }),
      ...(uid !== undefined && { preconditions: { uid } }),
    };
    const answer = await this.#connection.request("DELETE", objectPath(kind, key), { body: JSON.stringify(options) });
    if (answer.status === 404) return false;
    parsed(answer, 200);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    this.#connection[Symbol.dispose]();
    await this.#tasks.ended();
  }
}

function withType<T extends KubeObject>(kind: Kind<T>, object: T): T {
  return { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind };
}

function parsed<T>(answer: Answer, wanted: number): T {
  if (answer.status !== wanted && answer.status !== 200 && answer.status !== 201) throw faultOf(answer);
  return JSON.parse(answer.body.toString("utf8")) as T;
}
