/** The newest comparison of both hulls, as its report shows it. */
import { NO_COMPARISON } from "../page.ts";
import type { DashboardView } from "./view.ts";

export const compareView: DashboardView = {
  name: "compare",
  path: "/compare",
  title: "Compare",
  script: "page.js",
  needs: [],
  view: async ({ comparison }) => (await comparison()) ?? NO_COMPARISON,
};
