/** Cyclic redundancy checks that Node has not: CRC-32C (RFC 3720, B.4) and CRC-64/NVME (NVM Express, "64b CRC"); and how two of them join. */

/** A check that grows with the bytes. */
export interface Crc {
  update(bytes: Uint8Array): void;
  /** Most significant byte first. */
  digest(): Buffer;
}

export interface Polynomial {
  readonly bits: 32 | 64;
  /** Its bits reversed. */
  readonly polynomial: bigint;
}

export const CRC32: Polynomial = { bits: 32, polynomial: 0xedb88320n };
export const CRC32C: Polynomial = { bits: 32, polynomial: 0x82f63b78n };
export const CRC64NVME: Polynomial = { bits: 64, polynomial: 0x9a6c9329ac4bc9b5n };

// Eight bytes at a time need eight tables ("slicing by 8", Kounavis and Berry, 2005).
const SLICES = 8;

interface Tables {
  /** At `256 * zeros + byte` the lower half of the check of the byte with so many zeros behind it. */
  readonly low: Int32Array;
  readonly high: Int32Array;
}

function tablesOf({ polynomial }: Polynomial): Tables {
  const low = new Int32Array(SLICES * 256);
  const high = new Int32Array(SLICES * 256);
  for (let at = 0; at < SLICES * 256; at++) {
    // One byte more is one step of the byte-wise check of what there was before.
    const before = at < 256 ? BigInt(at) : joinedHalves(low, high, at - 256);
    const steps = at < 256 ? 8 : 0;
    let value = before;
    for (let bit = 0; bit < steps; bit++) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n;
    if (at >= 256) value = (before >> 8n) ^ joinedHalves(low, high, Number(before & 0xffn));
    low[at] = Number(BigInt.asIntN(32, value));
    high[at] = Number(BigInt.asIntN(32, value >> 32n));
  }
  return { low, high };
}

function joinedHalves(low: Int32Array, high: Int32Array, at: number): bigint {
  return (BigInt.asUintN(32, BigInt(high[at] ?? 0)) << 32n) | BigInt.asUintN(32, BigInt(low[at] ?? 0));
}

/** Both halves are kept as 32-bit integers, which is what the processor counts with; of 32 bits the upper one stays nought. */
export class SlicedCrc implements Crc {
  readonly #bits: 32 | 64;
  readonly #tables: Tables;
  #low = -1;
  #high: number;

  constructor(polynomial: Polynomial) {
    this.#bits = polynomial.bits;
    this.#tables = tablesOnce(polynomial);
    this.#high = polynomial.bits === 64 ? -1 : 0;
  }

  update(bytes: Uint8Array): void {
    const { low, high } = this.#tables;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const whole = bytes.length - (bytes.length % SLICES);
    let [a, b] = [this.#low, this.#high];
    for (let at = 0; at < whole; at += SLICES) {
      a ^= view.getInt32(at, true);
      b ^= view.getInt32(at + 4, true);
      const i0 = 1792 + (a & 255);
      const i1 = 1536 + ((a >>> 8) & 255);
      const i2 = 1280 + ((a >>> 16) & 255);
      const i3 = 1024 + (a >>> 24);
      const i4 = 768 + (b & 255);
      const i5 = 512 + ((b >>> 8) & 255);
      const i6 = 256 + ((b >>> 16) & 255);
      const i7 = b >>> 24;
      a =
        at8(low, i0) ^
        at8(low, i1) ^
        at8(low, i2) ^
        at8(low, i3) ^
        at8(low, i4) ^
        at8(low, i5) ^
        at8(low, i6) ^
        at8(low, i7);
      b =
        at8(high, i0) ^
        at8(high, i1) ^
        at8(high, i2) ^
        at8(high, i3) ^
        at8(high, i4) ^
        at8(high, i5) ^
        at8(high, i6) ^
        at8(high, i7);
    }
    for (let at = whole; at < bytes.length; at++) {
      const index = (a ^ (bytes[at] ?? 0)) & 255;
      a = ((a >>> 8) | (b << 24)) ^ at8(low, index);
      b = (b >>> 8) ^ at8(high, index);
    }
    [this.#low, this.#high] = [a, b];
  }

  digest(): Buffer {
    const digest = Buffer.alloc(this.#bits / 8);
    if (this.#bits === 64) digest.writeInt32BE(~this.#high, 0);
    digest.writeInt32BE(~this.#low, this.#bits / 8 - 4);
    return digest;
  }
}

/** Every index is one of the table's; the compiler cannot know. */
function at8(table: Int32Array, index: number): number {
  return table[index] ?? 0;
}

const known = new Map<Polynomial, Tables>();

function tablesOnce(polynomial: Polynomial): Tables {
  const tables = known.get(polynomial) ?? tablesOf(polynomial);
  known.set(polynomial, tables);
  return tables;
}

/** The check of one text behind another, of which only the checks and the length of the second are known (zlib's crc32_combine). */
export function joinCrcs(first: Buffer, second: Buffer, secondBytes: number, { bits, polynomial }: Polynomial): Buffer {
  const width = BigInt(bits);
  const multiply = (x: bigint, y: bigint): bigint => {
    let [product, power] = [0n, y];
    // The highest bit of `x` is the coefficient of x^0, since the bits are reversed.
    for (let bit = 1n << (width - 1n); bit > 0n; bit >>= 1n) {
      if (x & bit) product ^= power;
      power = power & 1n ? (power >> 1n) ^ polynomial : power >> 1n;
    }
    return product;
  };
  // x^(8 * secondBytes) by squaring: so many zeros stand behind the first text.
  let shift = 1n << (width - 1n);
  let square = 1n << (width - 9n);
  for (let left = secondBytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) shift = multiply(shift, square);
    square = multiply(square, square);
  }
  const joined = multiply(shift, BigInt(`0x${first.toString("hex")}`)) ^ BigInt(`0x${second.toString("hex")}`);
  return Buffer.from(joined.toString(16).padStart(bits / 4, "0"), "hex");
}
