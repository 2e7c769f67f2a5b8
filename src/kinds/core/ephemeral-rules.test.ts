/** Ephemeral containers: where they come in, what they may not say, and that they stay. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SubresourceName } from "#kinds/kind.ts";
import type { EphemeralContainer } from "./pod-spec.ts";
import { type Pod, podKind } from "./pod.ts";

const looker: EphemeralContainer = { name: "look", image: "tools" };

function podOf(...ephemeralContainers: readonly EphemeralContainer[]): Pod {
  const pod: Pod = {
    metadata: { name: "p", namespace: "default" },
    spec: {
      containers: [{ name: "web", image: "app" }],
      ...(ephemeralContainers.length > 0 && { ephemeralContainers }),
    },
  };
  return podKind.defaults?.(pod) ?? pod;
}

function sentences(next: Pod, live: Pod | null, part?: SubresourceName): readonly string[] {
  return (podKind.validate?.(next, live, part) ?? []).map(
    ({ field, message }) => `${field}: ${message.split("\n")[0]}`,
  );
}

const path = "spec.ephemeralContainers";
const cases: readonly (readonly [title: string, added: EphemeralContainer, sentences: readonly string[]])[] = [
  ["an image and a target", { ...looker, targetContainerName: "web", stdin: true, tty: true }, []],
  ["the name of another", { ...looker, name: "web" }, [`${path}[0].name: Duplicate value: "web"`]],
  ["no such target", { ...looker, targetContainerName: "db" }, [`${path}[0].targetContainerName: Not found: "db"`]],
  [
    "what serves",
    { ...looker, ports: [{ containerPort: 80 }], resources: { limits: { cpu: "1" } } },
    [
      `${path}[0].ports: Forbidden: cannot be set for an Ephemeral Container`,
      `${path}[0].resources: Forbidden: cannot be set for an Ephemeral Container`,
    ],
  ],
];
for (const [title, added, expected] of cases)
  test(`ephemeral containers: ${title}`, () => {
    assert.deepEqual(sentences(podOf(added), podOf(), "ephemeralcontainers"), expected);
  });

test("they come in by their own path only, and neither go nor change", () => {
  assert.deepEqual(sentences(podOf(looker), null), [`${path}: Forbidden: cannot be set on create`]);
  assert.match(sentences(podOf(looker), podOf())[0] ?? "", /pod updates may not change fields other than/);
  const part = "ephemeralcontainers";
  assert.deepEqual(sentences(podOf(), podOf(looker), part), [
    `${path}: Forbidden: existing ephemeral containers "look" may not be removed`,
  ]);
  assert.deepEqual(sentences(podOf({ ...looker, image: "other" }), podOf(looker), part), [
    `${path}: Forbidden: existing ephemeral containers "look" may not be changed`,
  ]);
});
