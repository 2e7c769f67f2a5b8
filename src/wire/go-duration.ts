/** Durations as Go writes and reads them: "1h0m0s", "1.5s", "300ms". */

const UNITS: readonly (readonly [name: string, nanos: bigint])[] = [
  ["h", 3_600_000_000_000n],
  ["m", 60_000_000_000n],
  ["s", 1_000_000_000n],
  ["ms", 1_000_000n],
  ["µs", 1_000n],
  ["us", 1_000n],
  ["ns", 1n],
];

export function printDuration(nanos: bigint): string {
  if (nanos === 0n) return "0s";
  const sign = nanos < 0n ? "-" : "";
  const size = nanos < 0n ? -nanos : nanos;
  const second = 1_000_000_000n;
  if (size < second) {
    const [unit, scale] =
      size < 1_000n
        ? (["ns", 1n] as const)
        : size < 1_000_000n
          ? (["µs", 1_000n] as const)
          : (["ms", 1_000_000n] as const);
    return `${sign}${decimal(size, scale)}${unit}`;
  }
  const seconds = size / second;
  const [hours, minutes] = [seconds / 3600n, (seconds / 60n) % 60n];
  const rest = `${decimal(size % (60n * second), second)}s`;
  return `${sign}${hours > 0n ? `${hours}h` : ""}${hours > 0n || minutes > 0n ? `${minutes}m` : ""}${rest}`;
}

function decimal(value: bigint, scale: bigint): string {
  const fraction = String(value % scale)
    .padStart(String(scale).length - 1, "0")
    .replace(/0+$/, "");
  return fraction === "" || scale === 1n ? `${value / scale}` : `${value / scale}.${fraction}`;
}

/** Nanoseconds; null for a text that is no duration. */
export function parseDuration(text: string): bigint | null {
  const match = /^([-+]?)((?:\d+(?:\.\d*)?|\.\d+)(?:h|ms|m|s|µs|us|ns))+$/.exec(text);
  if (match === null) return text === "0" ? 0n : null;
  let sum = 0n;
  for (const [, number = "", unit = ""] of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|µs|us|ns)/g)) {
    const [whole = "", fraction = ""] = number.split(".");
    const scale = UNITS.find(([name]) => name === unit)?.[1] ?? 1n;
    sum +=
      BigInt(whole || "0") * scale +
      (fraction === "" ? 0n : (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length));
  }
  return match[1] === "-" ? -sum : sum;
}
