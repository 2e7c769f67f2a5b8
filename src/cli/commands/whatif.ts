/** `catamaran whatif`: what a workload would cost and how it would behave on pods, on functions and on both, by a trace. */
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { formatOf, outputOption, priceOptions } from "../options.ts";

export const whatif: Command = command({
  name: "whatif",
  about: "predict cost and latency of a workload on pods, functions and both",
  options: {
    trace: {
      type: "string",
      default: "office",
      value: "FILE|PRESET",
      about: "the traffic; a preset is a day of its shape",
    },
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
    "pod-cpu": { type: "string", default: "500", value: "MILLIS", about: "what a pod books, in milli-cores" },
    "pod-memory": { type: "string", default: "512", value: "MIB", about: "what a pod books, in MiB" },
    "pod-start": { type: "string", default: "3s", value: "TIME", about: "until a pod is ready" },
    init: { type: "string", default: "250ms", value: "TIME", about: "INIT of a function's environment" },
    "keep-alive": { type: "string", default: "5m", value: "TIME", about: "how long an idle environment is kept" },
    seeds: { type: "string", default: "5", value: "N", about: "runs that the band is made of" },
    ...priceOptions,
    ...outputOption,
  },
  isOfInstance: false,
  examples: [
    "catamaran whatif --trace bursts --slo p99=500ms,fail=0.1% --nodes share",
    "catamaran whatif --trace log.trace --to hybrid --node c7g.large -o json",
  ],
  run: async ({ values, print, say }) => {
    const format = formatOf(values.output);
    const { assumptions, choiceRows, choiceSheet, questionOf, verdict } = await import("../what-if.ts");
    const { renderRows } = await import("../rows.ts");
    const question = await questionOf(values);
    const rows = choiceRows(question, values.to);
    print(await renderRows(rows, choiceSheet, format));
    say(`${verdict(rows)}\n`);
    for (const line of assumptions(question)) say(`${line}\n`);
    return rows.every(({ keeps }) => keeps) ? EXIT.ok : EXIT.failed;
  },
});
