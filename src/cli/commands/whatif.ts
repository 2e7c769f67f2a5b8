/** `catamaran whatif`: what a workload would cost and how it would behave on pods, on functions and on both, by a trace. */
import { instanceOf } from "#instance/place.ts";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { formatOf, outputOption, priceOptions } from "../options.ts";

export const whatif: Command = command({
  name: "whatif",
  about: "predict cost and latency of a workload on pods, functions and both",
  operands: { usage: "[function/NAME|deployment/NAME]", most: 1, complete: "workloads" },
  options: {
    trace: {
      type: "string",
      value: "FILE|PRESET",
      about: "the traffic; a preset is a day of its shape; default is what the workload had, or office",
    },
    window: { type: "string", default: "24h", value: "TIME", about: "of a workload's traffic: how far back" },
    namespace: { type: "string", short: "n", default: "default", value: "NAME", about: "where the workload is" },
    cpu: { type: "string", default: "20ms", value: "TIME", about: "CPU of a request, where nothing measured it" },
    to: {
      type: "string",
      value: "MODEL",
      about: "only pods, function or hybrid",
      complete: ["pods", "function", "hybrid"],
    },
    slo: { type: "string", default: "p99=1s,fail=0.1%", value: "LIST", about: "what must hold: p99=300ms,fail=0.1%" },
    nodes: {
      type: "string",
      default: "whole",
      value: "HOW",
      about: "whole: nodes and control plane of one's own; share: a part of nodes that others fill",
      complete: ["whole", "share"],
    },
    "pod-cpu": {
      type: "string",
      value: "MILLIS",
      about: "what a pod books, in milli-cores; default is the workload's, or 500",
    },
    "pod-memory": {
      type: "string",
      value: "MIB",
      about: "what a pod books, in MiB; default is the workload's, or 512",
    },
    "pod-start": { type: "string", default: "3s", value: "TIME", about: "until a pod is ready" },
    init: {
      type: "string",
      value: "TIME",
      about: "INIT of a function's environment; default is what was measured, or 250ms",
    },
    "keep-alive": { type: "string", default: "5m", value: "TIME", about: "how long an idle environment is kept" },
    seeds: { type: "string", default: "5", value: "N", about: "runs that the band is made of" },
    ...priceOptions,
    ...outputOption,
  },
  examples: [
    "catamaran whatif function/users --window 1h --nodes share",
    "catamaran whatif --trace bursts --slo p99=500ms,fail=0.1% --nodes share",
    "catamaran whatif --trace log.trace --to hybrid --node c7g.large -o json",
  ],
  run: async ({ values, operands: [workload], place, print, say }) => {
    const format = formatOf(values.output);
    const { assumptions, choiceRows, choiceSheet, liveOf, questionOf, verdict } = await import("../what-if.ts");
    const { renderRows } = await import("../rows.ts");
    const live = workload === undefined ? null : await liveOf(await instanceOf(place), workload, values);
    const question = await questionOf(values, live);
    const rows = choiceRows(question, values.to);
    print(await renderRows(rows, choiceSheet, format));
    say(`${verdict(rows)}\n`);
    for (const line of [...(live?.facts ?? []), ...assumptions(question)]) say(`${line}\n`);
    return rows.every(({ keeps }) => keeps) ? EXIT.ok : EXIT.failed;
  },
});
