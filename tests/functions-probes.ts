/** What a function tries in order to get out of its sandbox, as code that runs inside it. Each probe must come back as refused. */

/** Runs inside the sandbox; koffi comes with the runtime's packages. Numbers are those of x86-64. */
export const probeSource = `
const fs = require("node:fs");
const os = require("node:os");
const net = require("node:net");
const { spawnSync } = require("node:child_process");

function tried(work) {
  try { return "allowed: " + String(work()); } catch (error) { return "refused: " + (error.code || error.message); }
}

function connects(where) {
  return new Promise((resolve) => {
    const socket = net.connect(where);
    socket.setTimeout(500, () => { socket.destroy(); resolve("refused: timeout"); });
    socket.on("connect", () => { socket.destroy(); resolve("allowed: connected"); });
    socket.on("error", (error) => resolve("refused: " + error.code));
  });
}

function syscalls(list) {
  const koffi = require("koffi");
  const libc = koffi.load("libc.so.6");
  const call = libc.func("long syscall(long n, long a, long b, long c, long d, long e, long f)");
  const found = {};
  for (const [name, number, ...args] of list) {
    const result = Number(call(number, ...args, ...Array(6 - args.length).fill(0)));
    const errno = koffi.errno();
    found[name] = result === -1 && (errno === os.constants.errno.EPERM || errno === os.constants.errno.ENOSYS) ? "refused: " + errno : "allowed: " + result + " errno " + errno;
  }
  return found;
}

// SOCK_DGRAM; netlink by protocol.
function families() {
  const call = require("koffi").load("libc.so.6").func("int socket(int family, int type, int protocol)");
  const opens = (family, protocol) => call(family, 2, protocol) >= 0;
  return { unix: opens(1, 0), inet: opens(2, 0), inet6: opens(10, 0), route: opens(16, 0), netfilter: opens(16, 12), packet: opens(17, 0), vsock: opens(40, 0) };
}

exports.handler = async (event) => {
  const status = fs.readFileSync("/proc/self/status", "utf8");
  const field = (name) => new RegExp("^" + name + ":\\\\s+(\\\\S+)", "m").exec(status)[1];
  const writes = {};
  for (const file of ["/x", "/var/task/x", "/var/runtime/x", "/etc/passwd", "/bin/x", "/dev/x", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/run/x", "/opt/x"]) writes[file] = tried(() => fs.writeFileSync(file, "x"));
  const reads = {};
  for (const file of [...event.secrets, "/etc/shadow", "/root/.ssh", "/proc/kcore", "/proc/1/root/etc/shadow", "/sys/fs/cgroup", "/dev/mem", "/dev/kvm", "/proc/cmdline", "/proc/partitions", "/proc/pressure", "/proc/diskstats", "/run/containerd"]) reads[file] = tried(() => fs.statSync(file).isDirectory() ? fs.readdirSync(file).length || (() => { throw new Error("empty") })() : fs.readFileSync(file).length || (() => { throw new Error("empty") })());
  const open = [];
  let files = 0;
  try { for (;;) { open.push(fs.openSync("/dev/null")); files++; } } catch {}
  for (const fd of open) fs.closeSync(fd);
  return {
    status: { caps: field("CapEff"), bounding: field("CapBnd"), newPrivileges: field("NoNewPrivs"), seccomp: field("Seccomp") },
    uidMap: fs.readFileSync("/proc/self/uid_map", "utf8").trim().split(/\\s+/).map(Number),
    user: [process.getuid(), process.getgid()],
    processLimit: /Max processes\\s+(\\d+)/.exec(fs.readFileSync("/proc/self/limits", "utf8"))[1],
    families: families(),
    processes: fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name)),
    interfaces: Object.keys(os.networkInterfaces()),
    sockets: fs.readdirSync("/run/catamaran"),
    environment: Object.keys(process.env).filter((name) => !/^(AWS_|LAMBDA_|_HANDLER|_X_AMZN|NODE_PATH|PATH|PWD|SHLVL|_AWS_XRAY|LD_LIBRARY_PATH|LANG|TZ|HOME|TMPDIR|CHILL)/.test(name)),
    connections: { host: await connects({ host: "127.0.0.1", port: event.port }), outside: await connects({ host: "192.0.2.1", port: 80 }), fabric: await connects({ host: "10.192.0.1", port: 6443 }), socket: await connects({ path: event.socket }) },
    tmp: tried(() => fs.readFileSync("/tmp/other") .length),
    setuid: tried(() => process.setuid(0)),
    su: spawnSync("/bin/su", ["-c", "id"]).status,
    files,
    writes,
    reads,
    calls: syscalls(event.calls),
  };
};
`;

/** name, number, arguments: chosen so that a permitted call would succeed or fail with something else than EPERM and ENOSYS. */
export const forbiddenCalls: readonly (readonly [string, number, ...number[]])[] = [
  ["ptrace", 101, 0],
  ["mount", 165],
  ["umount2", 166],
  ["pivot_root", 155],
  ["chroot", 161],
  ["unshare user", 272, 0x1000_0000],
  ["unshare net", 272, 0x4000_0000],
  ["setns", 308],
  ["clone newuser", 56, 0x1000_0000 | 17],
  ["clone3", 435],
  ["keyctl", 250, 0],
  ["add_key", 248],
  ["request_key", 249],
  ["io_uring_setup", 425, 8],
  ["bpf", 321],
  ["perf_event_open", 298],
  ["userfaultfd", 323],
  ["open_by_handle_at", 304],
  ["name_to_handle_at", 303],
  ["process_vm_readv", 310, 1],
  ["kexec_load", 246],
  ["init_module", 175],
  ["finit_module", 313],
  ["reboot", 169],
  ["swapon", 167],
  ["syslog", 103, 3],
  ["settimeofday", 164],
  ["mknod", 133],
  ["sethostname", 170],
  ["fsopen", 430],
  ["move_mount", 429],
  ["open_tree", 428],
  ["mount_setattr", 442],
  ["pidfd_getfd", 438],
  ["personality", 135, 0xffff_ffff],
  ["iopl", 172],
  ["acct", 163],
  ["quotactl", 179],
];
