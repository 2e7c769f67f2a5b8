/** From botocore's service-2.json to our own model data: the operations that are listed, the shapes that they reach, and nothing else. Pure. */
import type { Listed } from "../../src/aws/listed.ts";
import type {
  Bounds,
  ErrorData,
  Location,
  MemberData,
  Model,
  OperationData,
  ProtocolName,
  ShapeData,
  StructureData,
  TimestampFormat,
  XmlNamespace,
} from "../../src/aws/model.ts";

/** What we read of a service-2.json. */
export interface Source {
  readonly metadata: {
    readonly apiVersion?: string;
    readonly endpointPrefix: string;
    readonly signingName?: string;
    readonly protocol: string;
    readonly protocols?: readonly string[];
    readonly jsonVersion?: "1.0" | "1.1";
    readonly targetPrefix?: string;
    readonly xmlNamespace?: string;
    readonly awsQueryCompatible?: object;
  };
  readonly operations: Readonly<Record<string, SourceOperation>>;
  readonly shapes: Readonly<Record<string, SourceShape>>;
}

interface SourceOperation {
  readonly http: { readonly method: string; readonly requestUri: string; readonly responseCode?: number };
  readonly input?: SourceReference & { readonly locationName?: string };
  readonly output?: SourceReference & { readonly resultWrapper?: string };
  readonly errors?: readonly SourceReference[];
}

interface SourceReference {
  readonly shape: string;
  readonly location?: Location;
  readonly locationName?: string;
  readonly flattened?: boolean;
  readonly xmlAttribute?: boolean;
  readonly xmlNamespace?: XmlNamespace | string;
  readonly timestampFormat?: TimestampFormat;
  readonly jsonvalue?: boolean;
  readonly eventpayload?: boolean;
  readonly eventheader?: boolean;
  readonly streaming?: boolean;
}

interface SourceShape {
  readonly type: string;
  readonly members?: Readonly<Record<string, SourceReference>>;
  readonly required?: readonly string[];
  readonly member?: SourceReference;
  readonly key?: SourceReference;
  readonly value?: SourceReference;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly flattened?: boolean;
  readonly streaming?: boolean;
  readonly payload?: string;
  readonly union?: boolean;
  readonly eventstream?: boolean;
  readonly exception?: boolean;
  readonly fault?: boolean;
  readonly error?: { readonly code?: string; readonly httpStatusCode?: number; readonly senderFault?: boolean };
  readonly timestampFormat?: TimestampFormat;
  readonly document?: boolean;
  readonly locationName?: string;
  readonly xmlNamespace?: XmlNamespace | string;
}

// An error's status where the model names none: what a client did wrong, and what a service did.
const CLIENT_STATUS = 400;
const SERVER_STATUS = 500;

export function readModel(source: Source, listed: Listed): Model {
  const { metadata } = source;
  const operations = Object.fromEntries(listed.operations.map((name) => [name, operationOf(source, name)]));
  return {
    version: metadata.apiVersion ?? listed.version,
    signingName: metadata.signingName ?? metadata.endpointPrefix,
    protocols: (metadata.protocols ?? [metadata.protocol]) as readonly ProtocolName[],
    ...present(metadata, ["jsonVersion", "targetPrefix", "xmlNamespace"]),
    ...(metadata.awsQueryCompatible !== undefined && { isQueryCompatible: true as const }),
    operations,
    shapes: new Reached(source, listed).from(Object.values(operations)),
  };
}

function operationOf({ operations }: Source, name: string): OperationData {
  const operation = operations[name];
  if (operation === undefined) throw new RangeError(`AWS's model has no operation ${name}`);
  const { http, input, output, errors = [] } = operation;
  const namespace = namespaceOf(input?.xmlNamespace)?.uri;
  return {
    ...(http.method !== "POST" && { method: http.method }),
    ...(http.requestUri !== "/" && { uri: http.requestUri }),
    ...(http.responseCode !== undefined && http.responseCode !== 200 && { status: http.responseCode }),
    ...(input && { input: input.shape }),
    ...(output && { output: output.shape }),
    ...(errors.length > 0 && { errors: errors.map(({ shape }) => shape) }),
    ...(output?.resultWrapper !== undefined && { resultWrapper: output.resultWrapper }),
    ...(input?.locationName !== undefined && {
      inputRoot: { name: input.locationName, ...(namespace !== undefined && { namespace }) },
    }),
  };
}

/** The shapes that operations reach, in the order of their names. */
class Reached {
  readonly #source: Source;
  readonly #listed: Listed;
  readonly #shapes = new Map<string, ShapeData>();

  constructor(source: Source, listed: Listed) {
    this.#source = source;
    this.#listed = listed;
  }

  from(operations: readonly OperationData[]): Readonly<Record<string, ShapeData>> {
    for (const { input, output, errors = [] } of operations)
      for (const name of [input, output, ...errors]) if (name !== undefined) this.#reach(name);
    return Object.fromEntries([...this.#shapes].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  #reach(name: string): void {
    if (this.#shapes.has(name)) return;
    const shape = this.#source.shapes[name];
    if (shape === undefined) throw new RangeError(`AWS's model has no shape ${name}`);
    this.#shapes.set(name, { is: "json" }); // Known from now on: shapes may contain themselves.
    this.#shapes.set(name, this.#shapeOf(name, shape));
  }

  #shapeOf(name: string, shape: SourceShape): ShapeData {
    if (shape.document === true || this.#listed.opaque?.includes(name)) return { is: "json" };
    const bounds = this.#listed.open?.includes(name) ? {} : present(shape, ["min", "max"]);
    const flattened = shape.flattened === true ? { flattened: true as const } : {};
    if (shape.type === "structure") return this.#structureOf(name, shape);
    if (shape.type === "list")
      return { is: "list", of: this.#memberOf(name, "member", shape.member), ...bounds, ...flattened };
    if (shape.type !== "map") return this.#simpleOf(name, shape, bounds);
    const [key, value] = [this.#memberOf(name, "key", shape.key), this.#memberOf(name, "value", shape.value)];
    return { is: "map", key, value, ...bounds, ...flattened };
  }

  #simpleOf(name: string, shape: SourceShape, bounds: Bounds): ShapeData {
    switch (shape.type) {
      case "timestamp":
        return { is: "timestamp", ...(shape.timestampFormat && { format: shape.timestampFormat }) };
      case "boolean":
        return { is: "boolean" };
      case "blob": {
        const encoded = this.#listed.encoded?.includes(name) === true && { encoded: true as const };
        return { is: "blob", ...bounds, ...encoded, ...(shape.streaming === true && { streaming: true as const }) };
      }
      case "character":
      case "string":
        return {
          is: "string",
          ...bounds,
          ...(this.#listed.open?.includes(name) ? {} : present(shape, ["pattern"])),
          ...this.#enumOf(name, shape),
        };
      case "integer":
      case "long":
      case "float":
      case "double":
        return { is: shape.type, ...bounds };
      default:
        throw new RangeError(`${name} is a ${shape.type}, which nobody reads`);
    }
  }

  #enumOf(name: string, { enum: values }: SourceShape): { readonly enum?: readonly string[] } {
    if (values === undefined || this.#listed.open?.includes(name)) return {};
    const ordered = this.#listed.order?.[name] ?? values;
    if (ordered.toSorted().join() !== values.toSorted().join())
      throw new RangeError(`${name} has the values ${values.join(", ")}`);
    return { enum: ordered };
  }

  #structureOf(name: string, shape: SourceShape): StructureData {
    const required = (shape.required ?? []).filter((member) => !this.#listed.open?.includes(`${name}.${member}`));
    const members = Object.entries(shape.members ?? {}).map(([member, reference]) => {
      return [member, this.#memberOf(name, member, reference)] as const;
    });
    const namespace = namespaceOf(shape.xmlNamespace);
    const error = errorOf(name, shape);
    const root = this.#listed.roots?.[name] ?? shape.locationName;
    return {
      is: "structure",
      members: Object.fromEntries(members),
      ...(required.length > 0 && { required }),
      ...(shape.payload !== undefined && { payload: shape.payload }),
      ...(shape.union === true && { union: true as const }),
      ...(shape.eventstream === true && { eventstream: true as const }),
      ...(error !== null && { error }),
      ...(root !== undefined && { root }),
      ...(namespace !== undefined && { xmlNamespace: namespace }),
    };
  }

  #memberOf(owner: string, name: string, reference: SourceReference | undefined): MemberData {
    if (reference === undefined) throw new RangeError(`${owner} has no ${name}`);
    const of = this.#targetOf(`${owner}.${name}`, reference);
    const namespace = namespaceOf(reference.xmlNamespace);
    const traits = {
      ...(reference.location !== undefined && { at: reference.location }),
      ...(reference.locationName !== undefined && reference.locationName !== name && { name: reference.locationName }),
      ...(reference.flattened === true && { flattened: true as const }),
      ...(reference.xmlAttribute === true && { attribute: true as const }),
      ...(namespace !== undefined && { namespace }),
      ...(reference.timestampFormat !== undefined && { format: reference.timestampFormat }),
      ...(reference.jsonvalue === true && { jsonvalue: true as const }),
      ...(reference.eventheader === true && { event: "header" as const }),
      ...(reference.eventpayload === true && { event: "payload" as const }),
    };
    return Object.keys(traits).length === 0 ? of : { of, ...traits };
  }

  /** The shape of a member; one of its own where the member alone is opaque, encoded or streamed. */
  #targetOf(path: string, { shape, streaming }: SourceReference): string {
    const { opaque = [], encoded = [] } = this.#listed;
    if (opaque.includes(path)) return this.#add(path, { is: "json" });
    if (encoded.includes(path)) return this.#add(path, { is: "blob", encoded: true });
    if (streaming === true) return this.#add(path, { is: "blob", streaming: true });
    this.#reach(shape);
    return shape;
  }

  #add(path: string, data: ShapeData): string {
    const name = path.replace(".", "");
    this.#shapes.set(name, data);
    return name;
  }
}

function errorOf(name: string, { exception, fault, error }: SourceShape): ErrorData | null {
  if (exception !== true && error === undefined) return null;
  const status = error?.httpStatusCode ?? (fault === true ? SERVER_STATUS : CLIENT_STATUS);
  return {
    ...(error?.code !== undefined && error.code !== name && { code: error.code }),
    ...(status !== CLIENT_STATUS && { status }),
    ...((fault === true || error?.senderFault === false) && { fault: true as const }),
  };
}

function namespaceOf(namespace: XmlNamespace | string | undefined): XmlNamespace | undefined {
  return typeof namespace === "string" ? { uri: namespace } : namespace;
}

function present<T extends object, K extends keyof T>(
  of: T,
  names: readonly K[],
): { [N in K]?: Exclude<T[N], undefined> } {
  return Object.fromEntries(names.filter((name) => of[name] !== undefined).map((name) => [name, of[name]])) as {
    [N in K]?: Exclude<T[N], undefined>;
  };
}
