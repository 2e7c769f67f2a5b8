/** The syntax of names, with the sentences of apimachinery's util/validation. Each check returns what is wrong. */

const DNS_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const DNS_SUBDOMAIN = `${DNS_LABEL}(\\.${DNS_LABEL})*`;
const DNS_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const WILDCARD = `\\*\\.${DNS_SUBDOMAIN}`;
const QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_VALUE = `(${QUALIFIED})?`;
const CONFIG_KEY = "[-._a-zA-Z0-9]+";
const PERCENT = "[0-9]+%";
const HEADER = "[-A-Za-z0-9]+";

interface Rule {
  readonly pattern: RegExp;
  readonly sentence: string;
  readonly maxLength?: number;
}

function rule(source: string, sentence: string, examples: readonly string[], maxLength?: number): Rule {
  // Upstream's RegexError really writes two blanks: "'a',  or 'b', regex used …".
  const shown = examples.map((example) => `'${example}', `).join(" or ");
  return {
    pattern: new RegExp(`^(?:${source})$`),
    sentence: `${sentence} (e.g. ${shown}regex used for validation is '${source}')`,
    ...(maxLength !== undefined && { maxLength }),
  };
}

const dnsLabel = rule(
  DNS_LABEL,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  ["my-name", "123-abc"],
  63,
);
const dnsSubdomain = rule(
  DNS_SUBDOMAIN,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  ["example.com"],
  253,
);
const dns1035 = rule(
  DNS_1035,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  ["my-name", "abc-123"],
  63,
);
const wildcard = rule(
  WILDCARD,
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  ["*.example.com"],
  253,
);
const qualified = rule(
  QUALIFIED,
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ["MyName", "my.name", "123-abc"],
);
const labelValue = rule(
  LABEL_VALUE,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ["MyValue", "my_value", "12345"],
  63,
);
const configKey = rule(
  CONFIG_KEY,
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  ["key.name", "KEY_NAME", "key-name"],
  253,
);
const percent = rule(PERCENT, "a valid percent string must be a numeric string followed by an ending '%'", [
  "1%",
  "93%",
]);
const header = rule(HEADER, "a valid HTTP header must consist of alphanumeric characters or '-'", ["X-Header-Name"]);

function check(value: string, { pattern, sentence, maxLength }: Rule): readonly string[] {
  const faults: string[] = [];
  if (maxLength !== undefined && value.length > maxLength) faults.push(tooLong(maxLength));
  if (!pattern.test(value)) faults.push(sentence);
  return faults;
}

function tooLong(limit: number): string {
  return `must be no more than ${limit} characters`;
}

export function dnsSubdomainFaults(value: string): readonly string[] {
  return check(value, dnsSubdomain);
}

export function dnsLabelFaults(value: string): readonly string[] {
  return check(value, dnsLabel).map((sentence) =>
    sentence === dnsLabel.sentence && dnsSubdomain.pattern.test(value) ? "must not contain dots" : sentence,
  );
}

export function dns1035LabelFaults(value: string): readonly string[] {
  return check(value, dns1035);
}

export function wildcardFaults(value: string): readonly string[] {
  return check(value, wildcard);
}

export function labelValueFaults(value: string): readonly string[] {
  return check(value, labelValue);
}

export function percentFaults(value: string): readonly string[] {
  return check(value, percent);
}

export function headerNameFaults(value: string): readonly string[] {
  return check(value, header);
}

/** Label and annotation keys, finalizers, condition types: "name" or "example.com/name". */
export function qualifiedNameFaults(value: string): readonly string[] {
  const parts = value.split("/");
  const [first = "", second] = parts;
  if (parts.length > 2)
    return [
      `a qualified name ${qualified.sentence} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  return [...(second === undefined ? [] : prefixFaults(first)), ...namePartFaults(second ?? first)];
}

function prefixFaults(prefix: string): readonly string[] {
  if (prefix === "") return ["prefix part must be non-empty"];
  return dnsSubdomainFaults(prefix).map((sentence) => `prefix part ${sentence}`);
}

function namePartFaults(name: string): readonly string[] {
  const faults: string[] = [];
  if (name === "") faults.push("name part must be non-empty");
  else if (name.length > 63) faults.push(`name part ${tooLong(63)}`);
  if (!qualified.pattern.test(name)) faults.push(`name part ${qualified.sentence}`);
  return faults;
}

/** Keys of ConfigMap and Secret. */
export function configKeyFaults(value: string): readonly string[] {
  const faults = [...check(value, configKey)];
  if (value === ".") faults.push("must not be '.'");
  else if (value === "..") faults.push("must not be '..'");
  else if (value.startsWith("..")) faults.push("must not start with '..'");
  return faults;
}

/** Environment variables: since 1.34 any printable ASCII but "=". */
export function envNameFaults(value: string): readonly string[] {
  if (value === "") return ["environment variable name must be non-empty"];
  if (/^[\x20-\x3c\x3e-\x7e]*$/.test(value)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** IANA service names, as ports are called. */
export function portNameFaults(value: string): readonly string[] {
  const faults: string[] = [];
  if (value.length > 15) faults.push(tooLong(15));
  if (!/^[-a-z0-9]+$/.test(value))
    faults.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(value)) faults.push("must contain at least one letter (a-z)");
  if (value.includes("--")) faults.push("must not contain consecutive hyphens");
  if (value.startsWith("-") || value.endsWith("-")) faults.push("must not begin or end with a hyphen");
  return faults;
}

export function portNumberFaults(value: number): readonly string[] {
  return value >= 1 && value <= 65_535 ? [] : ["must be between 1 and 65535, inclusive"];
}

/** Names that become a path segment: RBAC's. */
export function pathSegmentFaults(value: string): readonly string[] {
  if (value === "." || value === "..") return [`may not be '${value}'`];
  return ["/", "%"].filter((bad) => value.includes(bad)).map((bad) => `may not contain '${bad}'`);
}

/** Kind.checkName of kinds whose names are one DNS label. */
export function dnsLabelFault(name: string): string | null {
  return dnsLabelFaults(name)[0] ?? null;
}

/** Kind.checkName of Service. */
export function dns1035LabelFault(name: string): string | null {
  return dns1035LabelFaults(name)[0] ?? null;
}

/** Kind.checkName of the RBAC kinds. */
export function pathSegmentFault(name: string): string | null {
  return pathSegmentFaults(name)[0] ?? null;
}

/** Lambda's alphabet for function names; our objects carry them as they are. */
export function functionNameFault(name: string): string | null {
  if (/^[a-zA-Z0-9-_]{1,64}$/.test(name)) return null;
  return "must have 1 to 64 letters, digits, '-' or '_'";
}

/** Of a version or an alias of a function: both names, with a dot between them. */
export function publishedNameFault(name: string): string | null {
  if (/^[a-zA-Z0-9-_]{1,64}\.[a-zA-Z0-9-_]{1,128}$/.test(name)) return null;
  return "must be the function's name, a dot, and the version or alias";
}

/** Lambda's alphabet for layers. */
export function layerNameFault(name: string): string | null {
  return /^[a-zA-Z0-9-_]{1,140}$/.test(name) ? null : "must have 1 to 140 letters, digits, '-' or '_'";
}

/** Of a version of a layer: its name, a dot, the number. */
export function layerVersionNameFault(name: string): string | null {
  return /^[a-zA-Z0-9-_]{1,140}\.\d{1,16}$/.test(name) ? null : "must be the layer's name, a dot, and the version";
}

/** DynamoDB's alphabet for table names. */
export function tableNameFault(name: string): string | null {
  if (/^[a-zA-Z0-9_.-]{3,255}$/.test(name)) return null;
  return "must have 3 to 255 letters, digits, '-', '_' or '.'";
}

/** Amazon EventBridge, CreateEventBus: the pattern of names of buses without those of partners. */
export function busNameFault(name: string): string | null {
  if (/^[.\-_A-Za-z0-9]{1,256}$/.test(name)) return null;
  return "must have 1 to 256 letters, digits, '.', '-' or '_'";
}

/** Amazon EventBridge, PutRule; before it the name of a bus and a colon. */
export function ruleNameFault(name: string): string | null {
  if (/^(?:[.\-_A-Za-z0-9]{1,256}:)?[.\-_A-Za-z0-9]{1,64}$/.test(name)) return null;
  return "must have 1 to 64 letters, digits, '.', '-' or '_', behind the name of its bus and ':' where that is not the default one";
}

/** Amazon EventBridge Scheduler, CreateScheduleGroup. */
export function scheduleGroupNameFault(name: string): string | null {
  if (/^[0-9a-zA-Z_.-]{1,64}$/.test(name)) return null;
  return "must have 1 to 64 letters, digits, '.', '-' or '_'";
}

/** Amazon EventBridge Scheduler, CreateSchedule; before it the name of a group and a colon. */
export function scheduleNameFault(name: string): string | null {
  if (/^(?:[0-9a-zA-Z_.-]{1,64}:)?[0-9a-zA-Z_.-]{1,64}$/.test(name)) return null;
  return "must have 1 to 64 letters, digits, '.', '-' or '_', behind the name of its group and ':' where that is not the default one";
}

/** Amazon EventBridge, CreateArchive. */
export function archiveNameFault(name: string): string | null {
  if (/^[.\-_A-Za-z0-9]{1,48}$/.test(name)) return null;
  return "must have 1 to 48 letters, digits, '.', '-' or '_'";
}

/** Amazon SNS, CreateTopic: 256 characters of letters, digits, "-" and "_", the ending ".fifo" of FIFO topics counted. */
export function topicNameFault(name: string): string | null {
  if (name.length <= 256 && /^[a-zA-Z0-9_-]{1,256}(\.fifo)?$/.test(name)) return null;
  return "must have 1 to 256 letters, digits, '-' or '_', and may end in '.fifo'";
}

/** Amazon SQS, CreateQueue: 80 characters of letters, digits, "-" and "_", the ending ".fifo" of FIFO queues counted. */
export function queueNameFault(name: string): string | null {
  if (name.length <= 80 && /^[a-zA-Z0-9_-]{1,80}(\.fifo)?$/.test(name)) return null;
  return "must have 1 to 80 letters, digits, '-' or '_', and may end in '.fifo'";
}

/** Amazon S3 User Guide, "General purpose bucket naming rules". */
export function bucketNameFault(name: string): string | null {
  const isFit =
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes("..") &&
    !/^\d{1,3}(\.\d{1,3}){3}$/.test(name) &&
    !/^(xn--|sthree-|amzn-s3-demo-)/.test(name) &&
    !/(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name);
  return isFit
    ? null
    : "must have 3 to 63 lower-case letters, digits, '.' or '-', begin and end with a letter or digit, and be no IP address";
}
