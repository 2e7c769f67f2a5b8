/** The conditional defaults of services, after SetDefaults_Service, and what goes when a service changes. */
import assert from "node:assert/strict";
import test from "node:test";
import { serviceKind } from "./service.ts";
import type { ServiceSpec } from "./service-spec.ts";

const ports = [{ port: 80 }];
const sticky = (timeoutSeconds: number): object => ({ clientIP: { timeoutSeconds } });
const cases: readonly (readonly [title: string, spec: ServiceSpec, wanted: object])[] = [
  ["no affinity has no configuration", { ports, sessionAffinity: "None", sessionAffinityConfig: sticky(5) }, {}],
  ["nor has affinity by default", { ports, sessionAffinityConfig: sticky(5) }, { sessionAffinity: "None" }],
  ["ClientIP lasts three hours", { ports, sessionAffinity: "ClientIP" }, { sessionAffinityConfig: sticky(10_800) }],
  [
    "ClientIP lasts as long as asked",
    { ports, sessionAffinity: "ClientIP", sessionAffinityConfig: sticky(5) },
    { sessionAffinityConfig: sticky(5) },
  ],
  ["external addresses have a policy", { ports, externalIPs: ["1.2.3.4"] }, { externalTrafficPolicy: "Cluster" }],
  ["others have none", { ports }, { externalTrafficPolicy: undefined }],
];

for (const [title, spec, wanted] of cases)
  test(`service defaults: ${title}`, () => {
    const defaulted = serviceKind.defaults?.({ metadata: { name: "s" }, spec }).spec;
    const expected = { sessionAffinityConfig: undefined, ...wanted };
    for (const [name, value] of Object.entries(expected))
      assert.deepEqual(defaulted?.[name as keyof ServiceSpec], value);
  });
