/** Which pod addresses stand behind a Service port. Pure. */
import type { EndpointSlice } from "#kinds/networking/endpoint-slice.ts";
import type { Service } from "#kinds/core/service.ts";
import type { Address } from "./service-backend.ts";

/** Ready addresses; when none is ready, those that still serve while they terminate (KEP-1669). */
export function addressesOf(
  service: Service,
  slices: readonly EndpointSlice[],
  port: number | string,
): readonly Address[] {
  const wanted = (service.spec.ports ?? []).find((candidate) => candidate.port === port || candidate.name === port);
  if (wanted === undefined) return [];
  const ready: Address[] = [];
  const serving: Address[] = [];
  for (const slice of slices) {
    const slicePort = (slice.ports ?? []).find((candidate) => (candidate.name ?? "") === (wanted.name ?? ""))?.port;
    if (slicePort === undefined || slicePort === null) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const found = endpoint.addresses.map((host): Address => ({ host, port: slicePort }));
      if (endpoint.conditions?.ready !== false) ready.push(...found);
      else if (endpoint.conditions.serving === true) serving.push(...found);
    }
  }
  return ready.length > 0 ? ready : serving;
}

/** Round robin that skips what this request has tried; `start` advances by one a request. */
export function rotation(addresses: readonly Address[], start: number): () => Address | undefined {
  let tried = 0;
  return () => (tried >= addresses.length ? undefined : addresses[(start + tried++) % addresses.length]);
}
