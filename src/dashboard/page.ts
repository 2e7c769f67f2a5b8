/** The dashboard's pages as HTML text: frame, the list of both hulls, logs. Pure. */
import { alignedDollars } from "./dollars.ts";
import type { Row } from "./rows.ts";

export type PageName = "deck" | "compare" | "logs";

const TITLES: Readonly<Record<PageName, string>> = { deck: "Deck", compare: "Compare", logs: "Logs" };

export function pageHtml(page: PageName, instance: string, body: string): string {
  const links = (Object.keys(TITLES) as PageName[])
    .map(
      (name) =>
        `<a href="/${name === "deck" ? "" : name}"${name === page ? ' aria-current="page"' : ""}>${TITLES[name]}</a>`,
    )
    .join("");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Catamaran · ${TITLES[page]}</title><link rel="stylesheet" href="/style.css"><script src="/page.js" defer></script></head>
<body data-page="${page}"><nav aria-label="Pages"><b>Catamaran</b><span class="quiet">${escape(instance)}</span>${links}</nav><main>${body}</main></body></html>
`;
}

/** Shown to a browser that has no session yet: the script trades the link's token for one. */
export function enterHtml(): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Catamaran</title><link rel="stylesheet" href="/style.css"><script src="/page.js" defer></script></head><body data-page="enter"><main><h1>Catamaran</h1><p>Open the link that <code>catamaran dashboard</code> prints.</p></main></body></html>`;
}

export function deckBody(rows: readonly Row[]): string {
  return `<h1>Workloads</h1>
<p class="quiet">The last minute of both hulls: containers as the gateway saw them, functions however they were called. Press / to filter.</p>
<input id="filter" type="search" placeholder="filter" aria-label="Filter workloads">
<table class="deck"><thead><tr><th>name</th><th>hull</th><th>health</th><th>requests</th><th>per second</th><th>p50</th><th>p99</th><th>errors</th><th>cold</th><th>CPU booked / used</th><th>memory booked / used</th><th>$ an hour</th></tr></thead>
<tbody id="rows">${rowsHtml(rows)}</tbody></table>`;
}

export function rowsHtml(rows: readonly Row[]): string {
  if (rows.length === 0)
    return '<tr><td colspan="12" class="empty">Nothing is deployed yet. Try: kubectl create deployment web --image=busybox, or: catamaran demo</td></tr>';
  const costs = alignedDollars(rows.map(({ perHour }) => perHour));
  return rows.map((row, place) => rowHtml(row, costs[place] ?? "")).join("");
}

function rowHtml(row: Row, cost: string): string {
  const { hull, namespace, name, health, isHealthy, figures, cpuMillis, memoryMib } = row;
  const isContainers = hull === "containers";
  const cells = [
    `<th scope="row">${isContainers ? "" : `<a href="/logs?function=${encodeURIComponent(name)}">`}${escape(name)}${isContainers ? "" : "</a>"}<small class="quiet"> ${escape(namespace)}</small></th>`,
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

export interface LogText {
  readonly atMs: number;
  readonly text: string;
}

export function logsBody(functions: readonly string[], chosen: string | null, lines: readonly LogText[]): string {
  const links = functions
    .map(
      (name) =>
        `<a href="/logs?function=${encodeURIComponent(name)}"${name === chosen ? ' aria-current="page"' : ""}>${escape(name)}</a>`,
    )
    .join(" ");
  const text = lines
    .map(
      ({ atMs, text: line }) =>
        `<span class="quiet">${new Date(atMs).toISOString().slice(11, 23)}</span> ${escape(line)}`,
    )
    .join("\n");
  const shown =
    chosen === null
      ? '<p class="quiet">Choose a function. Pods: kubectl logs.</p>'
      : `<pre tabindex="0">${text === "" ? "no lines yet" : text}</pre>`;
  return `<h1>Logs</h1><p class="choices">${links === "" ? '<span class="quiet">no functions yet</span>' : links}</p>${shown}`;
}

export function escape(text: string): string {
  return text.replace(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

export const DASHBOARD_STYLE: string = `
nav{display:flex;gap:18px;align-items:baseline;padding:12px 20px;border-bottom:1px solid var(--rule);background:var(--card)}
nav a,.choices a{color:var(--ink);text-decoration:none;padding:2px 4px;border-radius:4px}nav a[aria-current],.choices a[aria-current]{background:var(--rule);font-weight:600}
a:focus-visible,input:focus-visible,pre:focus-visible{outline:2px solid var(--containers);outline-offset:2px}
body[data-page=deck] main{max-width:1320px}#filter{font:inherit;padding:6px 10px;border:1px solid var(--rule);border-radius:6px;background:var(--card);color:var(--ink);margin:12px 0;width:280px}
.deck{background:var(--card);border:1px solid var(--rule);border-radius:10px;border-collapse:separate;border-spacing:0}.deck th,.deck td{padding:8px 10px;border-bottom:1px solid var(--rule);white-space:nowrap}
.deck thead th{text-align:right;font-size:12.5px}.deck thead th:first-child,.deck thead th:nth-child(2),.deck thead th:nth-child(3),.deck td:nth-child(2),.deck td:nth-child(3){text-align:left}
.deck tbody th{color:var(--ink);font-weight:600}.deck a{color:inherit}.deck tr:last-child>*{border-bottom:0}.deck .empty{text-align:left;color:var(--quiet)}
td.c{color:var(--containers)}td.f{color:var(--functions)}.well{color:#2b8a4b}.ill{color:#c92a2a;font-weight:600}
@media (prefers-color-scheme:dark){.well{color:#69db7c}.ill{color:#ff8787}}
pre{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:14px;overflow:auto;max-height:70vh;font:13px/1.5 ui-monospace,monospace}
.stale{opacity:.5}
`;
