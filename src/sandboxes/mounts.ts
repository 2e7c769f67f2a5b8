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

function mount(
  source: string | null,
  target: string,
  type: string | null,
  flags: number,
  data: string | null = null,
): void {
  if (mountCall(source, target, type, flags, data) === 0) return;
  throw new Error(`mount of ${source ?? "-"} on ${target} failed: errno ${koffi.errno()}`);
}

/** A bind that can be written. */
export function bind(source: string, target: string): void {
  mount(source, target, null, MS.bind);
}

/** Two calls, since a first bind ignores every flag but MS_REC. */
export function bindReadOnly(source: string, target: string): void {
  mount(source, target, null, MS.bind);
  mount(null, target, null, MS.remount | MS.bind | MS.readOnly | MS.noSuid | MS.noDev);
}

/** Copies the flags of `source`, which must be a mount that is read-only already: that is what propagates into a running sandbox. */
export function bindAgain(source: string, target: string): void {
  mount(source, target, null, MS.bind);
}

/** The folder becomes a mount of its own whose mounts propagate to sandboxes that hold a slave of it. */
export function makeShared(folder: string): void {
  mount(folder, folder, null, MS.bind);
  mount(null, folder, null, MS.shared);
}

/** The folder becomes a mount of its own that propagates nothing. */
export function makePrivate(folder: string): void {
  mount(folder, folder, null, MS.bind);
  mount(null, folder, null, MS.private);
}

export function mountTmpfs(target: string, sizeMib: number): void {
  mount("tmpfs", target, "tmpfs", MS.noSuid | MS.noDev, `size=${sizeMib}m,mode=1777`);
}

/** The size belongs to the file system, so every sandbox mount of it sees the change. */
export function resizeTmpfs(target: string, sizeMib: number): void {
  mount(null, target, null, MS.remount | MS.noSuid | MS.noDev, `size=${sizeMib}m`);
}

/** False when nothing was mounted there. */
export function unmount(target: string): boolean {
  return umountCall(target, DETACH) === 0;
}

/** The kernel ends us when the thread that started us is gone: nothing of ours outlives its supervisor. */
export function endWithParent(): void {
  prctlCall(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
}
