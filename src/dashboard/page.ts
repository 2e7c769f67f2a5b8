/** The dashboard's pages as HTML text: frame, the list of both hulls, logs. Pure. */
import { alignedDollars } from "./dollars.ts";
import { LINK_MS } from "./entry.ts";
import type { Row } from "./rows.ts";

const ASSETS = '<link rel="icon" href="/icon.svg"><link rel="stylesheet" href="/style.css">';

/** Two hulls under one deck. */
export const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M3 12h26v4H3z" fill="#8a939c"/><path d="M3 18h11l-2 9H7z" fill="#1f6fb2"/><path d="M18 18h11l-4 9h-5z" fill="#d9691a"/></svg>';

/** What an empty instance is answered with. */
export const NOTHING_YET =
  "<b>Nothing runs yet</b>Try <code>kubectl create deployment web --image=busybox -- sleep 3600</code><br>or both hulls at once: <code>npx catamaran demo</code>";

export const NO_COMPARISON =
  '<h1>Compare</h1><p class="empty"><b>There is no comparison yet</b>The same traffic on both hulls, measured and priced: <code>npx catamaran demo</code></p>';

/** Where a page is found: one entry of the navigation. */
export interface PagePlace {
  readonly name: string;
  readonly path: string;
  readonly title: string;
}

export interface PageFrame {
  readonly page: PagePlace & { readonly script: string };
  /** All pages, in the order of the navigation. */
  readonly pages: readonly PagePlace[];
  readonly instance: string;
}

export function pageHtml({ page, pages, instance }: PageFrame, body: string): string {
  const links = pages
    .map(({ name, path, title }) => `<a href="${path}"${name === page.name ? ' aria-current="page"' : ""}>${title}</a>`)
    .join("");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Catamaran · ${page.title}</title>${ASSETS}<script src="/${page.script}" defer></script></head>
<body data-page="${page.name}"><nav aria-label="Pages"><img src="/icon.svg" alt=""><b class="brand">Catamaran</b><span class="quiet">${escape(instance)}</span>${links}</nav><main>${body}</main></body></html>
`;
}

/** Shown to a browser that has no session: its script trades the link's token for one. */
export function enterHtml(instance: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Catamaran</title>${ASSETS}<script src="/page.js" defer></script></head>
<body data-page="enter"><main><h1>Catamaran</h1><p id="why">This browser has no session here.</p>
<p>Print a link that opens the dashboard of <b>${escape(instance)}</b>:</p><pre>${escape(linkCommand(instance))}</pre></main></body></html>
`;
}

/** Plain text, for the page and for whoever asks without one. */
export function linkRefused(instance: string): string {
  return `This link was used before, or is older than ${LINK_MS / 60_000} minutes. A new one is printed by: ${linkCommand(instance)}\n`;
}

function linkCommand(instance: string): string {
  return `npx catamaran dashboard${instance === "default" ? "" : ` --name ${instance}`}`;
}

const COLUMNS: readonly (readonly [name: string, about: string])[] = [
  ["name", "Name and namespace; opens its log"],
  ["hull", "Containers are booked by the hour, functions are paid per use"],
  ["health", "Pods that are ready; environments that are busy and idle"],
  ["requests", "Of the last minute: through the gateway for containers, by any door for functions"],
  ["per s", "Requests a second, over the last minute"],
  ["errors", "Of the last minute: answers 5xx and 429; errors, time-outs and throttles of functions"],
  ["p50", "Half of the last minute's requests took no longer; of a function its INIT and run"],
  ["p99", "Of a hundred requests of the last minute 99 took no longer"],
  ["cold", "Cold starts of the last minute"],
  ["CPU", "Booked and used, in thousandths of a core"],
  ["memory", "Booked and used; of a function what its environments hold"],
  ["$ an hour", "At list price: what is booked; of a function what the last minute would cost for an hour"],
];

export function deckBody(rows: readonly Row[]): string {
  const heads = COLUMNS.map(
    ([name, about], place) =>
      `<th scope="col" role="columnheader"><button type="button" data-column="${place}" title="${about}">${name}</button></th>`,
  );
  return `<h1>Workloads</h1>
<p class="quiet">The last minute of both hulls: containers as the gateway saw them, functions however they were called.</p>
<div class="tools"><input id="filter" type="search" placeholder="Filter ( / )" aria-label="Filter workloads" maxlength="200" spellcheck="false">
<span id="state" class="state quiet" role="status"></span></div>
<div class="sheet"><table class="deck" role="table"><thead><tr role="row">${heads.join("")}</tr></thead>
<tbody id="rows">${rowsHtml(rows)}</tbody></table></div>`;
}

export function rowsHtml(rows: readonly Row[]): string {
  if (rows.length === 0) return `<tr role="row"><td colspan="${COLUMNS.length}" class="empty">${NOTHING_YET}</td></tr>`;
  const costs = alignedDollars(rows.map(({ perHour }) => perHour));
  return rows.map((row, place) => rowHtml(row, costs[place] ?? "")).join("");
}

function rowHtml(row: Row, cost: string): string {
  const { hull, type, namespace, name, health, isHealthy, figures, cpuMillis, memoryMib } = row;
  const isContainers = hull === "containers";
  const [bookedMillis, usedMillis] = cpuMillis;
  const [bookedMib, usedMib] = memoryMib;
  const address = `${type}/${namespace}/${name}`;
  const cells = [
    `<th scope="row" role="rowheader" data-value="${escape(name)}"><a href="/logs?of=${encodeURIComponent(address)}" title="Its log">${escape(name)}</a><small class="quiet">${type} in ${escape(namespace)}</small></th>`,
    cell(1, hull, hull, isContainers ? "c" : "f"),
    cell(2, `${isHealthy ? "●" : "▲"} ${escape(health)}`, isHealthy ? 1 : 0, isHealthy ? "well" : "ill"),
    cell(3, figures.requests.toLocaleString("en-US"), figures.requests),
    cell(4, perSecond(figures.perSecond), figures.perSecond),
    cell(5, figures.failed.toLocaleString("en-US"), figures.failed, figures.failed > 0 ? "ill" : ""),
    cell(6, ms(figures.requests, figures.latencyMsP50), figures.latencyMsP50),
    cell(7, ms(figures.requests, figures.latencyMsP99), figures.latencyMsP99),
    cell(8, isContainers ? "–" : figures.coldStarts.toLocaleString("en-US"), figures.coldStarts),
    cell(9, isContainers ? `${bookedMillis}m / ${usedMillis}m` : "–", usedMillis),
    cell(10, isContainers ? `${bookedMib} / ${usedMib} MiB` : `${usedMib} MiB`, usedMib),
    cell(11, escape(cost), row.perHour),
  ];
  return `<tr role="row" data-name="${escape(`${namespace}/${name} ${hull}${type === "pod" ? " pod" : ""}`)}">${cells.join("")}</tr>`;
}

function cell(column: number, text: string, value: number | bigint | string, look = ""): string {
  // What is nothing should not draw the eye.
  const shown = look === "" && !/[1-9]/.test(text) ? "none" : look;
  return `<td role="cell" data-label="${COLUMNS[column]?.[0] ?? ""}" data-value="${value}"${shown === "" ? "" : ` class="${shown}"`}>${text}</td>`;
}

function perSecond(rate: number): string {
  return rate > 0 && rate < 0.1 ? rate.toFixed(2) : rate.toFixed(1);
}

function ms(requests: number, value: number): string {
  return requests === 0 ? "–" : `${value < 10 ? value.toFixed(2) : value.toFixed(1)} ms`;
}

export function escape(text: string): string {
  return text.replace(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
