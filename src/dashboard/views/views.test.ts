/** Every page of the dashboard: how it is found, what it may read, and that nothing foreign becomes part of it. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Objects, View } from "#deck/objects.ts";
import { configMapKind } from "#kinds/core/config-map.ts";
import { podKind } from "#kinds/core/pod.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { defaultPriceBook } from "#metering/price-book.ts";
import { Minute } from "../minute.ts";
import { pageHtml } from "../page.ts";
import { SeenObjects } from "../seen-objects.ts";
import { dashboardViews } from "./all.ts";
import { compareView } from "./compare.ts";
import { logsView } from "./logs.ts";
import { servicesView } from "./services.ts";
import type { DashboardSeen, DashboardView } from "./view.ts";

const HOSTILE = `<script>alert(1)</script>"'`;

/** An instance with one object of each kind, whose name is hostile. */
function seenBy({ needs }: Pick<DashboardView, "needs">, opened: string[] = []): DashboardSeen {
  const object = {
    metadata: { name: HOSTILE, namespace: HOSTILE },
    spec: {
      containers: [{ name: HOSTILE }, { name: "b" }],
      selector: {},
      template: { spec: { containers: [] } },
    },
    containers: [],
  };
  const one = { list: () => [object], get: () => object, [Symbol.dispose]: () => {} };
  const view = <T extends KubeObject>({ plural }: Kind<T>): View<T> => {
    opened.push(plural);
    return one as unknown as View<T>;
  };
  const minute = new Minute();
  return {
    objects: new SeenObjects({ view } as Pick<Objects, "view">, needs),
    running: () => ({ running: 1, idle: 0 }),
    figures: (backend) => minute.figures(backend, 0),
    managed: {
      queues: {
        messagesOf: () => ({
          counts: async () => ({ visible: 1, inFlight: 2, delayed: 0 }),
          peek: async () => [{ id: HOSTILE, body: HOSTILE, sentAtMs: 0, sequence: "", sender: "" }],
        }),
        sourcesOf: () => [],
      },
      tables: { count: async () => ({ rows: 3, bytes: 30 }) },
      buckets: { contentsOf: () => ({ objects: { count: async () => 4 } }) },
    },
    book: defaultPriceBook,
    comparison: async () => null,
  };
}

test("names, paths and titles are there once; the first page is the root", () => {
  for (const member of ["name", "path", "title"] as const)
    assert.equal(new Set(dashboardViews.map((view) => view[member])).size, dashboardViews.length);
  assert.equal(dashboardViews[0]?.path, "/");
});

for (const view of dashboardViews) {
  test(`${view.title} reads only what it needs, and shows no name as part of the page`, async () => {
    const query = new URLSearchParams({ of: `pod/${HOSTILE}/${HOSTILE}` });
    const body = await view.view(seenBy(view), query);
    assert.ok(body.includes("<h1"));
    assert.equal(body.includes("<script>"), false);
  });

  test(`${view.title} is marked in a navigation that lists every page in order`, () => {
    const html = pageHtml({ page: view, pages: dashboardViews, instance: "<mine>" }, "BODY");
    const links = [...html.matchAll(/<a href="([^"]*)"( aria-current="page")?>([^<]*)<\/a>/g)];
    assert.deepEqual(
      links.map(([, path, current, title]) => [path, title, current !== undefined]),
      dashboardViews.map(({ path, title, name }) => [path, title, name === view.name]),
    );
    assert.match(html, new RegExp(`<script src="/${view.script}" defer></script>`));
    assert.match(html, new RegExp(`<body data-page="${view.name}">.*&#60;mine&#62;.*<main>BODY</main>`));
  });
}

test("a kind that several pages need is watched once; one that none needs is not there", () => {
  const opened: string[] = [];
  const { objects } = seenBy({ needs: [podKind, podKind] }, opened);
  assert.deepEqual(opened, ["pods"]);
  assert.equal(objects.of(podKind).list().length, 1);
  assert.throws(() => objects.of(configMapKind), /no page of the dashboard needs configmaps/);
});

test("the comparison is shown when there is one, and how to make one when there is none", async () => {
  const seen = seenBy(compareView);
  assert.match(await compareView.view(seen, new URLSearchParams()), /npx catamaran demo/);
  const shown = await compareView.view({ ...seen, comparison: async () => "REPORT" }, new URLSearchParams());
  assert.equal(shown, "REPORT");
});

test("a pod's containers can be chosen among", async () => {
  const body = await logsView.view(seenBy(logsView), new URLSearchParams({ of: "pod/default/web" }));
  assert.match(body, /id="container"/);
  assert.match(body, /<option value="b">b<\/option>/);
});

test("what managed services hold is counted; a queue's messages are text", async () => {
  const all = await servicesView.view(seenBy(servicesView), new URLSearchParams());
  assert.match(all, /1 visible, 2 in flight, 0 delayed[^]*3 items, 30 bytes[^]*4 objects/);
  const one = await servicesView.view(seenBy(servicesView), new URLSearchParams({ queue: "default/orders" }));
  assert.match(one, /<pre>&#60;script&#62;/);
  assert.equal(one.includes("<script>"), false);
});
