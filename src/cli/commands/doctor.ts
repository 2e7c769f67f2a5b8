/** `catamaran doctor`: what this machine can and cannot run, and what would mend it. Changes nothing. */
import { existsSync } from "node:fs";
import { readFile, statfs } from "node:fs/promises";
import { freemem } from "node:os";
import { join } from "node:path";
import { hasSystemProgram } from "#machine/system-program.ts";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { formatOf, outputOption } from "../options.ts";
import { renderRows, type Sheet } from "../rows.ts";

interface Finding {
  readonly check: string;
  readonly state: "ok" | "missing" | "low";
  readonly found: string;
  readonly fix: string;
}

const sheet: Sheet<Finding> = {
  headings: [
    { title: "CHECK", cell: ({ check }) => check },
    { title: "STATE", cell: ({ state }) => state },
    { title: "FOUND", cell: ({ found }) => found },
    { title: "FIX", cell: ({ fix }) => fix },
  ],
  nameOf: ({ check }) => check,
};

interface Program {
  readonly names: readonly string[];
  readonly package: string;
  readonly why: string;
}

const PROGRAMS: readonly Program[] = [
  { names: ["containerd"], package: "containerd", why: "pods" },
  { names: ["crun", "runc"], package: "crun", why: "pods and isolated functions" },
  { names: ["nft"], package: "nftables", why: "services" },
  { names: ["ip"], package: "iproute2", why: "nodes" },
  { names: ["nsenter", "unshare"], package: "util-linux", why: "nodes" },
  { names: ["catatonit"], package: "catatonit", why: "pods" },
  { names: ["busybox"], package: "busybox-static", why: "the base image" },
  { names: ["conntrack"], package: "conntrack", why: "services" },
  { names: ["python3"], package: "python3", why: "functions in python" },
];

const LEAST_MEMORY_BYTES = 1024 ** 3; // The platform itself, one small deployment and a few functions.
const LEAST_DISK_BYTES = 2 * 1024 ** 3; // containerd's images and the journal.

export const doctor: Command = command({
  name: "doctor",
  about: "what this machine can and cannot run, and how to mend it",
  options: outputOption,
  isOfInstance: false,
  examples: ["catamaran doctor"],
  run: async ({ values, print, say }) => {
    const format = formatOf(values.output);
    const findings = [identity(), ...PROGRAMS.map(program), plugins(), await cgroups(), memory(), await disk()];
    print(await renderRows(findings, sheet, format));
    const isWell = findings.every(({ state }) => state === "ok");
    say(
      isWell
        ? "this machine can run everything\n"
        : "without what is missing the control plane works, and functions run as plain processes where they cannot be isolated\n",
    );
    return isWell ? EXIT.ok : EXIT.failed;
  },
});

function identity(): Finding {
  const isRoot = process.getuid?.() === 0;
  return {
    check: "root",
    state: isRoot ? "ok" : "missing",
    found: isRoot ? "yes" : `user ${process.getuid?.() ?? "?"}`,
    fix: isRoot ? "" : "run as root: pods need namespaces, mounts and cgroups",
  };
}

function program({ names, package: name, why }: Program): Finding {
  const found = names.find(hasSystemProgram);
  return {
    check: names.join(" or "),
    state: found === undefined ? "missing" : "ok",
    found: found ?? "",
    fix: found === undefined ? `apt-get install ${name} (${why})` : "",
  };
}

function plugins(): Finding {
  const folder = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"].find((candidate) =>
    existsSync(join(candidate, "bridge")),
  );
  return {
    check: "network plugins",
    state: folder === undefined ? "missing" : "ok",
    found: folder ?? "",
    fix: folder === undefined ? "apt-get install containernetworking-plugins (pods)" : "",
  };
}

async function cgroups(): Promise<Finding> {
  if (existsSync("/sys/fs/cgroup/cgroup.controllers")) {
    const controllers = (await readFile("/sys/fs/cgroup/cgroup.controllers", "utf8")).trim();
    const lacks = ["cpu", "memory", "pids"].filter((name) => !controllers.split(" ").includes(name));
    return {
      check: "cgroups",
      state: lacks.length === 0 ? "ok" : "missing",
      found: `v2: ${controllers}`,
      fix: lacks.length === 0 ? "" : `the kernel gives this machine no ${lacks.join(", ")} controller`,
    };
  }
  const isThere = existsSync("/sys/fs/cgroup/memory") && existsSync("/sys/fs/cgroup/cpu");
  return {
    check: "cgroups",
    state: isThere ? "ok" : "missing",
    found: isThere ? "v1" : "",
    fix: isThere ? "" : "mount the cgroup file systems: limits of pods and functions need them",
  };
}

function memory(): Finding {
  const bytes = freemem();
  return {
    check: "free memory",
    state: bytes >= LEAST_MEMORY_BYTES ? "ok" : "low",
    found: gib(bytes),
    fix: bytes >= LEAST_MEMORY_BYTES ? "" : `${gib(LEAST_MEMORY_BYTES)} are little enough`,
  };
}

async function disk(): Promise<Finding> {
  const { bavail, bsize } = await statfs("/var/lib");
  const bytes = bavail * bsize;
  return {
    check: "free disk",
    state: bytes >= LEAST_DISK_BYTES ? "ok" : "low",
    found: gib(bytes),
    fix: bytes >= LEAST_DISK_BYTES ? "" : `${gib(LEAST_DISK_BYTES)} are little enough`,
  };
}

function gib(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
