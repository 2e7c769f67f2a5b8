/** Views of the same stored objects: there and back again changes nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { autoscalerV1Kind } from "#kinds/autoscaling/autoscaler-v1.ts";
import { withDefaults } from "#kinds/rules/defaults.ts";
import { type EventV1, eventV1Kind } from "#kinds/core/event-v1.ts";
import {
  type HorizontalPodAutoscaler,
  horizontalPodAutoscalerKind,
} from "#kinds/autoscaling/horizontal-pod-autoscaler.ts";
import { fromBase64, toBase64 } from "#kinds/schema/base64.ts";
import { podTemplateHash } from "#kinds/apps/pod-template-hash.ts";
import { qosClassOf } from "#kinds/core/qos.ts";

const stored: HorizontalPodAutoscaler = withDefaults(horizontalPodAutoscalerKind, {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "h", namespace: "default" },
  spec: {
    scaleTargetRef: { kind: "Deployment", name: "d" },
    maxReplicas: 5,
    behavior: { scaleDown: { stabilizationWindowSeconds: 5 } },
    metrics: [
      { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "64Mi" } } },
      { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } },
    ],
  },
  status: {
    desiredReplicas: 2,
    currentReplicas: 1,
    currentMetrics: [],
    conditions: [{ type: "AbleToScale", status: "True" }],
  },
});

test("autoscaling/v1 shows the CPU target and carries the rest in annotations", () => {
  const old = autoscalerV1Kind.storedAs?.fromStored(stored);
  assert.equal(old?.spec.targetCPUUtilizationPercentage, 70);
  assert.deepEqual(Object.keys(old?.metadata.annotations ?? {}).toSorted(), [
    "autoscaling.alpha.kubernetes.io/behavior",
    "autoscaling.alpha.kubernetes.io/conditions",
    "autoscaling.alpha.kubernetes.io/metrics",
  ]);
  assert.ok(old);
  assert.deepEqual(autoscalerV1Kind.storedAs?.toStored(old), stored);
});

test("events.k8s.io/v1 renames fields only", () => {
  const event: EventV1 = {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: "e", namespace: "default" },
    regarding: { kind: "Pod", name: "p" },
    note: "Started",
    reportingController: "kubelet",
    eventTime: "2026-01-01T00:00:00.000000Z",
    deprecatedCount: 2,
  };
  const inside = eventV1Kind.storedAs?.toStored(event);
  assert.deepEqual(inside, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e", namespace: "default" },
    involvedObject: { kind: "Pod", name: "p" },
    message: "Started",
    reportingComponent: "kubelet",
    eventTime: "2026-01-01T00:00:00.000000Z",
    count: 2,
  });
  assert.ok(inside);
  assert.deepEqual(eventV1Kind.storedAs?.fromStored(inside), event);
});

const classes: readonly (readonly [resources: readonly Record<string, Record<string, string>>[], expected: string])[] =
  [
    [[{}], "BestEffort"],
    [[{ requests: { cpu: "0" } }], "BestEffort"],
    [[{ requests: { cpu: "1" } }], "Burstable"],
    [[{ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1000m", memory: "1024Mi" } }], "Guaranteed"],
    [[{ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } }], "Burstable"],
    [[{ limits: { cpu: "1", memory: "1Gi" } }, {}], "Burstable"],
  ];

for (const [resources, expected] of classes) {
  test(`${JSON.stringify(resources)} is ${expected}`, () => {
    const containers = resources.map((one, index) => ({ name: `c${index}`, resources: one }));
    assert.equal(qosClassOf({ containers }), expected);
  });
}

test("base64 agrees with the platform's", () => {
  for (let length = 0; length < 20; length++) {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 37 + length) % 256);
    const text = Buffer.from(bytes).toString("base64");
    assert.equal(toBase64(bytes), text);
    assert.deepEqual(fromBase64(text), bytes);
  }
});

test("the template hash depends on content only", () => {
  const one = podTemplateHash({ metadata: { labels: { a: "1", b: "2" } }, spec: { containers: [] } });
  const same = podTemplateHash({ spec: { containers: [] }, metadata: { labels: { b: "2", a: "1" } } });
  assert.equal(one, same);
  assert.match(one, /^[b-df-hj-np-tv-z2-9]{5,10}$/);
  assert.notEqual(one, podTemplateHash({ spec: { containers: [] } }));
  assert.notEqual(one, podTemplateHash({ metadata: { labels: { a: "1", b: "2" } }, spec: { containers: [] } }, 1));
});
