/** Every page of the dashboard, in the order of its navigation. Adding one: a file beside this one, and its line here. */
import { compareView } from "./compare.ts";
import { deckView } from "./deck.ts";
import { logsView } from "./logs.ts";
import { servicesView } from "./services.ts";
import type { DashboardView } from "./view.ts";

export const dashboardViews: readonly DashboardView[] = [deckView, compareView, logsView, servicesView];
