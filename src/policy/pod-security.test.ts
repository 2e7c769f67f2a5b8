/** The Pod Security Standards as a table: each check at each of its versions, in upstream's words; and the labels that choose among them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, PodSpec } from "#kinds/core/pod-spec.ts";
import { detailsOf, isStricter, podSecurityOf, type Standard, standardText, violationsOf } from "./pod-security.ts";

const HARD: NonNullable<Container["securityContext"]> = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" },
};

type Context = NonNullable<Container["securityContext"]>;

/** A hardened pod whose only container has this context on top. */
function pod(context: Context = {}, spec: Partial<PodSpec> = {}): Partial<PodSpec> {
  return { containers: [{ name: "c", securityContext: { ...HARD, ...context } }], ...spec };
}

interface Case {
  readonly title: string;
  readonly spec: Partial<PodSpec>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly at: string;
  readonly is: string;
}

const probe = (host: string): Partial<Container> => ({ livenessProbe: { tcpSocket: { port: 1, host } } });

const cases: readonly Case[] = [
  { title: "a hardened pod", spec: pod(), at: "restricted:latest", is: "" },
  { title: "anything", spec: pod({ privileged: true }, { hostPID: true }), at: "privileged:latest", is: "" },
  { title: "a plain pod", spec: { containers: [{ name: "c" }] }, at: "baseline:latest", is: "" },
  {
    title: "a plain pod",
    spec: { containers: [{ name: "c" }] },
    at: "restricted:latest",
    is: 'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  },
  {
    title: "init, plain and ephemeral containers, in this order",
    spec: {
      containers: [{ name: "c", securityContext: { privileged: true } }],
      initContainers: [{ name: "i", securityContext: { privileged: true } }],
      ephemeralContainers: [{ name: "e", securityContext: { privileged: true } }],
    },
    at: "baseline:latest",
    is: 'privileged (containers "i", "c", "e" must not set securityContext.privileged=true)',
  },
  {
    title: "AppArmor of the pod, a container and an annotation",
    spec: pod(
      { appArmorProfile: { type: "Unconfined" } },
      { securityContext: { appArmorProfile: { type: "Unconfined" } } },
    ),
    annotations: { "container.apparmor.security.beta.kubernetes.io/c": "unconfined" },
    at: "baseline:latest",
    is: 'forbidden AppArmor profiles (pod and container "c" and annotation must not set AppArmor profile type to "Unconfined", "container.apparmor.security.beta.kubernetes.io/c="unconfined"")',
  },
  {
    title: "AppArmor by allowed profiles",
    spec: pod({ appArmorProfile: { type: "Localhost" } }),
    annotations: {
      "container.apparmor.security.beta.kubernetes.io/a": "runtime/default",
      "container.apparmor.security.beta.kubernetes.io/b": "localhost/x",
      "container.apparmor.security.beta.kubernetes.io/c": "",
      other: "unconfined",
    },
    at: "baseline:latest",
    is: "",
  },
  {
    title: "AppArmor by two annotations",
    spec: pod(),
    annotations: {
      "container.apparmor.security.beta.kubernetes.io/b": "x",
      "container.apparmor.security.beta.kubernetes.io/a": "y",
    },
    at: "baseline:latest",
    is: 'forbidden AppArmor profiles (annotations must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/a="y"", "container.apparmor.security.beta.kubernetes.io/b="x"")',
  },
  {
    title: "capabilities beyond the default",
    spec: {
      containers: [
        { name: "a", securityContext: { capabilities: { add: ["NET_RAW", "CHOWN"] } } },
        { name: "b", securityContext: { capabilities: { add: ["BPF"] } } },
        { name: "c", securityContext: { capabilities: { add: ["KILL"] } } },
      ],
    },
    at: "baseline:latest",
    is: 'non-default capabilities (containers "a", "b" must not include "BPF", "NET_RAW" in securityContext.capabilities.add)',
  },
  {
    title: "capabilities that only baseline allows",
    spec: pod({ capabilities: { add: ["CHOWN", "NET_BIND_SERVICE"] } }),
    at: "restricted:latest",
    is: 'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]; container "c" must not include "CHOWN" in securityContext.capabilities.add)',
  },
  {
    title: "capabilities, before restricted had a check of its own",
    spec: pod({ capabilities: { add: ["CHOWN", "BPF"] } }),
    at: "restricted:v1.21",
    is: 'non-default capabilities (container "c" must not include "BPF" in securityContext.capabilities.add)',
  },
  {
    title: "one host namespace",
    spec: pod({}, { hostNetwork: true, hostPID: false }),
    at: "baseline:latest",
    is: "host namespaces (hostNetwork=true)",
  },
  {
    title: "all host namespaces",
    spec: pod({}, { hostIPC: true, hostNetwork: true, hostPID: true }),
    at: "baseline:v1.0",
    is: "host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)",
  },
  {
    title: "a path of the host",
    spec: pod({}, { volumes: [{ name: "v", hostPath: { path: "/" } }] }),
    at: "baseline:latest",
    is: 'hostPath volumes (volume "v")',
  },
  {
    title: "a path of the host, where it is one of many forbidden types",
    spec: pod(
      {},
      {
        volumes: [
          { name: "v", hostPath: { path: "/" } },
          { name: "n", nfs: {} } as unknown as { readonly name: string },
          { name: "ok", emptyDir: {} },
          { name: "claim", persistentVolumeClaim: { claimName: "x" } },
        ],
      },
    ),
    at: "restricted:latest",
    is: 'restricted volume types (volumes "v", "n" use restricted volume types "hostPath", "nfs")',
  },
  {
    title: "a volume of no type",
    spec: pod({}, { volumes: [{ name: "v" }] }),
    at: "restricted:latest",
    is: 'restricted volume types (volume "v" uses restricted volume type "unknown")',
  },
  {
    title: "a port of the host",
    spec: { containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 80 }, { containerPort: 81 }] }] },
    at: "baseline:latest",
    is: 'hostPort (container "c" uses hostPort 80)',
  },
  {
    title: "ports of the host, in the order of their texts",
    spec: {
      containers: [
        { name: "a", ports: [{ containerPort: 9, hostPort: 9 }] },
        { name: "b", ports: [{ containerPort: 80, hostPort: 80 }] },
      ],
    },
    at: "baseline:latest",
    is: 'hostPort (containers "a", "b" use hostPorts 80, 9)',
  },
  {
    title: "a probe that asks another host",
    spec: { containers: [{ name: "c", ...probe("10.0.0.1") }] },
    at: "baseline:latest",
    is: 'probe or lifecycle host (container "c" uses probe or lifecycle host "10.0.0.1")',
  },
  {
    title: "probes and hooks that ask other hosts",
    spec: {
      containers: [
        {
          name: "b",
          readinessProbe: { httpGet: { port: 1, host: "z" } },
          lifecycle: { preStop: { httpGet: { port: 1, host: "y" } } },
        },
        {
          name: "a",
          startupProbe: { httpGet: { port: 1, host: "" } },
          lifecycle: { postStart: { tcpSocket: { port: 1, host: "x" } } },
        },
      ],
    },
    at: "baseline:v1.34",
    is: 'probe or lifecycle host (containers "a", "b" use probe or lifecycle hosts "x", "y", "z")',
  },
  {
    title: "a probe that asks another host, before that was a check",
    spec: { containers: [{ name: "c", ...probe("10.0.0.1") }] },
    at: "baseline:v1.33",
    is: "",
  },
  {
    title: "an unmasked /proc",
    spec: pod({ procMount: "Unmasked" }),
    at: "baseline:latest",
    is: 'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
  },
  { title: "the masked /proc", spec: pod({ procMount: "Default" }), at: "baseline:latest", is: "" },
  {
    title: "SELinux options",
    spec: pod(
      { seLinuxOptions: { user: "u", role: "r" } },
      { securityContext: { seLinuxOptions: { type: "spc_t", level: "s0" } } },
    ),
    at: "baseline:latest",
    is: 'seLinuxOptions (pod and container "c" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set; role may not be set)',
  },
  {
    title: "a type of SELinux that came later",
    spec: pod({ seLinuxOptions: { type: "container_engine_t" } }),
    at: "baseline:v1.30",
    is: 'seLinuxOptions (container "c" set forbidden securityContext.seLinuxOptions: type "container_engine_t")',
  },
  {
    title: "a type of SELinux that came later, since then",
    spec: pod({ seLinuxOptions: { type: "container_engine_t" } }),
    at: "baseline:v1.31",
    is: "",
  },
  {
    title: "no seccomp",
    spec: pod(
      { seccompProfile: { type: "Unconfined" } },
      { securityContext: { seccompProfile: { type: "Unconfined" } } },
    ),
    at: "baseline:latest",
    is: 'seccompProfile (pod and container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
  },
  {
    title: "no seccomp",
    spec: pod({ seccompProfile: { type: "Unconfined" } }),
    at: "restricted:latest",
    is: 'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
  },
  {
    title: "no seccomp, when it was an annotation",
    spec: pod({ seccompProfile: { type: "Unconfined" } }),
    annotations: {
      "seccomp.security.alpha.kubernetes.io/pod": "unconfined",
      "container.seccomp.security.alpha.kubernetes.io/c": "docker/default",
    },
    at: "restricted:v1.18",
    is: 'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
  },
  {
    title: "seccomp of the pod, which is the containers' too",
    spec: {
      securityContext: { seccompProfile: { type: "Localhost" }, runAsNonRoot: true },
      containers: [
        { name: "c", securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } },
      ],
    },
    at: "restricted:latest",
    is: "",
  },
  {
    title: "sysctls of each version",
    spec: pod(
      {},
      {
        securityContext: {
          sysctls: [
            "kernel.shm_rmid_forced",
            "net.ipv4.ip_local_reserved_ports",
            "net.ipv4.tcp_fin_timeout",
            "net.ipv4.tcp_rmem",
            "kernel.msgmax",
          ].map((name) => ({ name, value: "1" })),
        },
      },
    ),
    at: "baseline:v1.0",
    is: "forbidden sysctls (net.ipv4.ip_local_reserved_ports, net.ipv4.tcp_fin_timeout, net.ipv4.tcp_rmem, kernel.msgmax)",
  },
  {
    title: "sysctls of the latest version",
    spec: pod(
      {},
      {
        securityContext: {
          sysctls: ["net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_rmem", "kernel.msgmax"].map((name) => ({
            name,
            value: "1",
          })),
        },
      },
    ),
    at: "baseline:v1.99",
    is: "forbidden sysctls (kernel.msgmax)",
  },
  {
    title: "sysctls as of 1.29",
    spec: pod({}, { securityContext: { sysctls: [{ name: "net.ipv4.tcp_rmem", value: "1" }] } }),
    at: "baseline:v1.31",
    is: "forbidden sysctls (net.ipv4.tcp_rmem)",
  },
  {
    title: "a process of a Windows host",
    spec: pod({}, { securityContext: { windowsOptions: { hostProcess: true } } }),
    at: "baseline:latest",
    is: "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
  },
  {
    title: "escalation, before that was a check",
    spec: pod({ allowPrivilegeEscalation: true }),
    at: "restricted:v1.7",
    is: "",
  },
  {
    title: "escalation",
    spec: pod({ allowPrivilegeEscalation: true }),
    at: "restricted:v1.8",
    is: 'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
  },
  {
    title: "a pod of Windows, which cannot set these fields",
    spec: { os: { name: "windows" }, securityContext: { runAsNonRoot: true }, containers: [{ name: "c" }] },
    at: "restricted:v1.25",
    is: "",
  },
  {
    title: "a pod of Windows, before it was excused",
    spec: { os: { name: "windows" }, securityContext: { runAsNonRoot: true }, containers: [{ name: "c" }] },
    at: "restricted:v1.21",
    is: 'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  },
  {
    title: "root by the pod and a container",
    spec: pod({ runAsNonRoot: false, runAsUser: 0 }, { securityContext: { runAsNonRoot: false, runAsUser: 0 } }),
    at: "restricted:latest",
    is: 'runAsNonRoot != true (pod and container "c" must not set securityContext.runAsNonRoot=false), runAsUser=0 (pod and container "c" must not set runAsUser=0)',
  },
  {
    title: "root by number, before that was a check",
    spec: pod({ runAsUser: 0 }),
    at: "restricted:v1.22",
    is: "",
  },
];

function standard(text: string): Standard {
  const [level = "", version = ""] = text.split(":");
  const labels = { "pod-security.kubernetes.io/enforce": level, "pod-security.kubernetes.io/enforce-version": version };
  const { policy, faults } = podSecurityOf(labels);
  assert.deepEqual(faults, []);
  assert.equal(standardText(policy.enforce), text);
  return policy.enforce;
}

for (const { title, spec, annotations = {}, at, is } of cases)
  test(`${at}: ${title}`, () => {
    const found = violationsOf(standard(at), { annotations, spec: { containers: [], ...spec } });
    assert.equal(detailsOf(found), is);
  });

const labelCases: readonly {
  readonly title: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly is: string;
  readonly faults?: readonly string[];
}[] = [
  { title: "none", labels: {}, is: "privileged:latest privileged:latest privileged:latest" },
  { title: "others", labels: { app: "x" }, is: "privileged:latest privileged:latest privileged:latest" },
  {
    title: "enforce alone warns too",
    labels: { enforce: "baseline", "enforce-version": "v1.30" },
    is: "baseline:v1.30 privileged:latest baseline:v1.30",
  },
  {
    title: "enforce warns at the version that is given for warnings",
    labels: { enforce: "baseline", "enforce-version": "v1.30", "warn-version": "v1.31" },
    is: "baseline:v1.30 privileged:latest baseline:v1.31",
  },
  {
    title: "warnings may be looser",
    labels: { enforce: "restricted", warn: "baseline" },
    is: "restricted:latest privileged:latest baseline:latest",
  },
  {
    title: "each mode its own",
    labels: { enforce: "privileged", audit: "baseline", "audit-version": "v1.20", warn: "restricted" },
    is: "privileged:latest baseline:v1.20 restricted:latest",
  },
  {
    title: "what cannot be read is enforced strictly and recorded not at all",
    labels: {
      enforce: "strict",
      audit: "x",
      warn: "",
      "enforce-version": "1.30",
      "audit-version": "v1.01",
      "warn-version": "v2.0",
    },
    is: "restricted:latest privileged:latest privileged:latest",
    faults: [
      "enforce=strict: must be one of privileged, baseline, restricted",
      'enforce-version=1.30: must be "latest" or "v1.x"',
      "audit=x: must be one of privileged, baseline, restricted",
      'audit-version=v1.01: must be "latest" or "v1.x"',
      "warn=: must be one of privileged, baseline, restricted",
      'warn-version=v2.0: must be "latest" or "v1.x"',
    ],
  },
  {
    title: "what cannot be read does not warn",
    labels: { enforce: "strict" },
    is: "restricted:latest privileged:latest privileged:latest",
    faults: ["enforce=strict: must be one of privileged, baseline, restricted"],
  },
];

for (const { title, labels, is, faults = [] } of labelCases)
  test(`labels of a namespace: ${title}`, () => {
    const prefix = "pod-security.kubernetes.io/";
    const found = podSecurityOf(
      Object.fromEntries(Object.entries(labels).map(([name, value]) => [name === "app" ? name : prefix + name, value])),
    );
    const { enforce, audit, warn } = found.policy;
    assert.equal([enforce, audit, warn].map(standardText).join(" "), is);
    assert.deepEqual(
      found.faults.map(({ label, value, detail }) => `${label.slice(prefix.length)}=${value}: ${detail}`),
      faults,
    );
  });

const stricter: readonly (readonly [next: string, before: string, is: boolean])[] = [
  ["baseline:latest", "baseline:latest", false],
  ["baseline:latest", "privileged:latest", true],
  ["restricted:latest", "baseline:latest", true],
  ["baseline:latest", "restricted:latest", false],
  ["baseline:v1.30", "restricted:latest", true],
  ["privileged:v1.30", "restricted:latest", false],
];
for (const [next, before, is] of stricter)
  test(`${next} ${is ? "may refuse" : "refuses nothing"} that ${before} allowed`, () =>
    assert.equal(isStricter(standard(next), standard(before)), is));
