/** Runs the controllers that look at every kind, anew whenever CustomResourceDefinitions change which kinds there are. */
import { reasonOf } from "#base/fault.ts";
import { stopper } from "#base/stop.ts";
import type { AnyController, Keeper } from "#deck/controller.ts";
import { type LoopOptions, runController, runKeeper } from "#deck/loop.ts";
import type { Objects } from "#deck/objects.ts";
import {
  type CustomResourceDefinition,
  customResourceDefinitionKind,
} from "#kinds/admission/custom-resource-definition.ts";
import type { Kind } from "#kinds/kind.ts";

export interface EveryKindParts {
  /** The kinds that are served now. */
  readonly kinds: () => readonly Kind[];
  readonly controllersFor: (kinds: readonly Kind[]) => readonly AnyController[];
  /** Objects under a controller's own name. */
  readonly objectsFor: (name: string) => Objects;
}

// Whatever wakes it, the work is the same: the loops that run are for the kinds there are.
const ALL = "every kind";

/** Resolves when `stop` has fired and every loop has ended. */
export async function runForEveryKind(parts: EveryKindParts, options: LoopOptions): Promise<void> {
  const keeper = new EveryKindKeeper(parts, options);
  // One worker: loops are started one after the other, never twice at once.
  await runKeeper(keeper, parts.objectsFor(keeper.name), { ...options, workers: 1 });
  await keeper.end();
}

class EveryKindKeeper implements Keeper<CustomResourceDefinition> {
  readonly name = "every-kind";
  readonly kind: Kind<CustomResourceDefinition> = customResourceDefinitionKind;
  readonly #parts: EveryKindParts;
  readonly #options: LoopOptions;
  #running: { readonly kinds: readonly Kind[]; readonly fire: () => void; readonly ended: Promise<unknown> } | null =
    null;
  /** Why a loop ended that nobody stopped. */
  #failure: unknown = null;
  #wake: () => void = () => {};

  constructor(parts: EveryKindParts, options: LoopOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  listen(wake: (key: string) => void): Disposable {
    this.#wake = () => wake(ALL);
    this.#wake();
    return { [Symbol.dispose]: () => this.#running?.fire() };
  }

  async keep(): Promise<undefined> {
    await this.#endFailed();
    const kinds = this.#parts.kinds();
    const isSame =
      this.#running?.kinds.length === kinds.length && kinds.every((kind, i) => kind === this.#running?.kinds[i]);
    if (isSame) return;
    await this.end();
    const { stop, fire } = stopper();
    const loops = this.#parts.controllersFor(kinds).map(async (controller) => {
      try {
        await runController(controller, this.#parts.objectsFor(controller.name), { ...this.#options, stop });
      } catch (thrown) {
        this.#failure ??= thrown;
        this.#wake();
      }
    });
    this.#running = { kinds, fire, ended: Promise.all(loops) };
  }

  /** Ends all loops when one has failed, and says so: the next attempt comes after a while. */
  async #endFailed(): Promise<void> {
    const failure = this.#failure;
    if (failure === null) return;
    await this.end();
    this.#failure = null;
    throw new Error(`a controller of every kind ended: ${reasonOf(failure)}`, { cause: failure });
  }

  async end(): Promise<void> {
    this.#running?.fire();
    await this.#running?.ended;
    this.#running = null;
  }
}
