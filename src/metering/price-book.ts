/** Price books: list prices as data, each with its date and source. Never a bill. */

export interface Tier {
  /** Up to this many units in a month; absent on the last tier. */
  readonly upTo?: bigint;
  /** Dollars per unit, a decimal number as text. */
  readonly rate: string;
}

export interface NodePrice {
  readonly name: string;
  readonly cpuMillis: number;
  readonly memoryMib: number;
  /** What pods can book of it. */
  readonly allocatableCpuMillis: number;
  readonly allocatableMemoryMib: number;
  readonly maxPods: number;
  /** Dollars per hour. */
  readonly hourly: string;
}

export interface PriceBook {
  readonly id: string;
  readonly title: string;
  readonly region: string;
  /** ISO date on which the prices were read. */
  readonly asOf: string;
  readonly source: string;
  readonly functions: {
    /** Per million requests. */
    readonly requestsPerMillion: string;
    /** Per GB-second, where a GB is 1,024 MB; units of `upTo` are GB-seconds in a month. */
    readonly gbSecond: readonly Tier[];
  };
  /** HTTP API in front of functions, per million requests of up to 512 KiB; null when the book has none. */
  readonly httpApi: { readonly perMillion: readonly Tier[] } | null;
  /** What a cluster costs per hour before its first node. */
  readonly clusterHourly: string;
  readonly nodes: readonly NodePrice[];
  /** The node type that a workload is priced on unless one is named. */
  readonly defaultNode: string;
  /** Hours that the provider counts as a month. */
  readonly hoursPerMonth: number;
}

const GB_SECOND_X86: readonly Tier[] = [
  { upTo: 6_000_000_000n, rate: "0.0000166667" },
  { upTo: 15_000_000_000n, rate: "0.0000150000" },
  { rate: "0.0000133334" },
];

const AWS: PriceBook = {
  id: "aws-us-east-1",
  title: "AWS list prices, x86",
  region: "us-east-1",
  asOf: "2026-08-21",
  source: "AWS public price list (Lambda, API Gateway, EKS, EC2 on demand); allocatable by kubelet reservation rules",
  functions: { requestsPerMillion: "0.20", gbSecond: GB_SECOND_X86 },
  httpApi: { perMillion: [{ upTo: 300_000_000n, rate: "1.00" }, { rate: "0.90" }] },
  clusterHourly: "0.10",
  nodes: [
    {
      name: "t4g.small",
      cpuMillis: 2000,
      memoryMib: 2048,
      allocatableCpuMillis: 1930,
      allocatableMemoryMib: 1359,
      maxPods: 11,
      hourly: "0.0168",
    },
    {
      name: "t3.medium",
      cpuMillis: 2000,
      memoryMib: 4096,
      allocatableCpuMillis: 1930,
      allocatableMemoryMib: 3246,
      maxPods: 17,
      hourly: "0.0416",
    },
    {
      name: "c7g.large",
      cpuMillis: 2000,
      memoryMib: 4096,
      allocatableCpuMillis: 1930,
      allocatableMemoryMib: 3055,
      maxPods: 29,
      hourly: "0.0725",
    },
    {
      name: "m7g.large",
      cpuMillis: 2000,
      memoryMib: 8192,
      allocatableCpuMillis: 1930,
      allocatableMemoryMib: 6844,
      maxPods: 29,
      hourly: "0.0816",
    },
    {
      name: "m7i.large",
      cpuMillis: 2000,
      memoryMib: 8192,
      allocatableCpuMillis: 1930,
      allocatableMemoryMib: 6903,
      maxPods: 29,
      hourly: "0.1008",
    },
    {
      name: "m7i.xlarge",
      cpuMillis: 4000,
      memoryMib: 16384,
      allocatableCpuMillis: 3920,
      allocatableMemoryMib: 14162,
      maxPods: 58,
      hourly: "0.2016",
    },
  ],
  defaultNode: "t3.medium",
  hoursPerMonth: 730,
};

/** The example that started the project: three nodes at $0.10 an hour, a month of 30 days, no gateway, no control plane. */
const ARTICLE: PriceBook = {
  ...AWS,
  id: "article",
  title: "The example of three nodes against one function",
  source: "the published example, with its arithmetic put right (3 M x 0.2 s x 128 MB is 75,000 GB-s)",
  httpApi: null,
  clusterHourly: "0",
  nodes: [
    {
      name: "node",
      cpuMillis: 2000,
      memoryMib: 4096,
      allocatableCpuMillis: 1930,
      allocatableMemoryMib: 3246,
      maxPods: 17,
      hourly: "0.10",
    },
  ],
  defaultNode: "node",
  hoursPerMonth: 720,
};

/** One's own servers: a 4-core machine over four years plus power; functions cost what their share of it costs. */
const SELF_HOSTED: PriceBook = {
  ...AWS,
  id: "self-hosted",
  title: "Own servers (900 dollars over 4 years, 30 W at $0.30 per kWh)",
  region: "on premises",
  asOf: "2026-11-01",
  source: "an assumption to be replaced by one's own figures",
  functions: { requestsPerMillion: "0", gbSecond: [{ rate: "0.0000006000" }] },
  httpApi: null,
  clusterHourly: "0",
  nodes: [
    {
      name: "server",
      cpuMillis: 4000,
      memoryMib: 16384,
      allocatableCpuMillis: 3920,
      allocatableMemoryMib: 14162,
      maxPods: 110,
      hourly: "0.0347",
    },
  ],
  defaultNode: "server",
};

/** Where nobody names a book. */
export const defaultPriceBook: PriceBook = AWS;

export const priceBooks: readonly PriceBook[] = [AWS, ARTICLE, SELF_HOSTED];

export function priceBook(id: string): PriceBook | undefined {
  return priceBooks.find((book) => book.id === id);
}

/** The node type of that name; by default the one that the book prices workloads on. Throws a RangeError when there is none. */
export function nodePrice(book: PriceBook, name: string = book.defaultNode): NodePrice {
  const node = book.nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw new RangeError(`price book ${book.id} has no node ${name}`);
  return node;
}
