/** What the gateway serves says where: the addresses of Ingresses and HTTP APIs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { type HttpApi, httpApiKind } from "#kinds/catamaran/http-api.ts";
import { type Ingress, ingressKind } from "#kinds/networking/ingress.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { instanceControllers } from "./all.ts";
import { SampleCluster } from "./sample-cluster.ts";

const yieldOnce = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const OURS = [{ ip: "127.0.0.1", ports: [{ port: 8080, protocol: "TCP" }] }];

function open(): Promise<SampleCluster> {
  const controllers = instanceControllers({ edge: { ip: "127.0.0.1", port: 8080 }, ca: "" });
  return SampleCluster.open(new MemoryJournal(new FakeClock()), controllers, yieldOnce);
}

function ingress(spec: Partial<Ingress["spec"]> = {}, annotations: Readonly<Record<string, string>> = {}): Ingress {
  const defaultBackend = { service: { name: "web", port: { number: 80 } } };
  return { metadata: { name: "web", namespace: "default", annotations }, spec: { defaultBackend, ...spec } };
}

function addresses(cluster: SampleCluster): unknown {
  return cluster.list<Ingress>(ingressKind)[0]?.status?.loadBalancer?.ingress;
}

const cases: readonly { readonly title: string; readonly made: Ingress; readonly is: unknown }[] = [
  { title: "without a class has the gateway's address", made: ingress(), is: OURS },
  { title: "of our class has it", made: ingress({ ingressClassName: "catamaran" }), is: OURS },
  { title: "of another class has none", made: ingress({ ingressClassName: "nginx" }), is: undefined },
  {
    title: "of another class by its annotation has none",
    made: ingress({}, { "kubernetes.io/ingress.class": "nginx" }),
    is: undefined,
  },
];
for (const { title, made, is } of cases)
  test(`an Ingress ${title}`, async () => {
    await using cluster = await open();
    await cluster.objects.create(ingressKind, made);
    await cluster.settle();
    assert.deepEqual(addresses(cluster), is);
  });

test("an Ingress that is given to another class loses our address, and another's stays", async () => {
  await using cluster = await open();
  await cluster.objects.create(ingressKind, ingress());
  await cluster.settle();
  const give = (ip?: string): Promise<unknown> =>
    cluster.objects.change(
      ingressKind,
      "default/web",
      (live) =>
        ip === undefined
          ? { ...live, spec: { ...live.spec, ingressClassName: "nginx" } }
          : { ...live, status: { loadBalancer: { ingress: [{ ip }] } } },
      ip === undefined ? {} : { subresource: "status" },
    );
  await give();
  await cluster.settle();
  assert.equal(addresses(cluster), undefined);
  await give("10.1.1.1");
  await cluster.settle();
  assert.deepEqual(addresses(cluster), [{ ip: "10.1.1.1" }]);
});

test("an HTTP API says its URL", async () => {
  await using cluster = await open();
  await cluster.objects.create<HttpApi>(httpApiKind, {
    metadata: { name: "Users", namespace: "default" },
    spec: { routes: [{ routeKey: "$default", function: "f" }] },
  });
  await cluster.settle();
  const [api] = cluster.list<HttpApi>(httpApiKind);
  assert.equal(api?.status?.endpoint, "http://users.execute-api.localhost:8080");
  const columns = httpApiKind.columns.map(({ cell }) => (api === undefined ? null : cell(api, 0)));
  assert.equal(columns[2], "http://users.execute-api.localhost:8080");
});
