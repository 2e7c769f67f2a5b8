/** Attacks from inside a function (hostile.mjs) as values: what its caller is answered. What others notice is the bystander's. */
import type { Attack } from "./attack-list.ts";
import { type Answer, type Doors, signed } from "./attack-clients.ts";

function says({ status, headers, text }: Answer): string {
  return `${status} ${String(headers["x-amz-function-error"] ?? "-")} ${text.slice(0, 300)}`;
}

async function hostile(doors: Doors, attack: string): Promise<string> {
  const path = "/2015-03-31/functions/hostile/invocations";
  return says(await signed(doors.aws, "lambda", { method: "POST", path, body: JSON.stringify({ attack }) }));
}

function inside(attack: string, want: RegExp): Attack {
  return { title: `a function: ${attack}`, want, run: (doors) => hostile(doors, attack) };
}

const ANSWERED = /^200 - /;
const ENDED = /^200 Unhandled .*Runtime\.ExitError/;
const TOO_LARGE = /^200 Unhandled .*Function\.ResponseSizeTooLarge/;

/** Those that are over at once. */
export const sandboxAttacks: readonly Attack[] = [
  inside("nothing", /^200 - "nothing"/),
  inside("no newline", ANSWERED),
  inside("unknown frame", ENDED),
  inside("endless frame", ENDED),
  inside("short frame", ENDED),
  inside("times that are none", ANSWERED),
  inside("three caches", ENDED),
  inside("memory", ENDED),
  inside("many files", /^200 Unhandled .*ENOSPC/),
  inside("7 MB", TOO_LARGE),
  inside("60 MB", TOO_LARGE),
  inside("signals", /^200 /),
];

/** Those that go on for some seconds. */
export const lastingSandboxAttacks: readonly Attack[] = [
  inside("long lines", ANSWERED),
  inside("short lines", ANSWERED),
  inside("console", /^200 /),
  inside("open frame", /^200 Unhandled /),
  inside("log frames", ANSWERED),
  inside("short log frames", ANSWERED),
  inside("answers to nobody", ANSWERED),
  inside("children", ANSWERED),
  inside("busy shells", ANSWERED),
  inside("full folder", /^200 Unhandled /),
];
