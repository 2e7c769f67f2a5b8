/** What a whole pod asks for and may use, of every resource (upstream's component-helpers/resource). Exact, for quotas and limit ranges. */
import { type Nanos, parseNanos } from "#base/quantity.ts";
import type { Container, PodSpec, ResourceList } from "./pod-spec.ts";

export type AmountsByName = ReadonlyMap<string, Nanos>;

/** The containers and sidecars together, or the greediest init container where that is more. */
export function amountsOf(spec: PodSpec, part: "requests" | "limits"): AmountsByName {
  let sidecars: AmountsByName = new Map();
  let peak: AmountsByName = new Map();
  for (const container of spec.initContainers ?? []) {
    const together = plus(sidecars, partOf(container, part));
    if (container.restartPolicy === "Always") sidecars = together;
    peak = most(peak, together);
  }
  const running = spec.containers.map((container) => partOf(container, part)).reduce(plus, sidecars);
  return most(running, peak);
}

/** With what the sandbox itself needs: of limits only where there is one. */
export function amountsWithOverhead(spec: PodSpec, part: "requests" | "limits"): AmountsByName {
  const amounts = amountsOf(spec, part);
  const overhead = [...nanosOf(spec.overhead)].filter(([name]) => part === "requests" || amounts.has(name));
  return plus(amounts, new Map(overhead));
}

export function nanosOf(list: ResourceList | undefined): AmountsByName {
  return new Map(Object.entries(list ?? {}).map(([name, amount]) => [name, parseNanos(amount) ?? 0n]));
}

function partOf({ resources }: Container, part: "requests" | "limits"): AmountsByName {
  return nanosOf(resources?.[part]);
}

function plus(a: AmountsByName, b: AmountsByName): AmountsByName {
  const sum = new Map(a);
  for (const [name, amount] of b) sum.set(name, (sum.get(name) ?? 0n) + amount);
  return sum;
}

function most(a: AmountsByName, b: AmountsByName): AmountsByName {
  const greater = new Map(a);
  for (const [name, amount] of b) if (amount > (greater.get(name) ?? -1n)) greater.set(name, amount);
  return greater;
}
