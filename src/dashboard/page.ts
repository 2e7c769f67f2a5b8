/** The dashboard's pages as HTML text: frame, the list of both hulls, logs. Pure. */
import { alignedDollars } from "./dollars.ts";
import { LINK_MS } from "./entry.ts";
import type { Row } from "./rows.ts";

export type PageName = "deck" | "compare" | "logs";

const TITLES: Readonly<Record<PageName, string>> = { deck: "Deck", compare: "Compare", logs: "Logs" };

const ASSETS = '<link rel="icon" href="/icon.svg"><link rel="stylesheet" href="/style.css">';

/** Two hulls under one deck. */
export const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M3 12h26v4H3z" fill="#8a939c"/><path d="M3 18h11l-2 9H7z" fill="#1f6fb2"/><path d="M18 18h11l-4 9h-5z" fill="#c65a11"/></svg>';

/** What an empty instance is answered with. */
export const NOTHING_YET =
  "Nothing runs yet. Try: <code>kubectl create deployment web --image=busybox -- sleep 3600</code>, or for both hulls at once: <code>npx catamaran demo</code>";

export function pageHtml(page: PageName, instance: string, body: string): string {
  const links = (Object.keys(TITLES) as PageName[])
    .map(
      (name) =>
        `<a href="/${name === "deck" ? "" : name}"${name === page ? ' aria-current="page"' : ""}>${TITLES[name]}</a>`,
    )
    .join("");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Catamaran · ${TITLES[page]}</title>${ASSETS}<script src="/${page === "logs" ? "logs" : "page"}.js" defer></script></head>
<body data-page="${page}"><nav aria-label="Pages"><b>Catamaran</b><span class="quiet">${escape(instance)}</span>${links}</nav><main>${body}</main></body></html>
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

export function deckBody(rows: readonly Row[]): string {
  return `<h1>Workloads</h1>
<p class="quiet">The last minute of both hulls: containers as the gateway saw them, functions however they were called. Press / to filter.</p>
<input id="filter" type="search" placeholder="filter" aria-label="Filter workloads">
<table class="deck"><thead><tr><th>name</th><th>hull</th><th>health</th><th>requests</th><th>per second</th><th>p50</th><th>p99</th><th>errors</th><th>cold</th><th>CPU booked / used</th><th>memory booked / used</th><th>$ an hour</th></tr></thead>
<tbody id="rows">${rowsHtml(rows)}</tbody></table>`;
}

export function rowsHtml(rows: readonly Row[]): string {
  if (rows.length === 0) return `<tr><td colspan="12" class="empty">${NOTHING_YET}</td></tr>`;
  const costs = alignedDollars(rows.map(({ perHour }) => perHour));
  return rows.map((row, place) => rowHtml(row, costs[place] ?? "")).join("");
}

function rowHtml(row: Row, cost: string): string {
  const { hull, namespace, name, health, isHealthy, figures, cpuMillis, memoryMib } = row;
  const isContainers = hull === "containers";
  const cells = [
    `<th scope="row"><a href="/logs?of=${encodeURIComponent(`${isContainers ? "deployment" : "function"}/${namespace}/${name}`)}" title="Its log">${escape(name)}</a><small class="quiet"> ${escape(namespace)}</small></th>`,
    `<td class="${isContainers ? "c" : "f"}">${hull}</td>`,
    `<td class="${isHealthy ? "well" : "ill"}">${isHealthy ? "●" : "▲"} ${escape(health)}</td>`,
    number(figures.requests.toLocaleString("en-US")),
    number(figures.perSecond.toFixed(1)),
    number(ms(figures.requests, figures.latencyMsP50)),
    number(ms(figures.requests, figures.latencyMsP99)),
    `<td class="${figures.failed > 0 ? "ill" : ""}">${figures.failed}</td>`,
    number(isContainers ? "–" : String(figures.coldStarts)),
    number(isContainers ? `${cpuMillis[0]}m / ${cpuMillis[1]}m` : "per use"),
    number(isContainers ? `${memoryMib[0]} / ${memoryMib[1]} MiB` : `per use / ${memoryMib[1]} MiB`),
    number(escape(cost)),
  ];
  return `<tr data-name="${escape(`${namespace}/${name} ${hull}`)}">${cells.join("")}</tr>`;
}

function number(text: string): string {
  return `<td>${text}</td>`;
}

function ms(requests: number, value: number): string {
  return requests === 0 ? "–" : `${value < 10 ? value.toFixed(2) : value.toFixed(1)} ms`;
}

export function escape(text: string): string {
  return text.replace(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

export const DASHBOARD_STYLE: string = `
nav{display:flex;gap:18px;align-items:baseline;padding:12px 20px;border-bottom:1px solid var(--rule);background:var(--card)}
nav a,.choices a{color:var(--ink);text-decoration:none;padding:2px 4px;border-radius:4px}nav a[aria-current],.choices a[aria-current]{background:var(--rule);font-weight:600}
a:focus-visible,input:focus-visible,select:focus-visible,button:focus-visible,[tabindex]:focus-visible{outline:2px solid var(--containers);outline-offset:2px}
body[data-page=deck] main{max-width:1320px}#filter,select,button{font:inherit;padding:6px 10px;border:1px solid var(--rule);border-radius:6px;background:var(--card);color:var(--ink)}#filter{width:280px}body[data-page=deck] #filter{margin:12px 0}
.deck{background:var(--card);border:1px solid var(--rule);border-radius:10px;border-collapse:separate;border-spacing:0}.deck th,.deck td{padding:8px 10px;border-bottom:1px solid var(--rule);white-space:nowrap}
.deck thead th{text-align:right;font-size:12.5px}.deck thead th:first-child,.deck thead th:nth-child(2),.deck thead th:nth-child(3),.deck td:nth-child(2),.deck td:nth-child(3){text-align:left}
.deck tbody th{color:var(--ink);font-weight:600}.deck a{color:inherit}.deck tr:last-child>*{border-bottom:0}.deck .empty{text-align:left;color:var(--quiet)}
td.c{color:var(--containers)}td.f{color:var(--functions)}.well{color:#2b8a4b}.ill{color:#c92a2a;font-weight:600}
@media (prefers-color-scheme:dark){.well{color:#69db7c}.ill{color:#ff8787}}
body[data-page=logs]{display:flex;flex-direction:column;height:100dvh}body[data-page=logs] main{max-width:none;width:100%;padding:12px 20px 16px;flex:1;min-height:0;display:flex;flex-direction:column;gap:10px}
.unseen{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.tools{display:flex;flex-wrap:wrap;gap:8px 10px;align-items:center}.tools select{max-width:min(420px,100%)}.tools #state{margin:0 0 0 auto}
#lines{flex:1;min-height:0;overflow:auto;background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:8px 12px;font:12.5px/1.55 ui-monospace,monospace}
.line{white-space:pre;tab-size:4}.line[hidden]{display:none}.wraps .line{white-space:pre-wrap;overflow-wrap:anywhere}.line time,.line .from{color:var(--quiet)}.line .from{color:var(--containers)}
.note{font-style:italic;color:var(--quiet)}
.stale{opacity:.5}
`;
