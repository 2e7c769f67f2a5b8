/** `catamaran logs`: the logs of a pod, of all pods of a deployment, or of a function, by one name. */
import { Fault } from "#base/fault.ts";
import { instanceOf } from "#instance/place.ts";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";

export const logs: Command = command({
  name: "logs",
  about: "logs of a pod, a deployment or a function",
  operands: { usage: "NAME|TYPE/NAME", most: 1, complete: "workloads" },
  options: {
    follow: { type: "boolean", short: "f", default: false, about: "go on as lines are written" },
    tail: { type: "string", value: "N", about: "only the newest lines" },
    container: { type: "string", short: "c", value: "NAME", about: "which container of the pod" },
    namespace: {
      type: "string",
      short: "n",
      default: "default",
      value: "NAME",
      about: "where it is",
      complete: "namespaces",
    },
  },
  examples: ["catamaran logs -f deployment/web", "catamaran logs function/hello --tail 20"],
  run: async ({ values, operands, place }) => {
    const [reference] = operands;
    if (reference === undefined)
      throw new Fault("BadRequest", "logs of what? For example: catamaran logs -f deployment/web");
    const { printLogs } = await import("../logs.ts");
    const { namespace, follow, tail, container } = values;
    await printLogs(await instanceOf(place), reference, { namespace, follow, tail, container });
    return EXIT.ok;
  },
});
