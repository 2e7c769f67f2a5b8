/** The contract of a page of the dashboard as a value. The values are listed in all.ts, which is also the navigation. */
import type { Kind } from "#kinds/kind.ts";
import type { PriceBook } from "#metering/price-book.ts";
import type { MinuteFigures } from "../minute.ts";
import type { SeenObjects } from "../seen-objects.ts";
import type { Managed } from "../managed.ts";

export interface DashboardView {
  /** Names the page to its script and to the style sheet (`body[data-page]`). */
  readonly name: string;
  /** Where it is served: "/logs". */
  readonly path: string;
  /** In the navigation and in the window's title. */
  readonly title: string;
  /** The script in this folder's parent that keeps it current. */
  readonly script: "page.js" | "logs.js";
  /** Kinds whose objects it reads; all that the views need is watched while the dashboard runs. */
  readonly needs: readonly Kind[];
  /** The inside of the page as HTML. Whatever comes from an object or the query is escaped. */
  view(seen: DashboardSeen, query: URLSearchParams): string | Promise<string>;
}

/** What the dashboard sees of its instance at one moment. */
export interface DashboardSeen {
  readonly objects: SeenObjects;
  /** Environments of a function now. */
  readonly running: (namespace: string, name: string) => { readonly running: number; readonly idle: number };
  /** Of the last minute, for "Service/default/web" or "Function/default/web". */
  readonly figures: (backend: string) => MinuteFigures;
  readonly managed: Managed;
  readonly book: PriceBook;
  /** The newest comparison as the inside of a page; null when there is none. */
  readonly comparison: () => Promise<string | null>;
}
