/** `catamaran dashboard`: a link into the page that shows an instance. */
import { instanceOf } from "#instance/place.ts";
import { realClock } from "#machine/real-clock.ts";
import { type Command, command } from "../command.ts";
import { dashboardLink } from "../dashboard-link.ts";
import { EXIT } from "../exit-codes.ts";

export const dashboard: Command = command({
  name: "dashboard",
  about: "print a link that opens the dashboard, once and within ten minutes",
  options: {},
  examples: ["catamaran dashboard"],
  run: async ({ place, print }) => {
    print(`${dashboardLink(await instanceOf(place), realClock.now())}\n`);
    return EXIT.ok;
  },
});
