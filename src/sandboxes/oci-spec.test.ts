/** What every sandbox's bundle must say, whatever the function: the parts that keep it in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ociSpec, type SlotPlan } from "./oci-spec.ts";

const plan: SlotPlan = {
  id: "s1",
  index: 7,
  rootDir: "/roots/node",
  slotDir: "/slots/s1",
  cgroupsPath: "/ctm-x-fn/s1",
  heapMib: 115,
  memoryMib: 128,
  hasUserNamespace: true,
  hasInit: true,
  options: {},
};

interface Spec {
  readonly root: { readonly readonly: boolean };
  readonly process: {
    readonly noNewPrivileges: boolean;
    readonly capabilities: Readonly<Record<string, readonly string[]>>;
    readonly user: { readonly uid: number };
  };
  readonly mounts: readonly {
    readonly destination: string;
    readonly source: string;
    readonly options: readonly string[];
  }[];
  readonly linux: {
    readonly namespaces: readonly { readonly type: string }[];
    readonly uidMappings?: readonly { readonly hostID: number; readonly size: number }[];
    readonly resources: { readonly pids: { readonly limit: number }; readonly memory: { readonly limit: number } };
    readonly seccomp: {
      readonly defaultAction: string;
      readonly syscalls: readonly {
        readonly names: readonly string[];
        readonly action: string;
        readonly args?: unknown;
      }[];
    };
  };
}

const spec = ociSpec(plan) as Spec;
const freely = new Set(
  spec.linux.seccomp.syscalls
    .filter(({ action, args }) => action === "SCMP_ACT_ALLOW" && args === undefined)
    .flatMap(({ names }) => names),
);

test("no capability, no new privileges, no root, a read-only file system", () => {
  assert.ok(Object.values(spec.process.capabilities).every((list) => list.length === 0));
  assert.equal(spec.process.noNewPrivileges, true);
  assert.notEqual(spec.process.user.uid, 0);
  assert.equal(spec.root.readonly, true);
});

test("every namespace is its own, and so are the users", () => {
  assert.deepEqual(spec.linux.namespaces.map(({ type }) => type).toSorted(), [
    "cgroup",
    "ipc",
    "mount",
    "network",
    "pid",
    "user",
    "uts",
  ]);
  const other = ociSpec({ ...plan, index: 8 }) as Spec;
  const [mine, theirs] = [spec.linux.uidMappings?.[0], other.linux.uidMappings?.[0]];
  assert.equal((theirs?.hostID ?? 0) - (mine?.hostID ?? 0), mine?.size);
});

test("everything but /tmp is mounted read-only, nothing with devices or set-user-id", () => {
  const bound = spec.mounts.filter(({ options }) => options.includes("rbind"));
  assert.deepEqual(
    bound.filter(({ options }) => !options.includes("ro")).map(({ destination }) => destination),
    ["/tmp"],
  );
  assert.ok(bound.every(({ options }) => options.includes("nosuid") && options.includes("nodev")));
});

for (const name of [
  "ptrace",
  "mount",
  "unshare",
  "setns",
  "bpf",
  "keyctl",
  "io_uring_setup",
  "clone3",
  "clone",
  "perf_event_open",
  "process_vm_readv",
  "kexec_load",
  "userfaultfd",
]) {
  test(`the system call ${name} is not free to use`, () => assert.equal(freely.has(name), false));
}
