/** A comparison as one self-contained HTML page: no script, no request, light and dark. Pure. */
import { escape, type Plot, plotSvg } from "./plot.ts";
import { failureText, machineWarning } from "./failures.ts";
import type { Comparison, CostSide, HullResult } from "./result.ts";

const CONTAINERS = "var(--containers)";
const FUNCTIONS = "var(--functions)";

export function reportHtml(comparison: Comparison): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(comparison.title)}</title><style>${STYLE}</style></head>
<body><main>${comparisonBody(comparison)}</main></body></html>
`;
}

/** The inside of the page, which the dashboard shows too. */
export function comparisonBody(comparison: Comparison): string {
  const at = new Date(comparison.startedAtMs).toISOString().slice(0, 16).replace("T", " ");
  return [
    `<header><h1>${escape(comparison.title)}</h1><p class="quiet">${at} UTC · seed ${comparison.traffic.seed}</p></header>`,
    verdict(comparison),
    `<section class="figures">${comparison.hulls.map((hull) => hullCard(hull, hull.hull === "containers" ? comparison.costs.containers : comparison.costs.functions)).join("")}</section>`,
    `<section class="plots">${plots(comparison)
      .map((plot) => `<figure><figcaption>${escape(plot.title)}</figcaption>${plotSvg(plot)}</figure>`)
      .join("")}</section>`,
    billSection(comparison),
    `<section><h2>What to know</h2><ul>${comparison.assumptions.map((text) => `<li>${escape(text)}</li>`).join("")}</ul></section>`,
  ].join("\n");
}

function verdict(comparison: Comparison): string {
  const { costs, hulls } = comparison;
  const [containers, functions] = hulls as readonly [HullResult, HullResult];
  const even =
    costs.breakEvenRequests === null
      ? ""
      : ` Both cost the same at <b>${costs.breakEvenRequests.toLocaleString("en-US")}</b> requests a month.`;
  const failed = containers.failed + functions.failed;
  const warning = machineWarning(comparison);
  const warned = warning === null ? "" : `<p class="verdict">${escape(warning)}</p>`;
  return `<p class="verdict">A month of this traffic costs <b class="c">${costs.containers.totalUsd}</b> on containers and <b class="f">${costs.functions.totalUsd}</b> as functions.${even} ${failed === 0 ? "No request failed on either." : `<b>${failed}</b> requests failed.`}</p>${warned}`;
}

function hullCard(hull: HullResult, cost: CostSide): string {
  const isContainers = hull.hull === "containers";
  const rows: readonly (readonly [string, string])[] = [
    ["requests", hull.requests.toLocaleString("en-US")],
    ["failed", failureText(hull)],
    ["p50", ms(hull.latencyMs.p50)],
    ["p95", ms(hull.latencyMs.p95)],
    ["p99", ms(hull.latencyMs.p99)],
    ["slowest", ms(hull.latencyMs.max)],
    ["cold starts", isContainers ? "–" : hull.coldStarts.toLocaleString("en-US")],
    ["a month", cost.totalUsd],
  ];
  const cells = rows.map(([name, value]) => `<tr><th scope="row">${name}</th><td>${escape(value)}</td></tr>`).join("");
  return `<article class="${isContainers ? "c" : "f"}"><h2>${isContainers ? "Containers" : "Functions"}</h2><table>${cells}</table><p class="quiet">${escape(cost.basis)}</p></article>`;
}

function plots(comparison: Comparison): readonly Plot[] {
  return [
    trafficPlot(comparison),
    countPlot(comparison),
    latencyPlot(comparison),
    cpuPlot(comparison),
    cumulatedPlot(comparison),
    breakEvenPlot(comparison),
  ];
}

const SECONDS = { label: "seconds", format: (value: number) => `${value / 1000}` };

function trafficPlot({ timeline, traffic }: Comparison): Plot {
  const bucketMs = traffic.replayedMs / traffic.plannedRate.length;
  return {
    title: "Traffic: requests a second",
    x: SECONDS,
    y: { label: "requests/s", format: (value) => `${value}` },
    lines: [
      {
        name: "planned",
        colour: "var(--quiet)",
        isDashed: true,
        points: traffic.plannedRate.map((rate, i) => [(i + 0.5) * bucketMs, rate]),
      },
      {
        name: "containers",
        colour: CONTAINERS,
        points: timeline.map(({ atMs, containerRate }) => [atMs, containerRate]),
      },
      { name: "functions", colour: FUNCTIONS, points: timeline.map(({ atMs, functionRate }) => [atMs, functionRate]) },
    ],
  };
}

function countPlot({ timeline }: Comparison): Plot {
  return {
    title: "Replicas and environments over time",
    x: SECONDS,
    y: { label: "count", format: (value) => `${value}` },
    lines: [
      {
        name: "replicas",
        colour: CONTAINERS,
        isStepped: true,
        points: timeline.map(({ atMs, replicas }) => [atMs, replicas]),
      },
      {
        name: "environments",
        colour: FUNCTIONS,
        isStepped: true,
        points: timeline.map(({ atMs, environments }) => [atMs, environments]),
      },
    ],
  };
}

function latencyPlot({ hulls }: Comparison): Plot {
  return {
    title: "Latency: share of requests answered within a time",
    x: { label: "milliseconds", isLog: true, format: (value) => `${value}` },
    y: { label: "share", format: (value) => `${Math.round(value * 100)} %`, max: 1 },
    lines: hulls.map(({ hull, curve }) => ({
      name: hull,
      colour: hull === "containers" ? CONTAINERS : FUNCTIONS,
      points: curve.map(({ ms: at, share }) => [at, share]),
    })),
  };
}

function cpuPlot({ timeline }: Comparison): Plot {
  return {
    title: "Containers: CPU booked against used",
    x: SECONDS,
    y: { label: "milli-cores", format: (value) => `${value}` },
    lines: [
      {
        name: "booked",
        colour: CONTAINERS,
        isDashed: true,
        isStepped: true,
        points: timeline.map(({ atMs, bookedCpuMillis }) => [atMs, bookedCpuMillis]),
      },
      {
        name: "used",
        colour: CONTAINERS,
        isFilled: true,
        points: timeline.map(({ atMs, usedCpuMillis }) => [atMs, usedCpuMillis]),
      },
    ],
  };
}

function cumulatedPlot({ costs }: Comparison): Plot {
  return {
    title: "Cost of the replayed day, adding up",
    x: SECONDS,
    y: { label: "dollars", format: (value) => `$${value}` },
    lines: [
      {
        name: "containers",
        colour: CONTAINERS,
        points: costs.cumulated.map(({ atMs, containersUsd }) => [atMs, containersUsd]),
      },
      {
        name: "functions",
        colour: FUNCTIONS,
        points: costs.cumulated.map(({ atMs, functionsUsd }) => [atMs, functionsUsd]),
      },
    ],
  };
}

function breakEvenPlot({ costs }: Comparison): Plot {
  return {
    title: "Break-even: a month's cost by number of requests",
    x: { label: "requests a month", isLog: true, format: shortCount },
    y: { label: "dollars a month", isLog: true, format: (value) => `$${shortCount(value)}`, min: 0.01 },
    lines: [
      {
        name: "containers",
        colour: CONTAINERS,
        points: costs.curve.map(({ requests, containersUsd }) => [requests, containersUsd]),
      },
      {
        name: "functions",
        colour: FUNCTIONS,
        points: costs.curve.map(({ requests, functionsUsd }) => [requests, functionsUsd]),
      },
    ],
    ...(costs.breakEvenRequests === null
      ? {}
      : { marks: [{ x: costs.breakEvenRequests, label: `equal at ${shortCount(costs.breakEvenRequests)}` }] }),
  };
}

function shortCount(value: number): string {
  for (const [limit, suffix] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (value >= limit) return `${Number((value / limit).toPrecision(3))}${suffix}`;
  }
  return `${Number(value.toPrecision(3))}`;
}

function billSection({ costs }: Comparison): string {
  const side = (name: string, { lines, totalUsd }: CostSide): string =>
    `<tbody><tr><th scope="rowgroup" colspan="4">${name}</th></tr>${lines.map((line) => `<tr><td>${escape(line.meter)}</td><td>${escape(line.quantity)}</td><td>${escape(line.price)}</td><td>${line.amountUsd}</td></tr>`).join("")}<tr class="total"><td>total</td><td></td><td></td><td>${totalUsd}</td></tr></tbody>`;
  return `<section><h2>The bill of a month</h2><table class="bill"><thead><tr><th>meter</th><th>quantity</th><th>price</th><th>amount</th></tr></thead>${side("Containers", costs.containers)}${side("Functions", costs.functions)}</table><p class="quiet">${escape(costs.bookTitle)}, as of ${costs.asOf}.</p></section>`;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} ms`;
}

export const STYLE: string = `
:root{color-scheme:light dark;--page:#fbfaf7;--ink:#1d2329;--quiet:#6b7480;--rule:#dcd8cf;--card:#fff;--containers:#1f6fb2;--functions:#b8500b}
@media (prefers-color-scheme:dark){:root{--page:#14181d;--ink:#e6e9ec;--quiet:#97a1ac;--rule:#2f3740;--card:#1b2127;--containers:#6cb4ee;--functions:#f0955a}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 20px 64px}h1{font-size:26px;margin:0}h2{font-size:17px;margin:28px 0 8px}
.quiet{color:var(--quiet);font-size:13px;margin:6px 0 0}.verdict{font-size:18px;margin:22px 0}.verdict .c{color:var(--containers)}.verdict .f{color:var(--functions)}
.figures,.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));gap:16px}
article,figure{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:14px 18px;margin:0}
article{border-top:4px solid var(--containers)}article.f{border-top-color:var(--functions)}article h2{margin:0 0 6px}
.plots{margin-top:16px}figcaption{font-weight:600;margin-bottom:6px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th{text-align:left;font-weight:500;color:var(--quiet)}
td{text-align:right}.bill td:first-child{text-align:left}.bill th:not(:first-child){text-align:right}td,th{padding:3px 0}.bill td,.bill th{padding:5px 8px;border-bottom:1px solid var(--rule)}
.bill [scope=rowgroup]{color:var(--ink);font-weight:600;padding-top:14px}.total td{font-weight:600}
@media (max-width:520px){.bill{font-size:13px}.bill td,.bill th{padding:5px 3px;overflow-wrap:anywhere}.bill td:last-child{white-space:nowrap}}
.plot{width:100%;height:auto;display:block}.plot text{fill:var(--quiet);font-size:11.5px}.plot .label{font-size:12px}
.plot .line{fill:none;stroke-width:2;stroke-linejoin:round}.plot .dashed{stroke-dasharray:5 4}.plot .grid{stroke:var(--rule)}.plot .mark{stroke:var(--ink);stroke-dasharray:2 3}
`;
