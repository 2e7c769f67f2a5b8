/** `catamaran store check|repair`: whether the state of an instance that is down is whole; a new file of what is, and what is lost. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Fault } from "#base/fault.ts";
import { formatOf, renderRows, type Sheet } from "#cli/rows.ts";
import { checkFile, type Finding, repairFile, stateFiles } from "#store/sqlite/repair.ts";
import { supervisorOf } from "#instance/lock.ts";
import { outputOptions, placeOptions } from "./command-options.ts";
import { placeOf } from "#instance/place.ts";
import { realClock } from "#machine/real-clock.ts";

const USAGE = "catamaran store check|repair [--name NAME] [--data-dir DIR] [-o json]";

const sheet: Sheet<Finding> = {
  headings: [
    { title: "FILE", cell: ({ file }) => file },
    { title: "STATE", cell: ({ state }) => state },
    { title: "RECORDS", cell: ({ records }) => String(records) },
    { title: "LOST", cell: ({ lost }) => String(lost.length) },
    { title: "PROBLEM", cell: ({ problem }) => problem ?? "" },
  ],
  nameOf: ({ file }) => file,
};

export async function storeCommand(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { ...placeOptions, ...outputOptions },
  });
  const [verb] = positionals;
  if (verb !== "check" && verb !== "repair") throw new Fault("BadRequest", USAGE);
  const format = formatOf(values.output);
  const place = placeOf(values);
  const pid = await supervisorOf(place);
  if (pid !== null)
    throw new Fault(
      "Conflict",
      `instance "${place.name}" is up (process ${pid}); first: catamaran down --name ${place.name}`,
    );
  const findings: Finding[] = [];
  for (const name of stateFiles) {
    const path = join(place.dataDir, name);
    findings.push(verb === "check" ? await checkFile(path) : await repairFile(path, realClock.now()));
  }
  process.stdout.write(renderRows(findings, sheet, format));
  for (const finding of findings) sayWhatIsLost(finding);
  return findings.some(({ state }) => state === "damaged") ? 1 : 0;
}

function sayWhatIsLost({ file, lost, aside, state }: Finding): void {
  if (aside !== undefined) process.stderr.write(`${file}: the damaged file is in ${aside}\n`);
  for (const one of lost) process.stderr.write(`${file}: ${state === "repaired" ? "lost" : "damaged"}: ${one}\n`);
}
