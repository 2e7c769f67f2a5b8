/** What a zip file says that it holds: its entries, checked against each other and against limits before a byte is unpacked. Pure. */
import { Fault } from "#base/fault.ts";

/** PKWARE's APPNOTE.TXT: 4.3.7 local file header, 4.3.12 central directory, 4.3.16 end of central directory. */
export interface ZipEntry {
  readonly name: string;
  readonly is: "file" | "folder" | "link";
  readonly isExecutable: boolean;
  readonly isDeflated: boolean;
  readonly crc32: number;
  /** Unpacked. */
  readonly size: number;
  /** As it stands in the file. */
  readonly data: Uint8Array;
}

// Lambda quota: "250 MB, the maximum size of the contents of a deployment package".
const UNPACKED_BYTES = 262_144_000;
// A package of more is an attack or a mistake; node_modules of a large application has 50,000.
const ENTRIES = 60_000;
const PATH_BYTES = 1_024;
const PATH_DEPTH = 64;

const END_SIGNATURE = 0x06054b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const COMMENT_BYTES = 65_535;
const ENCRYPTED = 0x1;
const SIZES_FOLLOW = 0x8;
const STORED = 0;
const DEFLATED = 8;
const UNIX = 3;
const TYPE_MASK = 0o170000;
const LINK = 0o120000;
const FOLDER = 0o040000;

/** Throws Faults: Invalid for what is no zip that we unpack, BadRequest for an empty one, RequestTooLarge beyond Lambda's quota. */
export function zipEntries(zip: Uint8Array): readonly ZipEntry[] {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const end = endOf(view);
  const count = view.getUint16(end + 10, true);
  if (count > ENTRIES) throw invalid(`it has more than ${ENTRIES} entries`);
  const entries: ZipEntry[] = [];
  const ranges: (readonly [from: number, to: number])[] = [];
  let at = view.getUint32(end + 16, true);
  let total = 0;
  for (let left = count; left > 0; left--) {
    const central = centralAt(zip, view, at);
    total += central.size;
    if (total > UNPACKED_BYTES)
      throw new Fault("RequestTooLarge", `Unzipped size must be smaller than ${UNPACKED_BYTES} bytes`);
    const from = dataStart(zip, view, central);
    ranges.push([central.localAt, from + central.packed]);
    entries.push({ ...central, data: zip.subarray(from, from + central.packed) });
    at = central.next;
  }
  refuseOverlaps(ranges);
  if (!entries.some((entry) => entry.is !== "folder"))
    throw new Fault("BadRequest", "Uploaded file must be a non-empty zip");
  return entries;
}

export function invalid(why: string, cause?: unknown): Fault {
  return new Fault("Invalid", why, cause === undefined ? {} : { cause });
}

function endOf(view: DataView): number {
  const first = Math.max(0, view.byteLength - END_BYTES - COMMENT_BYTES);
  for (let at = view.byteLength - END_BYTES; at >= first; at--)
    if (view.getUint32(at, true) === END_SIGNATURE) return at;
  throw invalid("it is not a zip file");
}

interface Central extends Omit<ZipEntry, "data"> {
  readonly method: number;
  readonly flags: number;
  readonly packed: number;
  readonly localAt: number;
  readonly rawName: Uint8Array;
  readonly next: number;
}

function centralAt(zip: Uint8Array, view: DataView, at: number): Central {
  if (at + CENTRAL_BYTES > zip.length || view.getUint32(at, true) !== CENTRAL_SIGNATURE)
    throw invalid("its directory is damaged");
  const nameBytes = view.getUint16(at + 28, true);
  const rawName = zip.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes);
  const name = new TextDecoder().decode(rawName);
  const mode = view.getUint8(at + 5) === UNIX ? view.getUint32(at + 38, true) >>> 16 : 0;
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  refuseName(name, nameBytes);
  if ((flags & ENCRYPTED) !== 0) throw invalid(`the entry ${shown(name)} is encrypted`);
  if (method !== STORED && method !== DEFLATED)
    throw invalid(`the entry ${shown(name)} is packed by method ${method}, which is not supported`);
  const size = view.getUint32(at + 24, true);
  const packed = view.getUint32(at + 20, true);
  if (method === STORED && size !== packed) throw invalid(`the entry ${shown(name)} has two sizes`);
  return {
    name,
    is: kindOf(name, mode),
    isExecutable: (mode & 0o111) !== 0,
    isDeflated: method === DEFLATED,
    crc32: view.getUint32(at + 16, true),
    size,
    method,
    flags,
    packed,
    localAt: view.getUint32(at + 42, true),
    rawName,
    next: at + CENTRAL_BYTES + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true),
  };
}

function kindOf(name: string, mode: number): ZipEntry["is"] {
  if ((mode & TYPE_MASK) === LINK) return "link";
  return name.endsWith("/") || (mode & TYPE_MASK) === FOLDER ? "folder" : "file";
}

/** Nothing may land outside of the folder, on any way. */
function refuseName(name: string, bytes: number): void {
  const parts = name.split("/");
  const isSafe = name !== "" && !name.startsWith("/") && !/[\\\0]/.test(name) && !parts.includes("..");
  if (!isSafe) throw invalid(`the entry ${shown(name)} would leave its folder`);
  if (bytes > PATH_BYTES || parts.length > PATH_DEPTH)
    throw invalid(`the entry ${shown(name)} has a path of more than ${PATH_BYTES} bytes or ${PATH_DEPTH} folders`);
}

/** Where the data begins. The local header must say what the directory says: readers differ in which of the two they believe. */
function dataStart(zip: Uint8Array, view: DataView, central: Central): number {
  const { localAt: at, rawName, name } = central;
  if (at + LOCAL_BYTES > zip.length || view.getUint32(at, true) !== LOCAL_SIGNATURE)
    throw invalid(`the entry ${shown(name)} is not where the directory says`);
  const nameBytes = view.getUint16(at + 26, true);
  const localName = zip.subarray(at + LOCAL_BYTES, at + LOCAL_BYTES + nameBytes);
  const isSame =
    Buffer.compare(localName, rawName) === 0 &&
    view.getUint16(at + 8, true) === central.method &&
    ((central.flags & SIZES_FOLLOW) !== 0 ||
      (view.getUint32(at + 14, true) === central.crc32 &&
        view.getUint32(at + 18, true) === central.packed &&
        view.getUint32(at + 22, true) === central.size));
  if (!isSame) throw invalid(`the two headers of the entry ${shown(name)} differ`);
  const from = at + LOCAL_BYTES + nameBytes + view.getUint16(at + 28, true);
  if (from + central.packed > zip.length) throw invalid(`the entry ${shown(name)} is cut off`);
  return from;
}

/** Entries that share bytes unpack to far more than the file has ("a better zip bomb", Fifield 2019). */
function refuseOverlaps(ranges: readonly (readonly [from: number, to: number])[]): void {
  let free = 0;
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    if (from < free) throw invalid("its entries overlap");
    free = to;
  }
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 200));
}
