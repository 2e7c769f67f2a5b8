/** Kubernetes' resource.Quantity: exact decimal amounts such as 100m, 1.5Gi and 1e3. */

// One unit is 10^9 nanos: Kubernetes rounds anything finer up to nano as well.
const NANO = 1_000_000_000n;

const DECIMAL_EXPONENT: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY_POWER: Readonly<Record<string, number>> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 };
const FORM = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d{1,3}))?$/;

/** An amount in nanos (1 = 10^9), exact. */
export type Nanos = bigint;

/** Null when the text is no quantity. Finer than nano rounds away from zero, as upstream does. */
export function parseNanos(text: string | number | bigint): Nanos | null {
  const known = typeof text === "string" ? parsed.get(text) : undefined;
  if (known !== undefined) return known;
  const nanos = readNanos(text);
  if (typeof text === "string" && text.length <= MAX_KNOWN_LENGTH) {
    if (parsed.size >= MAX_KNOWN) parsed.clear();
    parsed.set(text, nanos);
  }
  return nanos;
}

// All objects of a cluster say the same few dozen amounts, each of which a write reads five times.
const MAX_KNOWN = 1_000;
const MAX_KNOWN_LENGTH = 32;
const parsed = new Map<string, Nanos | null>();

function readNanos(text: string | number | bigint): Nanos | null {
  const match = FORM.exec(String(text));
  if (match === null) return null;
  const [, sign = "", number = "", suffix = "", exponent] = match;
  const [whole = "", fraction = ""] = number.split(".");
  const digits = BigInt(whole + fraction || "0");
  const power = BINARY_POWER[suffix];
  const tens =
    (power === undefined ? (DECIMAL_EXPONENT[suffix] ?? 0) : 0) + Number(exponent ?? 0) - fraction.length + 9;
  const scaled = digits * (power === undefined ? 1n : 1024n ** BigInt(power));
  const nanos = tens >= 0 ? scaled * 10n ** BigInt(tens) : divideUp(scaled, 10n ** BigInt(-tens));
  return sign === "-" ? -nanos : nanos;
}

function divideUp(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

/** CPU as whole millicores, rounded up; memory and counts go through `bytes`. Throws a RangeError on bad text. */
export function millis(quantity: string | number): number {
  return Number(divideUp(nanosOf(quantity), 1_000_000n));
}

/** Whole units (bytes, pods), rounded up. Throws a RangeError on bad text. */
export function units(quantity: string | number): number {
  return Number(divideUp(nanosOf(quantity), NANO));
}

function nanosOf(quantity: string | number): Nanos {
  const nanos = parseNanos(quantity);
  if (nanos === null) throw new RangeError(`not a quantity: ${quantity}`);
  return nanos;
}

/**
 * The canonical text that Kubernetes stores: the largest suffix of the quantity's own family that loses nothing,
 * no fraction, exponent form only where it was written so ("1000m" -> "1", "1.5Gi" -> "1536Mi", "0.5" -> "500m").
 */
export function canonicalQuantity(text: string | number | bigint): string {
  const source = String(text);
  const nanos = nanosOf(source);
  if (nanos === 0n) return "0";
  if (/[KMGTPE]i$/.test(source)) return binaryForm(nanos) ?? decimalForm(nanos);
  if (/[eE][+-]?\d+$/.test(source)) return exponentForm(nanos);
  return decimalForm(nanos);
}

function binaryForm(nanos: Nanos): string | null {
  if (nanos % NANO !== 0n || abs(nanos) < 1024n * NANO) return null;
  let value = nanos / NANO;
  let power = 0;
  while (power < 6 && value % 1024n === 0n) {
    value /= 1024n;
    power++;
  }
  return `${value}${["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][power]}`;
}

function decimalForm(nanos: Nanos): string {
  const { value, thousands } = inThousands(nanos);
  return `${value}${["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][thousands]}`;
}

function exponentForm(nanos: Nanos): string {
  const { value, thousands } = inThousands(nanos);
  return thousands === 3 ? `${value}` : `${value}e${(thousands - 3) * 3}`;
}

function inThousands(nanos: Nanos): { readonly value: bigint; readonly thousands: number } {
  let value = nanos;
  let thousands = 0;
  while (thousands < 9 && value % 1000n === 0n) {
    value /= 1000n;
    thousands++;
  }
  return { value, thousands };
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** An amount as text of the same family as `like`: in powers of 1024 where that is written so ("512Mi"), else of 1000. */
export function quantityLike(nanos: Nanos, like: string): string {
  if (nanos === 0n) return "0";
  return (/[KMGTPE]i$/.test(like) ? binaryForm(nanos) : null) ?? decimalForm(nanos);
}
