/** `catamaran env`: everything that kubectl, aws and programs need to find an instance. */
import { Fault } from "#base/fault.ts";
import { linkToken } from "#dashboard/entry.ts";
import { environmentOf } from "#instance/environment.ts";
import type { Instance } from "#instance/instance.ts";
import { instanceOf, type Place } from "#instance/place.ts";
import { dashboardKey } from "#instance/files.ts";
import { realClock } from "#machine/real-clock.ts";

export async function printEnvironment(place: Place, output: string | boolean | undefined): Promise<number> {
  const environment = environmentOf(await instanceOf(place));
  if (output === "json") process.stdout.write(`${JSON.stringify(environment, null, 2)}\n`);
  else if (output === undefined)
    process.stdout.write(
      Object.entries(environment)
        .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`)
        .join(""),
    );
  else throw new Fault("BadRequest", `-o ${output}: only json, or nothing for shell lines`);
  return 0;
}

/** Opens the dashboard once, within minutes. */
export function dashboardLink(instance: Instance): string {
  return `http://127.0.0.1:${instance.ports.dashboard}/#${linkToken(dashboardKey(instance), realClock.now())}`;
}

export async function printDashboard(place: Place): Promise<number> {
  process.stdout.write(`${dashboardLink(await instanceOf(place))}\n`);
  return 0;
}
