/** Installs what is missing on this machine, says what and why, and does nothing the second time. Runs on plain Node 20 without node_modules. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { findNode, root } from "./node.mjs";

const PROGRAM_FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const CNI_FOLDERS = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"];

/** What pods and isolated functions need: `isThere` looks, `package` is what Debian and Ubuntu call it. */
const PLATFORM = [
  { package: "containerd", why: "runs the containers of pods", isThere: () => hasProgram("containerd") },
  {
    package: "crun",
    why: "starts containers and function sandboxes",
    isThere: () => hasProgram("crun") || hasProgram("runc"),
  },
  {
    package: "containernetworking-plugins",
    why: "gives pods their network interfaces",
    isThere: () => CNI_FOLDERS.some((folder) => existsSync(join(folder, "bridge"))),
  },
  {
    package: "nftables",
    why: "services, and the guard that keeps pod addresses on this machine",
    isThere: () => hasProgram("nft"),
  },
  { package: "iproute2", why: "network namespaces of nodes", isThere: () => hasProgram("ip") },
  { package: "catatonit", why: "the first process of each pod", isThere: () => hasProgram("catatonit") },
  { package: "busybox-static", why: "the base image of small containers", isThere: () => hasProgram("busybox") },
  {
    package: "conntrack",
    why: "forgets connections to services that are gone",
    isThere: () => hasProgram("conntrack"),
  },
  {
    package: "util-linux",
    why: "enters the namespaces of nodes",
    isThere: () => hasProgram("nsenter") && hasProgram("unshare"),
  },
];

/** What only the tests need. */
const TESTS = [
  { package: "curl", why: "the gateway is asked as a user would", isThere: () => isOnPath("curl") },
  {
    package: "chromium",
    why: "the dashboard and the report are tested in a browser",
    isThere: () => isOnPath("chromium") || isOnPath("chromium-browser"),
  },
  { package: "awscli", why: "the AWS door is tested with the real command", isThere: () => isOnPath("aws") },
  {
    package: "python3",
    why: "functions in python are tested with the real interpreter",
    isThere: () => isOnPath("python3"),
  },
];

/** The platform looks for its programs in the system's folders alone; clients of tests may be anywhere on the path. */
function hasProgram(name, folders = PROGRAM_FOLDERS) {
  return folders.some((folder) => existsSync(join(folder, name)));
}

function isOnPath(name) {
  return hasProgram(name, (process.env.PATH ?? "").split(":"));
}

/** Returns false when the checkout cannot run at all; what only some parts need is said and left out. */
export function setUp({ forTests = false } = {}) {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20) return fail(`Node 20 or newer is needed to begin with; this is ${process.versions.node}`);
  if (process.platform !== "linux") return fail(`Catamaran runs on Linux; this is ${process.platform}`);
  if (!installNpmPackages()) return false;
  if (findNode() === null)
    return fail(
      `the pinned Node 24 is not in node_modules (node-linux-${process.arch}); remove node_modules and try again`,
    );
  installSystemPackages(forTests ? [...PLATFORM, ...TESTS] : PLATFORM);
  return true;
}

/** By the lock file, and only when it changed since the last time. */
function installNpmPackages() {
  const lock = readFileSync(join(root, "package-lock.json"));
  const wanted = createHash("sha256").update(lock).update(process.arch).digest("hex");
  const stampFile = join(root, "node_modules", ".catamaran-stamp");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === wanted) return true;
  if (!isInstalled(JSON.parse(lock.toString("utf8")))) {
    const step = begin("npm packages, with the pinned Node 24 (about 330 MB)");
    // `npm ci` refuses a lock file that lacks the packages of other systems, and npm leaves those out when a mirror has none of them;
    // `install` takes the locked versions all the same, and `--no-save` keeps it from writing to the checkout.
    const words = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
    const { status, stdout, stderr, error } = spawnSync("npm", words, {
      cwd: root,
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    if (status !== 0)
      return fail(
        `npm ${words.join(" ")} failed${error === undefined ? "" : ` (${error.message})`}:\n${beginning(`${stderr ?? ""}${stdout ?? ""}`)}\nIs the npm registry reachable? It is needed for the first start only.`,
      );
    step();
  }
  try {
    writeFileSync(stampFile, wanted);
  } catch {
    // Somebody else's checkout: without the stamp the comparison is only made again.
  }
  return true;
}

/** Somebody may have run `npm ci` by hand: npm's own list of what it installed says so. */
function isInstalled(lock) {
  const listFile = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(listFile)) return false;
  const installed = JSON.parse(readFileSync(listFile, "utf8")).packages;
  return Object.entries(lock.packages).every(
    ([path, { version, optional }]) =>
      path === "" || (installed[path] === undefined ? optional === true : installed[path].version === version),
  );
}

function installSystemPackages(parts) {
  const missing = parts.filter(({ isThere }) => !isThere());
  if (missing.length === 0) return;
  if (process.getuid() !== 0 || !hasProgram("apt-get")) {
    say(
      `Not installed on this machine (${process.getuid() === 0 ? "there is no apt-get to install them" : "installing needs root"}):`,
    );
    for (const { package: name, why } of missing) say(`  ${name}: ${why}`);
    if (missing.some((part) => PLATFORM.includes(part)))
      say(
        "Without them there are no pods. The control plane works, and functions run as plain processes (not isolated).",
      );
    return;
  }
  for (const { package: name, why } of missing) say(`  will install ${name}: ${why}`);
  const step = begin(`Debian packages: ${missing.map(({ package: name }) => name).join(" ")}`);
  const names = missing.map(({ package: name }) => name);
  // The package lists of a fresh machine are empty or old, so a first refusal is answered by an update. A name that this distribution
  // lacks must not keep the others away.
  if (!aptInstall(names)) {
    apt(["update", "-q"]);
    if (!aptInstall(names)) for (const name of names) aptInstall([name]);
  }
  step();
  const still = missing.filter(({ isThere }) => !isThere());
  for (const { package: name, why } of still)
    say(`  ${name} could not be installed (${why}); apt-get install ${name} says more`);
}

function aptInstall(names) {
  return apt(["install", "-y", "-q", "--no-install-recommends", ...names]);
}

function apt(words) {
  try {
    execFileSync("apt-get", ["-o", "DPkg::Lock::Timeout=120", ...words], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      maxBuffer: 1 << 26,
    });
    return true;
  } catch {
    // Whether it worked is asked of the programs themselves afterwards.
    return false;
  }
}

function begin(title) {
  const startedAt = Date.now();
  say(`… ${title}`);
  return () => say(`✓ ${title} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
}

/** npm says first what is wrong, and then how to use it. */
function beginning(text) {
  return text.trim().split("\n").slice(0, 12).join("\n");
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function fail(reason) {
  say(`set-up: ${reason}`);
  return false;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = setUp({ forTests: process.argv.includes("--tests") }) ? 0 : 1;
}
