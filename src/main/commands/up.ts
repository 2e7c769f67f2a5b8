/** `catamaran up`: starts the platform, and stays until it is told to end unless it is detached. */
import { type Command, command } from "#cli/command.ts";

/** Ports and counts are text here; options.ts says what they may be. */
export const upOptionTable = {
  detach: { type: "boolean", default: false, about: "come back when it is ready" },
  demo: { type: "boolean", default: false, about: "run the demo once it is ready" },
  "no-demo": { type: "boolean", default: false, about: "only start the platform" },
  nodes: {
    type: "string",
    default: "1",
    value: "N",
    about: "how many nodes; 0: functions as plain processes, no pods",
  },
  "kube-port": { type: "string", value: "N", about: "of the Kubernetes API; 0 is any free one" },
  "aws-port": { type: "string", value: "N", about: "of the AWS API; 0 is any free one" },
  "gateway-port": { type: "string", value: "N", about: "of user traffic; 0 is any free one" },
  "dashboard-port": { type: "string", value: "N", about: "of the dashboard; 0 is any free one" },
  "audit-policy": {
    type: "string",
    value: "FILE",
    about:
      "what of requests to the Kubernetes API is written down (audit.k8s.io/v1 Policy), from now on; none: nothing",
  },
  "merge-kubeconfig": { type: "boolean", default: false, about: "add the cluster to your own kubeconfig" },
  iam: {
    type: "string",
    value: "MODE",
    about:
      "AWS policies: enforce; strict: roles must exist; soft: all may do all, and the log says what policy would do",
  },
  join: { type: "string", value: "URL", about: "not supported: all nodes of an instance are on one machine" },
  token: { type: "string", value: "TOKEN", about: "goes with --join" },
} as const;

export const up: Command = command({
  name: "up",
  about: "start the platform",
  options: upOptionTable,
  examples: [
    'catamaran up --detach && eval "$(catamaran env)"',
    "catamaran up --name other --kube-port 0 --aws-port 0 --gateway-port 0 --dashboard-port 0",
    "catamaran up --nodes 3",
  ],
  run: async ({ values, place, line }) => {
    const [{ up: start }, { upOptions }] = await Promise.all([import("../up.ts"), import("../options.ts")]);
    return start(line, upOptions(values, place), async (started, stop) =>
      (await import("#cli/demo.ts")).demoAfterUp(started, stop),
    );
  },
});
