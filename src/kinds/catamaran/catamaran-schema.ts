/** The schemas of our own kinds, group catamaran.dev. */
import type { Json } from "#base/json.ts";
import type { Field, Schema, SchemaTable, TypeName } from "#base/schema.ts";
import { builtinTable, type ObjectSchema } from "#kinds/schema/schema-table.ts";

const META: Schema = { is: "ref", type: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" };
const text: Schema = { is: "string" };
const whole: Schema = { is: "integer", format: "int64" };
const yes: Schema = { is: "boolean" };

function ref(name: string): Schema {
  return { is: "ref", type: `dev.catamaran.v1.${name}` };
}

function listOf(of: Schema): Schema {
  return { is: "list", of };
}

function mapOf(of: Schema): Schema {
  return { is: "map", of };
}

function keyedBy(key: string, of: Schema): Schema {
  return { is: "list", of, type: "map", keys: [key], mergeKey: key };
}

function field(schema: Schema, initial?: Json): Field {
  return { schema, ...(initial !== undefined && { default: initial }) };
}

function object(fields: Readonly<Record<string, Field | Schema>>, required: readonly string[] = []): ObjectSchema {
  const entries = Object.entries(fields).map(
    ([name, value]) => [name, "schema" in value ? value : field(value)] as const,
  );
  return { is: "object", fields: Object.fromEntries(entries), ...(required.length > 0 && { required }) };
}

function kindOf(name: string): ObjectSchema {
  return object({
    apiVersion: text,
    kind: text,
    metadata: field(META, {}),
    spec: field(ref(`${name}Spec`), {}),
    status: ref(`${name}Status`),
  });
}

const cors = object({
  allowCredentials: yes,
  allowHeaders: listOf(text),
  allowMethods: listOf(text),
  allowOrigins: listOf(text),
  exposeHeaders: listOf(text),
  maxAge: whole,
});

const types: Readonly<Record<TypeName, ObjectSchema>> = {
  Function: kindOf("Function"),
  FunctionSpec: object(
    {
      runtime: text,
      handler: text,
      role: text,
      description: text,
      memoryMib: field(whole, 128),
      timeoutSeconds: field(whole, 3),
      ephemeralStorageMib: field(whole, 512),
      architectures: field(listOf(text), ["x86_64"]),
      environment: mapOf(text),
      reservedConcurrency: whole,
      code: ref("FunctionCode"),
      layers: listOf(text),
      url: ref("FunctionUrl"),
      tags: mapOf(text),
      logGroup: text,
    },
    ["runtime", "handler", "code"],
  ),
  FunctionCode: object({ sha256: text, size: whole }, ["sha256", "size"]),
  FunctionUrl: object({ authType: field(text, "NONE"), invokeMode: field(text, "BUFFERED"), cors: ref("Cors") }),
  FunctionStatus: object({
    state: text,
    stateReason: text,
    stateReasonCode: text,
    lastUpdateStatus: text,
    lastUpdateStatusReason: text,
    lastUpdateStatusReasonCode: text,
    lastModified: text,
    warm: whole,
    running: whole,
  }),
  Cors: cors,
  Table: kindOf("Table"),
  TableSpec: object(
    {
      attributeDefinitions: keyedBy("attributeName", ref("AttributeDefinition")),
      keySchema: listOf(ref("KeyPart")),
      billingMode: field(text, "PROVISIONED"),
      provisionedThroughput: ref("Throughput"),
      tableClass: text,
      deletionProtection: yes,
      tags: mapOf(text),
    },
    ["attributeDefinitions", "keySchema"],
  ),
  AttributeDefinition: object({ attributeName: text, attributeType: text }, ["attributeName", "attributeType"]),
  KeyPart: object({ attributeName: text, keyType: text }, ["attributeName", "keyType"]),
  Throughput: object({ readCapacityUnits: whole, writeCapacityUnits: whole }, [
    "readCapacityUnits",
    "writeCapacityUnits",
  ]),
  TableStatus: object({ state: text, itemCount: whole, sizeBytes: whole, createdAt: text, tableId: text }),
  HttpApi: kindOf("HttpApi"),
  HttpApiSpec: object(
    { routes: keyedBy("routeKey", ref("HttpRoute")), stage: field(text, "$default"), cors: ref("Cors") },
    ["routes"],
  ),
  HttpRoute: object({ routeKey: text, function: text, payloadFormatVersion: field(text, "2.0") }, [
    "routeKey",
    "function",
  ]),
  HttpApiStatus: object({ apiId: text, endpoint: text }),
};

const PREFIX = "dev.catamaran.v1.";

export const catamaranTable: SchemaTable = {
  resolve(type) {
    if (!type.startsWith(PREFIX)) return builtinTable.resolve(type);
    const known = types[type.slice(PREFIX.length)];
    if (known === undefined) throw new RangeError(`there is no type ${type}`);
    return known;
  },
};
