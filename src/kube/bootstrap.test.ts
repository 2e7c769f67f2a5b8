/** What every namespace gets, and that the service "kubernetes" follows the door. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Seen } from "#deck/controller.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import { IndexedView } from "#deck/views.ts";
import { configMapKind } from "#kinds/core/config-map.ts";
import { endpointsKind } from "#kinds/core/endpoints.ts";
import { endpointSliceKind } from "#kinds/networking/endpoint-slice.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Namespace } from "#kinds/core/namespace.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import { serviceKind } from "#kinds/core/service.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { bootstrap, namespaceContents } from "./bootstrap.ts";

const account: KubeObject = { metadata: { name: "default", namespace: "a" } };
const certificate = (text: string): KubeObject =>
  ({ metadata: { name: "kube-root-ca.crt", namespace: "a" }, data: { "ca.crt": text } }) as KubeObject;
const living: Namespace = { metadata: { name: "a" } };
const going: Namespace = { metadata: { name: "a", deletionTimestamp: "2026-01-01T00:00:00Z" } };

const cases: readonly (readonly [
  title: string,
  namespace: Namespace,
  there: readonly KubeObject[],
  verbs: readonly string[],
])[] = [
  ["a new one gets both", living, [], ["create serviceaccounts", "create configmaps"]],
  ["a complete one nothing", living, [account, certificate("ca")], []],
  ["a certificate that was changed is put right", living, [account, certificate("mine")], ["patch configmaps"]],
  ["one that is going gets nothing", going, [], []],
];

for (const [title, namespace, there, verbs] of cases) {
  test(`what a namespace has: ${title}`, () => {
    const seen = {
      view: (kind: Kind): IndexedView<KubeObject> => {
        const view = new IndexedView<KubeObject>();
        for (const each of there)
          if ("data" in each === (kind.plural === "configmaps")) view.put(keyOfObject(each), each);
        return view;
      },
    };
    const { changes } = namespaceContents("ca").plan("/a", namespace, seen as unknown as Seen, undefined, 0);
    assert.deepEqual(
      changes.map((change) => `${change.verb} ${change.verb === "event" ? "" : change.kind.plural}`),
      verbs,
    );
    assert.ok(!verbs.includes("patch configmaps") || (changes[0] as { readonly kind: Kind }).kind === configMapKind);
  });
}

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
