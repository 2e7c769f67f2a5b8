/** The options of every command as data: what parses them, what --help tells of them and what shells complete. Never what they do. */

/** As node:util parseArgs takes it, with words for people. */
export interface Option {
  readonly type: "string" | "boolean";
  readonly short?: string;
  readonly default?: string | boolean;
  /** What stands after it: "N", "FILE". */
  readonly value?: string;
  readonly about: string;
}

export type Options = Readonly<Record<string, Option>>;

/** `--name` and `--data-dir`, common to all commands. */
export const placeOptions = {
  name: { type: "string", value: "NAME", about: 'which instance; default "default", or $CATAMARAN_NAME' },
  "data-dir": { type: "string", value: "DIR", about: "where its state is; default below $XDG_DATA_HOME" },
} as const;

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
  "merge-kubeconfig": { type: "boolean", default: false, about: "add the cluster to your own kubeconfig" },
  join: { type: "string", value: "URL", about: "not supported: all nodes of an instance are on one machine" },
  token: { type: "string", value: "TOKEN", about: "goes with --join" },
} as const;

export const downOptions = {
  purge: { type: "boolean", about: "forget its data too" },
} as const;

export const outputOptions = {
  output: { type: "string", short: "o", value: "FORMAT", about: "table, wide, json, yaml or name" },
} as const;
export const jsonOptions = {
  output: { type: "string", short: "o", value: "json", about: "for programs" },
} as const;

export const demoOptionTable = {
  "requests-per-day": { type: "string", value: "N", about: "of the day that is replayed" },
  seconds: { type: "string", value: "N", about: "the day is replayed in this time" },
  requests: { type: "string", value: "N", about: "at most so many of the day's requests go to each hull" },
  seed: { type: "string", value: "N", about: "the same number is the same traffic" },
  "price-book": { type: "string", value: "ID", about: "whose list prices" },
  output: { type: "string", short: "o", value: "json", about: "for programs" },
} as const;

export const costOptionTable = {
  window: { type: "string", default: "24h", value: "TIME", about: "how far back: 30m, 24h, 7d" },
  "price-book": { type: "string", default: "aws-us-east-1", value: "ID", about: "whose list prices" },
  node: { type: "string", value: "TYPE", about: "which of its nodes pods are priced on" },
  output: { type: "string", short: "o", value: "FORMAT", about: "table, wide, json, yaml or name" },
} as const;

export const imageOptionTable = {
  tag: { type: "string", short: "t", value: "NAME", about: "the name of the image that is built" },
  output: { type: "string", short: "o", value: "FORMAT", about: "table, wide, json, yaml or name" },
} as const;

export const logsOptionTable = {
  follow: { type: "boolean", short: "f", default: false, about: "go on as lines are written" },
  tail: { type: "string", value: "N", about: "only the newest lines" },
  container: { type: "string", short: "c", value: "NAME", about: "which container of the pod" },
  namespace: { type: "string", short: "n", default: "default", value: "NAME", about: "where it is" },
} as const;

/** "-o, --output FORMAT   table, wide …", one line each. */
export function optionLines(options: Options): readonly string[] {
  const rows = Object.entries(options).map(([name, { short, value, about, default: usual }]) => {
    const flag = `${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
    return [flag, typeof usual === "string" ? `${about} (${usual})` : about] as const;
  });
  const width = Math.max(...rows.map(([flag]) => flag.length));
  return rows.map(([flag, about]) => `  ${flag.padEnd(width)}   ${about}`);
}

/** What a shell may complete: each option in its short and its long form. */
export function optionWords(options: Options): readonly string[] {
  return Object.entries(options).flatMap(([name, { short }]) => [
    ...(short === undefined ? [] : [`-${short}`]),
    `--${name}`,
  ]);
}
