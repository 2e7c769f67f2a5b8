/** Draws from the distributions that traffic is made of, each from uniform numbers alone. Pure. */
import type { Random } from "#base/random.ts";

/** A quantity that varies: its mean, and the standard deviation of its logarithm (0: it does not vary). */
export interface Spread {
  readonly mean: number;
  readonly sigma: number;
}

/** Standard normal, by Box and Muller (Ann. Math. Statist. 29:610, 1958). */
export function normal(random: Random): number {
  // 1 - u is never 0.
  return Math.sqrt(-2 * Math.log(1 - random.number())) * Math.cos(2 * Math.PI * random.number());
}

/** Log-normal with that mean: times of services are close to it. */
export function drawn({ mean, sigma }: Spread, random: Random): number {
  return sigma === 0 ? mean : mean * Math.exp(sigma * normal(random) - (sigma * sigma) / 2);
}

/** Exponential with that mean. */
export function exponential(mean: number, random: Random): number {
  return -mean * Math.log(1 - random.number());
}

// Above it the normal distribution is as good, and does not take a draw for each event.
const LARGE_MEAN = 50;

/** How many events happen where `mean` are expected (Knuth, TAOCP 3.4.1). */
export function poisson(mean: number, random: Random): number {
  if (mean > LARGE_MEAN) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.number(); product > limit; product *= random.number()) count++;
  return count;
}
