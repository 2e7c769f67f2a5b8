/** The parts of the control process that measure for autoscalers: what the edge tells of Services becomes ScalingSamples. */
import type { Clock } from "#base/clock.ts";
import { canonicalQuantity } from "#base/quantity.ts";
import { keyOf, type ObjectKey } from "#base/key.ts";
import type { Control } from "#control/contract.ts";
import type { Keeper } from "#deck/controller.ts";
import type { Deck } from "#deck/deck.ts";
import { startKeeper } from "#deck/loop.ts";
import type { Objects, View } from "#deck/objects.ts";
import {
  type HorizontalPodAutoscaler,
  horizontalPodAutoscalerKind,
} from "#kinds/autoscaling/horizontal-pod-autoscaler.ts";
import { type ScalingSample, scalingSampleKind } from "#kinds/autoscaling/scaling-sample.ts";
import type { Kind } from "#kinds/kind.ts";
import { keyOfObject } from "#kinds/object.ts";
import { RequestLoads } from "#scaling/request-load.ts";
import { wakesFor, wantedOf } from "#scaling/sleepers.ts";
import type { Part } from "./compose.ts";
import type { RoleBasis } from "./role.ts";

// Shorter than the autoscaler's round, so that what it reads is never older than that.
const SAMPLE_MS = 5_000;

export interface Measuring {
  readonly keepLoad: Control["keepLoad"];
}

export const scalingSamples: Part<RoleBasis & { readonly deck: Deck }, Measuring> = {
  name: "scaling samples",
  start: ({ clock, log, deck }, stack) => {
    const objects = deck.objects("scaling-samples");
    const keeper = new SampleKeeper(objects, stack.use(objects.view(horizontalPodAutoscalerKind)), clock);
    stack.use(startKeeper(keeper, objects, { clock, log }));
    return { keepLoad: async (loads) => keeper.take(loads) };
  },
};

/** Writes the sample of each autoscaler that asks for what the edge counts. */
export class SampleKeeper implements Keeper<HorizontalPodAutoscaler> {
  readonly name: string = "scaling-samples";
  readonly kind: Kind<HorizontalPodAutoscaler> = horizontalPodAutoscalerKind;
  readonly #objects: Objects;
  readonly #autoscalers: View<HorizontalPodAutoscaler>;
  readonly #clock: Clock;
  readonly #loads = new RequestLoads();
  #wake: (key: ObjectKey) => void = () => {};

  constructor(objects: Objects, autoscalers: View<HorizontalPodAutoscaler>, clock: Clock) {
    this.#objects = objects;
    this.#autoscalers = autoscalers;
    this.#clock = clock;
  }

  /** Whoever lets a Service sleep that has requests is measured at once. */
  take(loads: Parameters<Control["keepLoad"]>[0]): readonly string[] {
    this.#loads.take(loads, this.#clock.now());
    return loads.flatMap(({ namespace, name, open }) => {
      const wakers = this.#autoscalers.list(namespace).filter((autoscaler) => wakesFor(autoscaler, name));
      if (open > 0) for (const autoscaler of wakers) this.#wake(keyOfObject(autoscaler));
      return wakers.length === 0 ? [] : [keyOf(namespace, name)];
    });
  }

  listen(wake: (key: ObjectKey) => void): Disposable {
    this.#wake = wake;
    return { [Symbol.dispose]: () => (this.#wake = () => {}) };
  }

  async keep(key: ObjectKey, autoscaler: HorizontalPodAutoscaler | undefined): Promise<number | undefined> {
    const wanted = autoscaler === undefined ? [] : wantedOf(autoscaler);
    if (autoscaler === undefined || wanted.length === 0) {
      if ((await this.#objects.get(scalingSampleKind, key)) !== null)
        await this.#objects.remove(scalingSampleKind, key);
      return undefined;
    }
    const now = this.#clock.now();
    const { name, namespace = "" } = autoscaler.metadata;
    const values = wanted.map(({ name: service, metric }) => ({
      kind: "Service",
      name: service,
      metric,
      value: canonicalQuantity(`${this.#loads.milliOf(metric, namespace, service, now)}m`),
    }));
    await this.#put({
      apiVersion: "catamaran.dev/v1",
      kind: "ScalingSample",
      metadata: { name, namespace },
      spec: { values },
    });
    return now + SAMPLE_MS;
  }

  async #put(sample: ScalingSample): Promise<void> {
    const key = keyOfObject(sample);
    const { spec } = sample;
    const changed = await this.#objects.change(scalingSampleKind, key, (live) => ({ ...live, spec }));
    if (changed === null && (await this.#objects.get(scalingSampleKind, key)) === null)
      await this.#objects.create(scalingSampleKind, sample);
  }
}
