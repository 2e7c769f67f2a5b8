/** Network policies as packet rules: the isolation of a node's pods as the text of one nft table, loaded at once. Pure. */
import { rangeOf } from "#base/ip-range.ts";
import {
  isolationOf,
  type Allowance,
  type Neighbourhood,
  type PortRange,
  type Speaker,
} from "#policy/network-policy.ts";

export const POLICY_TABLE = "ctm-policies";

/** `mine` are the node's own pods, `podCidr` its range. Without a policy the table is empty. */
export function policyRules(around: Neighbourhood, mine: readonly Speaker[], podCidr: string): string {
  const head = ["ip", "bridge"].flatMap((family) => [
    `add table ${family} ${POLICY_TABLE}`,
    `delete table ${family} ${POLICY_TABLE}`,
  ]);
  if (around.policies.length === 0) return `${head.join("\n")}\n`;
  const chains = new Chains();
  const isolations = mine.map((pod) => ({ ip: pod.ip, ...isolationOf(pod, around) }));
  const egress = isolations.flatMap(({ ip, egress: list }) =>
    list === null ? [] : [`${ip} : jump ${chains.of("egress", list)}`],
  );
  const ingress = isolations.flatMap(({ ip, ingress: list }) =>
    list === null ? [] : [`${ip} : jump ${chains.of("ingress", list)}`],
  );
  const ips = mine.map(({ ip }) => ip);
  return `${head.join("\n")}
table bridge ${POLICY_TABLE} {
  chain forward {
    type filter hook forward priority filter; policy accept;
    ether type != { ip, arp } drop
  }
}
table ip ${POLICY_TABLE} {
${collection("set known", "ipv4_addr", ips)}
${collection(
  "set selves",
  "ipv4_addr . ipv4_addr",
  ips.map((ip) => `${ip} . ${ip}`),
)}
${collection("map egress-of", "ipv4_addr : verdict", egress)}
${collection("map ingress-of", "ipv4_addr : verdict", ingress)}
${chains.text}
${forwardChain(podCidr)}
}
`;
}

/**
 * Every packet of the opening side is judged, so that a change also ends what is no longer allowed; answers pass. Traffic of the node's
 * own processes (probes) never comes by here. An address that is not known yet is nobody's: a new pod cannot speak before its rules.
 */
function forwardChain(podCidr: string): string {
  return `  chain forward {
    type filter hook forward priority filter + 1; policy accept;
    ct direction reply accept
    ct state related accept
    ip saddr . ip daddr @selves accept
    ip saddr ${podCidr} ip saddr != @known drop
    ip daddr ${podCidr} ip daddr != @known drop
    ip saddr vmap @egress-of
    ip daddr vmap @ingress-of
  }`;
}

/** Pods that are allowed the same share a chain. */
class Chains {
  readonly #names = new Map<string, string>();
  readonly #texts: string[] = [];

  of(side: "ingress" | "egress", list: readonly Allowance[]): string {
    const id = `${side} ${JSON.stringify(list)}`;
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const name = `${side}-${this.#names.size}`;
    this.#names.set(id, name);
    const rules = list.flatMap((allowance) => rulesOf(side === "ingress" ? "saddr" : "daddr", allowance));
    this.#texts.push(`  chain ${name} {\n${[...rules, "drop"].map((rule) => `    ${rule}\n`).join("")}  }`);
    return name;
  }

  get text(): string {
    return this.#texts.join("\n");
  }
}

function rulesOf(field: "saddr" | "daddr", { peers, ports }: Allowance): readonly string[] {
  const ends = portMatches(ports);
  if (peers === null) return ends.map((end) => `${end}return`);
  const { ips, blocks } = peers;
  const sources = [
    ...(ips.length === 0 ? [] : [`ip ${field} { ${ips.join(", ")} } `]),
    ...blocks.map(({ cidr, except = [] }) => {
      const holes = except.length === 0 ? "" : `ip ${field} != { ${collapsed(except)} } `;
      return `ip ${field} ${cidr} ${holes}`;
    }),
  ];
  return sources.flatMap((source) => ends.map((end) => `${source}${end}return`));
}

/** nft refuses ranges that overlap in one set: the outer one says it all. */
function collapsed(ranges: readonly string[]): string {
  const all = [...new Set(ranges)].flatMap((text) => {
    const range = rangeOf(text);
    return range === null ? [] : [{ text, range }];
  });
  const outer = all.filter(
    ({ range }, at) =>
      !all.some(
        (other, index) =>
          index !== at &&
          other.range.first <= range.first &&
          range.last <= other.range.last &&
          (other.range.bits < range.bits || index < at),
      ),
  );
  return outer.map(({ text }) => text).join(", ");
}

function portMatches(ports: readonly PortRange[] | null): readonly string[] {
  if (ports === null) return [""];
  return [...new Set(ports.map(({ protocol, first, last }) => `${protocol.toLowerCase()} dport ${first}-${last} `))];
}

function collection(name: string, type: string, elements: readonly string[]): string {
  const list = elements.length === 0 ? "" : `\n    elements = {\n      ${elements.join(",\n      ")}\n    }`;
  return `  ${name} {\n    type ${type}${list}\n  }`;
}
