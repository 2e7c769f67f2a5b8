/** ResourceQuota and LimitRange: what is refused, what is filled in, what is printed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { claimLimitFaults } from "./limits.ts";
import { type LimitRange, type LimitRangeItem, limitRangeKind } from "./limit-range.ts";
import { type ResourceQuota, resourceQuotaKind } from "./resource-quota.ts";

const metadata = { name: "q", namespace: "default" };

const quotas: readonly (readonly [title: string, spec: ResourceQuota["spec"], sentences: readonly string[]])[] = [
  ["counts, amounts and kinds", { hard: { pods: "4", "requests.cpu": "1500m", "count/widgets.example.com": "2" } }, []],
  [
    "an unknown name",
    { hard: { cpus: "1" } },
    [
      'spec.hard[cpus]: Invalid value: "cpus": must be a standard resource type or fully qualified',
      'spec.hard[cpus]: Invalid value: "cpus": must be a standard resource for quota',
    ],
  ],
  ["half a pod", { hard: { pods: "500m" } }, ['spec.hard[pods]: Invalid value: "500m": must be an integer']],
  [
    "less than none",
    { hard: { cpu: "-1" } },
    ['spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
  ],
  ["an unknown scope", { scopes: ["Some"] }, ['spec.scopes: Invalid value: ["Some"]: unsupported scope']],
  [
    "a scope that does not suit",
    { hard: { cpu: "1" }, scopes: ["BestEffort"] },
    ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
  ],
  [
    "scopes that leave nothing",
    { scopes: ["Terminating", "NotTerminating"] },
    ['spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes'],
  ],
  [
    "In without values",
    { scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In" }] } },
    [
      "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
    ],
  ],
  [
    "claims by their class of volume attributes",
    { hard: { persistentvolumeclaims: "1" }, scopes: ["VolumeAttributesClass"] },
    [],
  ],
];
for (const [title, spec, sentences] of quotas)
  test(`quota: ${title}`, () => {
    const found = resourceQuotaKind.validate?.({ metadata, spec }, null) ?? [];
    assert.deepEqual(
      found.map(({ field, message }) => `${field}: ${message}`),
      sentences,
    );
  });

test("scopes stay as they are", () => {
  const found =
    resourceQuotaKind.validate?.({ metadata, spec: { scopes: ["BestEffort"] } }, { metadata, spec: {} }) ?? [];
  assert.deepEqual(
    found.map(({ message }) => message),
    ['Invalid value: ["BestEffort"]: field is immutable'],
  );
});

test("the table has what is used of what there may be, limits apart", () => {
  const quota: ResourceQuota = {
    metadata,
    spec: {},
    status: { hard: { pods: "4", "limits.cpu": "2", "count/secrets": "1" }, used: { pods: "1", "limits.cpu": "0" } },
  };
  const cells = resourceQuotaKind.columns.slice(0, 2).map(({ cell }) => cell(quota, 0));
  assert.deepEqual(cells, ["count/secrets: 0/1, pods: 1/4", "limits.cpu: 0/2"]);
});

const ranges: readonly (readonly [title: string, item: LimitRangeItem, sentences: readonly string[]])[] = [
  ["whole", { type: "Container", min: { cpu: "1" }, max: { cpu: "4" }, maxLimitRequestRatio: { cpu: "2" } }, []],
  [
    "another type",
    { type: "Node" },
    ['spec.limits[0].type: Invalid value: "Node": must be a standard limit type or fully qualified'],
  ],
  [
    "more than most",
    { type: "Pod", min: { cpu: "2" }, max: { cpu: "1" } },
    ['spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'],
  ],
  [
    "defaults for a pod",
    { type: "Pod", default: { cpu: "1" } },
    ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"],
  ],
  [
    "a default that is too small",
    { type: "Container", min: { cpu: "2" }, default: { cpu: "1" }, defaultRequest: { cpu: "1" } },
    [
      'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1',
      'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1',
    ],
  ],
  [
    "a ratio that shrinks",
    { type: "Pod", maxLimitRequestRatio: { cpu: "500m" } },
    ['spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1'],
  ],
  [
    "a ratio out of reach",
    { type: "Pod", min: { cpu: "1" }, max: { cpu: "2" }, maxLimitRequestRatio: { cpu: "3" } },
    ['spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000'],
  ],
  [
    "claims need a bound",
    { type: "PersistentVolumeClaim" },
    [
      "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided",
    ],
  ],
  [
    "not of containers",
    { type: "Container", max: { storage: "1" } },
    ['spec.limits[0].max[storage]: Invalid value: "storage": must be a standard resource for containers'],
  ],
];
for (const [title, item, sentences] of ranges)
  test(`limit range: ${title}`, () => {
    const found = limitRangeKind.validate?.({ metadata, spec: { limits: [item] } }, null) ?? [];
    assert.deepEqual(
      found.map(({ field, message }) => `${field}: ${message}`),
      sentences,
    );
  });

test("what a container may have at most is what it gets and asks for, unless the range says otherwise", () => {
  const range: LimitRange = {
    metadata,
    spec: {
      limits: [
        { type: "Container", max: { cpu: "2", memory: "1Gi" }, min: { cpu: "1" }, defaultRequest: { memory: "1Mi" } },
      ],
    },
  };
  const [item] = limitRangeKind.defaults?.(range).spec.limits ?? [];
  assert.deepEqual(item?.default, { cpu: "2", memory: "1Gi" });
  assert.deepEqual(item?.defaultRequest, { cpu: "2", memory: "1Mi" });
});

test("claims by what they request", () => {
  const range: LimitRange = {
    metadata,
    spec: { limits: [{ type: "PersistentVolumeClaim", min: { storage: "2Gi" }, max: { storage: "4Gi" } }] },
  };
  assert.deepEqual(claimLimitFaults({ storage: "3Gi" }, range), []);
  assert.deepEqual(claimLimitFaults({ storage: "1Gi" }, range), [
    "minimum storage usage per PersistentVolumeClaim is 2Gi, but request is 1Gi",
  ]);
  assert.deepEqual(claimLimitFaults({ storage: "5Gi" }, range), [
    "maximum storage usage per PersistentVolumeClaim is 4Gi, but request is 5Gi",
  ]);
});
