/** mount(2), umount2(2) and prctl(2) by FFI: spawning `mount` would cost 4 ms in the path of every cold start. */
import koffi from "koffi";

const libc = koffi.load("libc.so.6");
const mountCall = libc.func(
  "int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)",
);
const umountCall = libc.func("int umount2(const char *target, int flags)");
const prctlCall = libc.func(
  "int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)",
);

// linux/mount.h
const MS = {
  readOnly: 1,
  noSuid: 2,
  noDev: 4,
  remount: 32,
  bind: 4096,
  recursive: 16_384,
  private: 1 << 18,
  shared: 1 << 20,
} as const;
const DETACH = 2;
const PR_SET_PDEATHSIG = 1;
const SIGTERM = 15;

interface Mounting {
  readonly source?: string;
  readonly target: string;
  readonly type?: string;
  readonly flags: number;
  readonly data?: string;
}

function mount({ source, target, type, flags, data }: Mounting): void {
  if (mountCall(source ?? null, target, type ?? null, flags, data ?? null) === 0) return;
  throw new Error(`mount of ${source ?? "nothing new"} on ${target} failed: errno ${koffi.errno()}`);
}

/** Two calls, since a first bind ignores every flag but MS_REC. */
export function bindReadOnly(source: string, target: string): void {
  mount({ source, target, flags: MS.bind });
  mount({ target, flags: MS.remount | MS.bind | MS.readOnly | MS.noSuid | MS.noDev });
}

/** Copies the flags of `source`, which must be a mount that is read-only already: that is what propagates into a running sandbox. */
export function bindAgain(source: string, target: string): void {
  mount({ source, target, flags: MS.bind });
}

/** The folder becomes a mount of its own whose mounts propagate to sandboxes that hold a slave of it. */
export function makeShared(folder: string): void {
  mount({ source: folder, target: folder, flags: MS.bind });
  mount({ target: folder, flags: MS.shared });
}

/** The folder becomes a mount of its own that propagates nothing. */
export function makePrivate(folder: string): void {
  mount({ source: folder, target: folder, flags: MS.bind });
  mount({ target: folder, flags: MS.private });
}

export function mountTmpfs(target: string, sizeMib: number): void {
  const data = `${limitsOf(sizeMib)},mode=1777`;
  mount({ source: "tmpfs", target, type: "tmpfs", flags: MS.noSuid | MS.noDev, data });
}

// As many files as a disk of that size has inodes (mke2fs.conf: one for 16 KiB): the kernel takes the empty ones of a flood apart at one go.
const INODES_PER_MIB = 64;

function limitsOf(sizeMib: number): string {
  return `size=${sizeMib}m,nr_inodes=${sizeMib * INODES_PER_MIB}`;
}

/** The size belongs to the file system, so every sandbox mount of it sees the change. */
export function resizeTmpfs(target: string, sizeMib: number): void {
  mount({ target, flags: MS.remount | MS.noSuid | MS.noDev, data: limitsOf(sizeMib) });
}

/** False when nothing was mounted there. */
export function unmount(target: string): boolean {
  return umountCall(target, DETACH) === 0;
}

/** The kernel ends us when the thread that started us is gone: nothing of ours outlives its supervisor. */
export function endWithParent(): void {
  prctlCall(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
}
