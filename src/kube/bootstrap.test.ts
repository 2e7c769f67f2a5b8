/** The service "kubernetes" follows the door. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import { endpointsKind } from "#kinds/core/endpoints.ts";
import { endpointSliceKind } from "#kinds/networking/endpoint-slice.ts";
import { serviceKind } from "#kinds/core/service.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { bootstrap } from "./bootstrap.ts";

test('the service "kubernetes" follows the door to another port', async () => {
  const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const objects = deck.objects("test");
  for (const port of [6443, 7443]) {
    await bootstrap(objects, { kubernetesIp: "10.128.0.1", door: { host: "10.192.0.1", port } });
    const service = await objects.get(serviceKind, "default/kubernetes");
    const slice = await objects.get(endpointSliceKind, "default/kubernetes");
    const twin = await objects.get(endpointsKind, "default/kubernetes");
    assert.deepEqual(twin?.subsets, [
      { addresses: [{ ip: "10.192.0.1" }], ports: [{ name: "https", port, protocol: "TCP" }] },
    ]);
    assert.deepEqual(
      [service?.spec.clusterIP, service?.spec.ports?.[0]?.port, service?.spec.ports?.[0]?.targetPort],
      ["10.128.0.1", 443, port],
    );
    assert.deepEqual([slice?.endpoints[0]?.addresses, slice?.ports?.[0]?.port], [["10.192.0.1"], port]);
  }
  await deck[Symbol.asyncDispose]();
});
