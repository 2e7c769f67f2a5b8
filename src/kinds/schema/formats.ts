/** The formats of strings that definitions may ask for. */
import { member } from "#base/dictionary.ts";
import { isAddress } from "#kinds/core/pod-rules.ts";

const FORMATS: Readonly<Record<string, (value: string) => boolean>> = {
  "date-time": (value) =>
    /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/.test(value) &&
    !Number.isNaN(Date.parse(value)),
  date: (value) => /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)),
  duration: (value) => /^[+-]?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w))+$/.test(value),
  email: (value) => /^[^\s@]+@[^\s@]+$/.test(value),
  hostname: (value) =>
    value.length <= 253 &&
    /^[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)*$/.test(value),
  ipv4: (value) => isAddress(value) && !value.includes(":"),
  ipv6: (value) => isAddress(value) && value.includes(":"),
  cidr: (value) => isAddress(value.split("/")[0] ?? "") && /\/\d{1,3}$/.test(value),
  mac: (value) => /^([\da-fA-F]{2}[:-]){5}[\da-fA-F]{2}$/.test(value),
  uri: (value) => /^[A-Za-z][A-Za-z\d+.-]*:\S+$/.test(value) || /^\/\S*$/.test(value),
  uuid: (value) => /^[\da-fA-F]{8}(-?[\da-fA-F]{4}){3}-?[\da-fA-F]{12}$/.test(value),
  byte: (value) => /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0,
};

/** Unknown formats are ignored, as upstream ignores them. */
export function formatFits(format: string, value: string): boolean {
  return member(FORMATS, format)?.(value) ?? true;
}
