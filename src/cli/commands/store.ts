/** `catamaran store check|repair`: whether the state of an instance that is down is whole; a new file of what is, and what is lost. */
import { join } from "node:path";
import { Fault } from "#base/fault.ts";
import { supervisorOf } from "#instance/lock.ts";
import { realClock } from "#machine/real-clock.ts";
import type { Finding } from "#store/sqlite/repair.ts";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { formatOf, outputOption } from "../options.ts";
import { renderRows, type Sheet } from "../rows.ts";

const USAGE = "check|repair";

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

export const store: Command = command({
  name: "store",
  about: "is the state of an instance that is down whole, and what is lost",
  operands: { usage: USAGE, most: 1, complete: ["check", "repair"] },
  options: outputOption,
  examples: ["catamaran store check", "catamaran store repair --name other"],
  run: async ({ values, operands, place, print, say }) => {
    const [verb] = operands;
    if (verb !== "check" && verb !== "repair") throw new Fault("BadRequest", `catamaran store ${USAGE}`);
    const format = formatOf(values.output);
    const pid = await supervisorOf(place);
    if (pid !== null)
      throw new Fault(
        "Conflict",
        `instance "${place.name}" is up (process ${pid}); first: catamaran down --name ${place.name}`,
      );
    const { checkFile, repairFile, stateFiles } = await import("#store/sqlite/repair.ts");
    const findings: Finding[] = [];
    for (const name of stateFiles) {
      const path = join(place.dataDir, name);
      findings.push(verb === "check" ? await checkFile(path) : await repairFile(path, realClock.now()));
    }
    print(await renderRows(findings, sheet, format));
    for (const line of findings.flatMap(lostLines)) say(`${line}\n`);
    return findings.some(({ state }) => state === "damaged") ? EXIT.failed : EXIT.ok;
  },
});

function lostLines({ file, lost, aside, state }: Finding): readonly string[] {
  return [
    ...(aside === undefined ? [] : [`${file}: the damaged file is in ${aside}`]),
    ...lost.map((one) => `${file}: ${state === "repaired" ? "lost" : "damaged"}: ${one}`),
  ];
}
