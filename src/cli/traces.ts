/** Files of traces: written whole, compressed, read within limits; and what a trace says of itself in a list. */
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { Fault } from "#base/fault.ts";
import { replaceFile } from "#machine/whole-file.ts";
import { type ShapeName, shapes, synthesized } from "#simulate/synthesis.ts";
import { decodeTrace, encodeTrace, MAX_REQUESTS } from "#simulate/trace-file.ts";
import { importedTrace } from "#simulate/trace-import.ts";
import { factsOf, type Trace } from "#simulate/trace.ts";
import type { Instance } from "#instance/instance.ts";
import { durationOf } from "./duration.ts";
import { type Recorded, recordedOf } from "./recording.ts";
import type { Sheet } from "./rows.ts";

const MIB = 1024 * 1024;
/** Of a file that is read, and of what comes out of it. */
const MAX_FILE_BYTES = 512 * MIB;
const MAX_LENGTH_MS = 400 * 86_400_000;
const MAGIC_GZIP = [0x1f, 0x8b];
// Of services that others have measured; the mean is what a person gives.
const USUAL_SIGMA = 0.5;

export interface Synthesized {
  readonly preset: string;
  readonly seed: string;
  readonly length: string;
  readonly times: string;
}

/** Throws BadRequest for a shape that there is not, by the option that named it, and for numbers that are none. */
export function made({ preset, seed, length, times }: Synthesized, option = "--preset"): Trace {
  const lengthMs = durationOf("--length", length);
  if (lengthMs > MAX_LENGTH_MS) throw new Fault("BadRequest", `--length ${length}: 400d at most`);
  const shape = shapes[shapeNamed(preset, option)];
  const factor = positive("--times", times);
  const requests = (shape.perSecond * factor * lengthMs) / 1000;
  if (requests > MAX_REQUESTS)
    throw new Fault("BadRequest", `that would be ${Math.round(requests)} requests, and ${MAX_REQUESTS} is the most`);
  return synthesized(preset, shape, { seed: whole("--seed", seed), lengthMs, times: factor });
}

function shapeNamed(text: string, option: string): ShapeName {
  const names = Object.keys(shapes) as ShapeName[];
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  const list = names.map((name) => `${name} (${shapes[name].about})`).join("\n  ");
  throw new Fault(
    "BadRequest",
    `${option} ${text}: ${option === "--preset" ? "" : "no such file; or "}one of\n  ${list}`,
  );
}

export interface Imported {
  readonly seed: string;
  readonly cpu: string;
  readonly wait: string;
}

export async function importFile(path: string, { seed, cpu, wait }: Imported): Promise<Trace> {
  const bytes = await readBounded(path);
  const spread = (option: string, text: string): { readonly mean: number; readonly sigma: number } => ({
    mean: durationOf(option, text),
    sigma: USUAL_SIGMA,
  });
  return importedTrace(bytes.toString("utf8"), {
    name: basename(path),
    seed: whole("--seed", seed),
    cpuMs: spread("--cpu", cpu),
    waitMs: spread("--wait", wait),
  });
}

/** What the meter of an instance knows of a workload. */
export function recorded(
  instance: Instance,
  workload: string,
  asked: { readonly namespace: string; readonly window: string; readonly cpu: string },
): Promise<Recorded> {
  return recordedOf(instance, {
    workload,
    namespace: asked.namespace,
    windowMs: durationOf("--window", asked.window),
    assumedCpuMs: durationOf("--cpu", asked.cpu),
  });
}

/** A file of ours. */
export async function readTrace(path: string): Promise<Trace> {
  return decodeTrace(await readBounded(path));
}

export async function writeTrace(path: string, trace: Trace): Promise<void> {
  await replaceFile(path, await promisify(gzip)(encodeTrace(trace)));
}

async function readBounded(path: string): Promise<Buffer> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw new Fault("NotFound", `there is no file ${path}`);
  if (found.size > MAX_FILE_BYTES) throw new Fault("BadRequest", `${path} is larger than ${MAX_FILE_BYTES / MIB} MiB`);
  const bytes = await readFile(path);
  if (!MAGIC_GZIP.every((byte, at) => bytes[at] === byte)) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MAX_FILE_BYTES });
  } catch {
    throw new Fault(
      "BadRequest",
      `${path} cannot be unpacked, or is larger than ${MAX_FILE_BYTES / MIB} MiB when it is`,
    );
  }
}

/** Throws BadRequest that names the option. */
export function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new Fault("BadRequest", `${option} ${text}: a number above 0`);
  return value;
}

export function whole(option: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Fault("BadRequest", `${option} ${text}: a whole number`);
  return Number(text);
}

export interface TraceRow {
  readonly name: string;
  readonly requests: number;
  readonly hours: string;
  readonly meanPerSecond: string;
  readonly peakPerSecond: string;
  readonly cpuMs: string;
  readonly waitMs: string;
}

export const traceSheet: Sheet<TraceRow> = {
  headings: [
    { title: "TRACE", cell: ({ name }) => name },
    { title: "REQUESTS", cell: ({ requests }) => requests.toLocaleString("en-US") },
    { title: "HOURS", cell: ({ hours }) => hours },
    { title: "MEAN/S", cell: ({ meanPerSecond }) => meanPerSecond },
    { title: "BUSIEST MINUTE/S", cell: ({ peakPerSecond }) => peakPerSecond },
    { title: "CPU MS", cell: ({ cpuMs }) => cpuMs },
    { title: "WAIT MS", cell: ({ waitMs }) => waitMs },
  ],
  nameOf: ({ name }) => name,
};

export function traceRows(trace: Trace): readonly TraceRow[] {
  const facts = factsOf(trace);
  return [
    {
      name: trace.name,
      requests: facts.requests,
      hours: (facts.lengthMs / 3_600_000).toFixed(1),
      meanPerSecond: facts.meanPerSecond.toFixed(2),
      peakPerSecond: facts.peakPerSecond.toFixed(2),
      cpuMs: facts.meanCpuMs.toFixed(1),
      waitMs: facts.meanWaitMs.toFixed(1),
    },
  ];
}
