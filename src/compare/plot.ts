/** Plots as SVG text: lines over a numeric x axis, in the page's own colours, with a table for those who cannot see it. Pure. */

export interface Line {
  readonly name: string;
  /** A CSS colour or variable: "var(--containers)". */
  readonly colour: string;
  readonly points: readonly (readonly [number, number])[];
  readonly isDashed?: boolean;
  /** Fill below the line. */
  readonly isFilled?: boolean;
  /** Draw as steps: a count holds until it changes. */
  readonly isStepped?: boolean;
}

export interface Axis {
  readonly label: string;
  readonly isLog?: boolean;
  readonly format: (value: number) => string;
  readonly min?: number;
  readonly max?: number;
  /** Ends where the values end, not at the next tick. */
  readonly isTight?: boolean;
}

export interface Plot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  /** A vertical mark with a label. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
}

const WIDTH = 640;
const HEIGHT = 300;
const LEFT = 62;
const RIGHT = 14;
const TOP = 30;
const BOTTOM = 44;

interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

export function plotSvg(plot: Plot): string {
  const xs = plot.lines.flatMap(({ points }) => points.map(([x]) => x));
  const ys = plot.lines.flatMap(({ points }) => points.map(([, y]) => y));
  const x = scaleOf({ isTight: true, ...plot.x }, xs, LEFT, WIDTH - RIGHT);
  const y = scaleOf({ min: plot.y.isLog === true ? undefined : 0, ...plot.y } as Axis, ys, HEIGHT - BOTTOM, TOP);
  const body = [
    grid(plot, x, y),
    ...plot.lines.map((line) => drawn(line, x, y)),
    ...(plot.marks ?? []).map((mark) => marked(mark, x)),
    legend(plot.lines),
  ];
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(plot.title)}" class="plot"><title>${escape(plot.title)}</title>${body.join("")}</svg>`;
}

function scaleOf(axis: Axis, values: readonly number[], from: number, to: number): Scale {
  const isLog = axis.isLog === true;
  const usable = isLog ? values.filter((value) => value > 0) : values;
  const low = axis.min ?? least(usable, isLog ? 1 : 0);
  const high = axis.max ?? Math.max(greatest(usable, 1), low + (isLog ? low * 9 : 1e-9));
  const ticks = isLog ? logTicks(low, high) : linearTicks(low, high);
  const [bottom, top] = [
    Math.min(low, ticks[0] ?? low),
    isLog || axis.isTight === true ? high : Math.max(high, ticks.at(-1) ?? high),
  ];
  const place = isLog
    ? (value: number): number => Math.log(Math.max(value, bottom) / bottom) / Math.log(top / bottom || 2)
    : (value: number): number => (value - bottom) / (top - bottom || 1);
  return {
    at: (value) => round(from + place(value) * (to - from)),
    ticks: ticks.filter((tick) => tick >= bottom && tick <= top),
  };
}

// Spreading a hundred thousand values into Math.max would overflow the stack.
function least(values: readonly number[], otherwise: number): number {
  return values.reduce((a, b) => (b < a ? b : a), values[0] ?? otherwise);
}

function greatest(values: readonly number[], otherwise: number): number {
  return values.reduce((a, b) => (b > a ? b : a), values[0] ?? otherwise);
}

function linearTicks(low: number, high: number): readonly number[] {
  const rough = (high - low || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? 10 * power;
  const first = Math.floor(low / step) * step;
  const count = Math.ceil((high - first) / step);
  return Array.from({ length: count + 1 }, (_unused, i) => Number((first + i * step).toPrecision(12)));
}

function logTicks(low: number, high: number): readonly number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const decades = Array.from({ length: last - first + 1 }, (_unused, i) => 10 ** (first + i));
  // One or two decades alone would leave the reader guessing in between.
  const factors = high / low < 1_000 ? [1, 2, 5] : [1];
  const ticks = decades.flatMap((decade) => factors.map((factor) => Number((factor * decade).toPrecision(12))));
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

function grid(plot: Plot, x: Scale, y: Scale): string {
  const rows = y.ticks.map(
    (tick) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y.at(tick)}" y2="${y.at(tick)}"/><text x="${LEFT - 8}" y="${y.at(tick) + 4}" text-anchor="end">${escape(plot.y.format(tick))}</text>`,
  );
  const columns = x.ticks.map(
    (tick) =>
      `<text x="${x.at(tick)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${escape(plot.x.format(tick))}</text>`,
  );
  const labels = `<text class="label" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${escape(plot.x.label)}</text><text class="label" x="${LEFT - 50}" y="${TOP - 14}">${escape(plot.y.label)}</text>`;
  return [...rows, ...columns, labels].join("");
}

function drawn(line: Line, x: Scale, y: Scale): string {
  if (line.points.length === 0) return "";
  const path = line.points
    .map(([px, py], i) =>
      i === 0
        ? `M${x.at(px)} ${y.at(py)}`
        : line.isStepped === true
          ? `H${x.at(px)}V${y.at(py)}`
          : `L${x.at(px)} ${y.at(py)}`,
    )
    .join("");
  const [first, last] = [line.points[0] ?? [0, 0], line.points.at(-1) ?? [0, 0]];
  const fill =
    line.isFilled === true
      ? `<path d="${path}L${x.at(last[0])} ${HEIGHT - BOTTOM}L${x.at(first[0])} ${HEIGHT - BOTTOM}Z" fill="${line.colour}" opacity=".14"/>`
      : "";
  return `${fill}<path d="${path}" stroke="${line.colour}" class="line${line.isDashed === true ? " dashed" : ""}"/>`;
}

function marked({ x: value, label }: { readonly x: number; readonly label: string }, x: Scale): string {
  const at = x.at(value);
  const isLate = at > WIDTH * 0.7;
  return `<line class="mark" x1="${at}" x2="${at}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/><text class="label" x="${at + (isLate ? -6 : 6)}" y="${TOP + 12}" text-anchor="${isLate ? "end" : "start"}">${escape(label)}</text>`;
}

function legend(lines: readonly Line[]): string {
  let at = WIDTH - RIGHT;
  const entries = lines.toReversed().map((line) => {
    at -= line.name.length * 6.6 + 26;
    return `<line x1="${round(at)}" x2="${round(at + 14)}" y1="12" y2="12" stroke="${line.colour}" class="line${line.isDashed === true ? " dashed" : ""}"/><text x="${round(at + 19)}" y="16">${escape(line.name)}</text>`;
  });
  return entries.join("");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export function escape(text: string): string {
  return text.replace(/[<>&"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
