/** Lambda's functions as a client of the door sees them: made, read, listed, changed, deleted; and each refusal in AWS's words. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { type Answer, SampleDoor } from "../sample-door.ts";

let door: SampleDoor;
const FUNCTIONS = "/2015-03-31/functions";
const ARN = "arn:aws:lambda:us-east-1:000000000000:function";
const ZIP = "UEsDBA==";
const NEW = {
  FunctionName: "f",
  Runtime: "nodejs24.x",
  Handler: "index.handler",
  Role: "arn:aws:iam::000000000000:role/r",
  Code: { ZipFile: ZIP },
};
type Members = Readonly<Record<string, unknown>>;

before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
  const more = { MemorySize: 256, Environment: { Variables: { AB: "c" } }, Tags: { a: "b" } };
  assert.equal((await door.lambda(`POST ${FUNCTIONS}`, { ...NEW, ...more })).status, 201);
});
after(() => door[Symbol.asyncDispose]());

function told({ status, json }: Answer): readonly unknown[] {
  const { __type, message, Message } = json as Members;
  return [status, __type, message ?? Message];
}

const CONFIGURATION = {
  LastModified: "2026-01-02T03:04:05.000+0000",
  FunctionName: "f",
  FunctionArn: `${ARN}:f`,
  Runtime: "nodejs24.x",
  Role: NEW.Role,
  Handler: "index.handler",
  CodeSize: 4,
  Description: "",
  Timeout: 3,
  MemorySize: 256,
  CodeSha256: "jcx+YBYGIX87dUdmURGCqRaxfpomqUydiHEE66kum7I=",
  Version: "$LATEST",
  Environment: { Variables: { AB: "c" } },
  TracingConfig: { Mode: "PassThrough" },
  PackageType: "Zip",
  Architectures: ["x86_64"],
  EphemeralStorage: { Size: 512 },
  SnapStart: { ApplyOn: "None", OptimizationStatus: "Off" },
  LoggingConfig: { LogFormat: "Text", LogGroup: "/aws/lambda/f" },
};

function withoutRevision(configuration: unknown): Members {
  const { RevisionId, RuntimeVersionConfig, ...rest } = configuration as Members;
  assert.match(String(RevisionId), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.match(JSON.stringify(RuntimeVersionConfig), /arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}/);
  return rest;
}

const ACTIVE = { State: "Active", LastUpdateStatus: "Successful" };

test("a new function is Pending, then Active; it is read with its code, tags and qualifier", async () => {
  const created = await door.lambda(`POST ${FUNCTIONS}`, { ...NEW, FunctionName: "fresh" });
  const pending = { State: "Pending", StateReason: "The function is being created.", StateReasonCode: "Creating" };
  const { Environment: _none, ...plain } = CONFIGURATION;
  const fresh = { FunctionName: "fresh", FunctionArn: `${ARN}:fresh`, MemorySize: 128 };
  assert.deepEqual(withoutRevision(created.json), {
    ...plain,
    ...fresh,
    ...pending,
    LoggingConfig: { LogFormat: "Text", LogGroup: "/aws/lambda/fresh" },
  });
  assert.equal((await door.lambda(`DELETE ${FUNCTIONS}/fresh`)).status, 204);
  const { json } = await door.lambda(`GET ${FUNCTIONS}/f`);
  const { Configuration, Code, Tags } = json as {
    readonly Configuration: Members;
    readonly Code: Members;
    Tags: object;
  };
  assert.deepEqual(withoutRevision(Configuration), { ...CONFIGURATION, ...ACTIVE });
  assert.deepEqual(Tags, { a: "b" });
  assert.equal(Code["RepositoryType"], "S3");
  assert.match(String(Code["Location"]), /^http:\/\/127\.0\.0\.1:\d+\/_code\/.*X-Amz-Expires=600/);
  const latest = await door.lambda(`GET ${FUNCTIONS}/f/configuration?Qualifier=$LATEST`);
  assert.deepEqual(withoutRevision(latest.json), { ...CONFIGURATION, ...ACTIVE, FunctionArn: `${ARN}:f:$LATEST` });
});

test("the package of a function is fetched from where GetFunction says", async () => {
  const { json } = await door.lambda(`GET ${FUNCTIONS}/f`);
  const url = new URL(String((json as { readonly Code: Members }).Code["Location"]));
  const answer = await door.unsigned("GET", url.pathname + url.search);
  assert.deepEqual(
    [answer.status, answer.headers["content-type"], answer.text],
    [200, "application/zip", "PK\u0003\u0004"],
  );
  const { status } = await door.unsigned("GET", url.pathname + url.search.replace("Expires=600", "Expires=601"));
  assert.equal(status, 403);
});

test("logs are text, or JSON with levels that stay until they are said anew", async () => {
  await door.lambda(`POST ${FUNCTIONS}`, { ...NEW, FunctionName: "logging" });
  const LogGroup = "/aws/lambda/logging";
  const updated = async (LoggingConfig: Members): Promise<unknown> => {
    await door.lambda(`POST ${FUNCTIONS}/logging/invocations`, {});
    const { json } = await door.lambda(`PUT ${FUNCTIONS}/logging/configuration`, { LoggingConfig });
    return (json as Members)["LoggingConfig"] ?? told({ json } as Answer);
  };
  const json = { LogFormat: "JSON", ApplicationLogLevel: "INFO", SystemLogLevel: "INFO", LogGroup };
  const steps: readonly (readonly [Members, unknown])[] = [
    [{ LogFormat: "JSON" }, json],
    [{ ApplicationLogLevel: "DEBUG" }, { ...json, ApplicationLogLevel: "DEBUG" }],
    [{ SystemLogLevel: "WARN" }, { ...json, ApplicationLogLevel: "DEBUG", SystemLogLevel: "WARN" }],
    [{ LogFormat: "Text" }, { LogFormat: "Text", LogGroup }],
    [{ LogFormat: "JSON" }, json],
    [{ LogGroup: "cool" }, { ...json, LogGroup: "cool" }],
  ];
  for (const [said, expected] of steps) assert.deepEqual(await updated(said), expected);
  await updated({ LogFormat: "Text" });
  assert.deepEqual(await updated({ SystemLogLevel: "WARN" }), [
    undefined,
    "InvalidParameterValueException",
    "To set ApplicationLogLevel or SystemLogLevel, LogFormat must be JSON.",
  ]);
  await door.lambda(`DELETE ${FUNCTIONS}/logging`);
});

test("a package is read from a bucket, for functions, their updates and layers", async () => {
  const at = { S3Bucket: "code", S3Key: "f.zip" };
  const made = await door.lambda(`POST ${FUNCTIONS}`, { ...NEW, FunctionName: "stored", Code: at });
  assert.deepEqual([made.status, (made.json as Members)["CodeSize"]], [201, 5]);
  const { CodeSha256 } = made.json as Members;
  await door.lambda(`POST ${FUNCTIONS}/stored/invocations`, {});
  await door.lambda(`PUT ${FUNCTIONS}/stored/code`, { ZipFile: ZIP });
  await door.lambda(`POST ${FUNCTIONS}/stored/invocations`, {});
  const updated = await door.lambda(`PUT ${FUNCTIONS}/stored/code`, at);
  assert.equal((updated.json as Members)["CodeSha256"], CodeSha256);
  const layer = await door.lambda("POST /2018-10-31/layers/stored/versions", { Content: at });
  assert.equal((layer.json as { readonly Content: Members }).Content["CodeSha256"], CodeSha256);
  const refused: readonly (readonly [code: Members, message: string])[] = [
    [{ ...at, S3Bucket: "none" }, "S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist"],
    [{ ...at, S3Key: "none" }, "S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist."],
    [
      { ...at, S3ObjectVersion: "none" },
      "S3 Error Code: NoSuchVersion. S3 Error Message: The specified version does not exist.",
    ],
  ];
  for (const [Code, message] of refused)
    assert.deepEqual(told(await door.lambda(`POST ${FUNCTIONS}`, { ...NEW, FunctionName: "lost", Code })), [
      400,
      "InvalidParameterValueException",
      `Error occurred while GetObject. ${message}`,
    ]);
  await door.lambda(`DELETE ${FUNCTIONS}/stored`);
  await door.lambda("DELETE /2018-10-31/layers/stored/versions/1");
});

test("code, configuration and revision change with updates", async () => {
  await door.lambda(`POST ${FUNCTIONS}`, { ...NEW, FunctionName: "u" });
  const before = (await door.lambda(`GET ${FUNCTIONS}/u/configuration`)).json as Members;
  const change = {
    Description: "d",
    Timeout: 9,
    MemorySize: 512,
    EphemeralStorage: { Size: 1024 },
    LoggingConfig: { LogGroup: "/x" },
    Environment: { Variables: { CD: "e" } },
    RevisionId: before["RevisionId"],
  };
  const changed = await door.lambda(`PUT ${FUNCTIONS}/u/configuration`, change);
  const { Description, Timeout, MemorySize, EphemeralStorage, LoggingConfig, Environment, RevisionId } =
    changed.json as Members;
  assert.deepEqual(
    { Description, Timeout, MemorySize, EphemeralStorage, LoggingConfig, Environment },
    {
      Description: "d",
      Timeout: 9,
      MemorySize: 512,
      EphemeralStorage: { Size: 1024 },
      LoggingConfig: { LogFormat: "Text", LogGroup: "/x" },
      Environment: { Variables: { CD: "e" } },
    },
  );
  assert.notEqual(RevisionId, before["RevisionId"]);
  const dry = await door.lambda(`PUT ${FUNCTIONS}/u/code`, { ZipFile: "UEsDBAo=", DryRun: true });
  assert.deepEqual([dry.status, (dry.json as Members)["CodeSize"]], [200, 5]);
  assert.equal(((await door.lambda(`GET ${FUNCTIONS}/u/configuration`)).json as Members)["CodeSize"], 4);
  const code = await door.lambda(`PUT ${FUNCTIONS}/u/code`, { ZipFile: "UEsDBAo=", Architectures: ["arm64"] });
  const { CodeSize, Architectures } = code.json as Members;
  assert.deepEqual({ CodeSize, Architectures }, { CodeSize: 5, Architectures: ["arm64"] });
  await door.lambda(`DELETE ${FUNCTIONS}/u`);
});

test("functions are listed in pages, with versions and for a region", async () => {
  await door.lambda(`POST ${FUNCTIONS}`, { ...NEW, FunctionName: "g" });
  const list = async (
    query: string,
  ): Promise<{ readonly Functions: readonly Members[]; readonly NextMarker?: string }> =>
    (await door.lambda(`GET ${FUNCTIONS}?${query}`)).json as never;
  const first = await list("MaxItems=1");
  assert.deepEqual(
    first.Functions.map(({ FunctionArn }) => FunctionArn),
    [`${ARN}:f`],
  );
  const second = await list(`MaxItems=1&Marker=${first.NextMarker ?? ""}&FunctionVersion=ALL`);
  assert.deepEqual(
    second.Functions.map(({ FunctionArn }) => FunctionArn),
    [`${ARN}:g:$LATEST`],
  );
  assert.equal(second.NextMarker, undefined);
  assert.deepEqual(await list("MasterRegion=eu-west-1"), { Functions: [] });
  assert.equal((await list("MasterRegion=us-east-1")).Functions.length, 2);
  await door.lambda(`DELETE ${FUNCTIONS}/g`);
});

test("the only version of a function that was never published is $LATEST", async () => {
  const { json } = await door.lambda(`GET ${FUNCTIONS}/f/versions`);
  const { Versions } = json as { readonly Versions: readonly Members[] };
  assert.deepEqual(
    Versions.map(({ FunctionArn, Version }) => [FunctionArn, Version]),
    [[`${ARN}:f:$LATEST`, "$LATEST"]],
  );
});

test("what the account may have, and has", async () => {
  const { json } = await door.lambda("GET /2016-08-19/account-settings");
  assert.deepEqual(json, {
    AccountLimit: {
      TotalCodeSize: 80_530_636_800,
      CodeSizeUnzipped: 262_144_000,
      CodeSizeZipped: 52_428_800,
      ConcurrentExecutions: 1_000,
      UnreservedConcurrentExecutions: 1_000,
    },
    AccountUsage: { TotalCodeSize: 4, FunctionCount: 1 },
  });
});

const INVALID = "InvalidParameterValueException";
const VALIDATION = "ValidationException";
const NULL = (at: string): string => `Value null at '${at}' failed to satisfy constraint: Member must not be null`;
const ROLE = "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+";

const creations: readonly (readonly [title: string, change: unknown, code: string, message: string])[] = [
  [
    "nothing",
    { FunctionName: undefined, Role: undefined, Code: undefined },
    VALIDATION,
    `3 validation errors detected: ${["functionName", "role", "code"].map(NULL).join("; ")}`,
  ],
  [
    "several members that do not fit",
    { Role: "r", MemorySize: 1 },
    VALIDATION,
    `2 validation errors detected: Value 'r' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: ${ROLE}; Value '1' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128`,
  ],
  [
    "an architecture that there is not",
    { Architectures: ["x"] },
    VALIDATION,
    "1 validation error detected: Value '[x]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
  ],
  [
    "a name of 65 letters",
    { FunctionName: "x".repeat(65) },
    INVALID,
    `1 validation error detected: Value '${"x".repeat(65)}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64`,
  ],
  [
    "what is no zip",
    { Code: { ZipFile: "AAAA" } },
    INVALID,
    "Could not unzip uploaded file. Please check your file, then try to upload again.",
  ],
  ["an empty zip", { Code: { ZipFile: "" } }, INVALID, "Uploaded file must be a non-empty zip"],
  ["no code", { Code: {} }, INVALID, "Please provide a source for function code."],
  [
    "neither runtime nor handler",
    { Runtime: undefined, Handler: undefined },
    INVALID,
    "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
  ],
  [
    "a runtime of the past",
    { Runtime: "nodejs8.10" },
    INVALID,
    "The runtime parameter of nodejs8.10 is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.",
  ],
  [
    "a runtime that cannot run here",
    { Runtime: "nodejs99" },
    INVALID,
    "Value nodejs99 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs24.x] or be a valid ARN",
  ],
  [
    "variables that are Lambda's own",
    { Environment: { Variables: { AWS_REGION: "x", OK: "y" } } },
    INVALID,
    "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION",
  ],
  [
    "a variable that cannot be one",
    { Environment: { Variables: { "1": "b" } } },
    VALIDATION,
    "1 validation error detected: Value '{1=b}' at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
  ],
  [
    "51 tags",
    { Tags: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, "v"])) },
    INVALID,
    "Number of tags exceeds resource tag limit.",
  ],
];
for (const [title, change, code, message] of creations)
  test(`CreateFunction refuses ${title}`, async () => {
    const answer = await door.lambda(`POST ${FUNCTIONS}`, { ...NEW, FunctionName: "new", ...(change as object) });
    assert.deepEqual(told(answer), [400, code, message]);
    assert.equal((await door.lambda(`GET ${FUNCTIONS}/new`)).status, 404);
  });

test("variables of more than 4 KB are refused and repeated", async () => {
  const Variables = { LONG: "x".repeat(4_096) };
  const answer = await door.lambda(`POST ${FUNCTIONS}`, { ...NEW, FunctionName: "new", Environment: { Variables } });
  assert.deepEqual(told(answer), [
    400,
    INVALID,
    `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: ${JSON.stringify(Variables)}`,
  ]);
});

const unserved: readonly (readonly [member: string, change: object])[] = [
  ["VpcConfig", { VpcConfig: { SubnetIds: ["s"] } }],
  ["KMSKeyArn", { KMSKeyArn: "arn:aws:kms:us-east-1:000000000000:key/k" }],
  [
    "FileSystemConfigs",
    {
      FileSystemConfigs: [
        {
          Arn: `arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-${"0".repeat(17)}`,
          LocalMountPath: "/mnt/a",
        },
      ],
    },
  ],
  ["ImageConfig", { ImageConfig: { Command: ["x"] } }],
  ["TracingConfig", { TracingConfig: { Mode: "Active" } }],
  ["SnapStart", { SnapStart: { ApplyOn: "PublishedVersions" } }],
];
const onlyCreated: readonly (readonly [member: string, change: object])[] = [
  ["PackageType", { PackageType: "Image", Code: { ImageUri: "x" } }],
  [
    "CodeSigningConfigArn",
    { CodeSigningConfigArn: "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-00000000000000000" },
  ],
  ["Code.ImageUri", { Code: { ImageUri: "x" } }],
];
for (const [member, change] of [...unserved, ...onlyCreated])
  test(`CreateFunction refuses ${member} by name`, async () => {
    const answer = await door.lambda(`POST ${FUNCTIONS}`, { ...NEW, FunctionName: "new", ...change });
    const [status, code, message] = told(answer);
    assert.deepEqual([status, code], [400, INVALID]);
    assert.match(String(message), new RegExp(`^${member.replace(".", "\\.")}.*not supported by Catamaran`));
  });
for (const [member, change] of unserved)
  test(`UpdateFunctionConfiguration refuses ${member} by name`, async () => {
    const [status, , message] = told(await door.lambda(`PUT ${FUNCTIONS}/f/configuration`, change));
    assert.equal(status, 400);
    assert.match(String(message), new RegExp(`^${member.replace(".", "\\.")}.*not supported by Catamaran`));
  });
const served: readonly (readonly [title: string, change: object])[] = [
  ["no network", { VpcConfig: { SubnetIds: [], SecurityGroupIds: [] } }],
  ["no dead letters", { DeadLetterConfig: { TargetArn: "" } }],
  ["no key", { KMSKeyArn: "" }],
  ["no layers", { Layers: [] }],
  ["no file systems", { FileSystemConfigs: [] }],
  ["the tracing that there is", { TracingConfig: { Mode: "PassThrough" } }],
  ["the format that there is", { LoggingConfig: { LogFormat: "Text" } }],
  ["no snapshot", { SnapStart: { ApplyOn: "None" } }],
];
for (const [title, change] of served)
  test(`UpdateFunctionConfiguration takes what says the default: ${title}`, async () =>
    assert.equal((await door.lambda(`PUT ${FUNCTIONS}/f/configuration`, change)).status, 200));

const NOT_FOUND = "ResourceNotFoundException";
const refusals: readonly (readonly [request: string, input: unknown, status: number, code: string, message: string])[] =
  [
    [`POST ${FUNCTIONS}`, NEW, 409, "ResourceConflictException", `Function already exist: ${ARN}:f`],
    [`POST ${FUNCTIONS}`, [], 400, "SerializationException", "Start of list found where not expected"],
    [`GET ${FUNCTIONS}/none`, undefined, 404, NOT_FOUND, `Function not found: ${ARN}:none`],
    [`GET ${FUNCTIONS}/f/configuration?Qualifier=1`, undefined, 404, NOT_FOUND, `Function not found: ${ARN}:f:1`],
    [
      `GET ${FUNCTIONS}/f:1?Qualifier=2`,
      undefined,
      400,
      INVALID,
      "The derived qualifier from the function name does not match the specified qualifier.",
    ],
    [
      `GET ${FUNCTIONS}/arn:aws:lambda:eu-west-1:000000000000:function:f`,
      undefined,
      404,
      NOT_FOUND,
      "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    ],
    [`GET ${FUNCTIONS}/none/versions`, undefined, 404, NOT_FOUND, `Function not found: ${ARN}:none`],
    [
      `GET ${FUNCTIONS}?MaxItems=0`,
      undefined,
      400,
      VALIDATION,
      "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ],
    [`GET ${FUNCTIONS}?Marker=!!`, undefined, 400, INVALID, "Invalid value for parameter Marker"],
    [
      `GET ${FUNCTIONS}?FunctionVersion=X`,
      undefined,
      400,
      VALIDATION,
      "1 validation error detected: Value 'X' at 'functionVersion' failed to satisfy constraint: Member must satisfy enum value set: [ALL]",
    ],
    [`PUT ${FUNCTIONS}/none/configuration`, {}, 404, NOT_FOUND, `Function not found: ${ARN}:none`],
    [`PUT ${FUNCTIONS}/none/code`, { ZipFile: ZIP }, 404, NOT_FOUND, `Function not found: ${ARN}:none`],
    [
      `PUT ${FUNCTIONS}/f/configuration`,
      { RevisionId: "x" },
      412,
      "PreconditionFailedException",
      "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
    ],
    [
      `PUT ${FUNCTIONS}/f/configuration`,
      { Description: 3 },
      400,
      "SerializationException",
      "NUMBER_VALUE cannot be converted to String",
    ],
    [`DELETE ${FUNCTIONS}/none`, undefined, 404, NOT_FOUND, `Function not found: ${ARN}:none`],
    [
      `DELETE ${FUNCTIONS}/f?Qualifier=$LATEST`,
      undefined,
      400,
      INVALID,
      "$LATEST version cannot be deleted without deleting the function.",
    ],
    [
      `DELETE ${FUNCTIONS}/f?Qualifier=live`,
      undefined,
      400,
      INVALID,
      "Deletion of aliases is not currently supported.",
    ],
  ];
for (const [request, input, status, code, message] of refusals)
  test(`${request} ${input === undefined ? "" : JSON.stringify(input).slice(0, 40)} is refused`, async () => {
    const answer = await door.lambda(request, input);
    assert.deepEqual(told(answer), [status, code, message]);
    assert.deepEqual([answer.headers["x-amzn-errortype"], answer.headers["content-type"]], [code, "application/json"]);
  });

test("another account's function is not for us, and AWS says no more", async () => {
  const { status, headers } = await door.lambda(`GET ${FUNCTIONS}/arn:aws:lambda:us-east-1:111111111111:function:f`);
  assert.deepEqual([status, headers["x-amzn-errortype"]], [403, "AccessDeniedException"]);
});

test("deleting a version that is not there succeeds, of a function that is", async () => {
  assert.equal((await door.lambda(`DELETE ${FUNCTIONS}/f?Qualifier=7`)).status, 204);
  assert.equal((await door.lambda(`DELETE ${FUNCTIONS}/none?Qualifier=7`)).status, 404);
  assert.equal((await door.lambda(`GET ${FUNCTIONS}/f`)).status, 200);
});

for (const request of ["GET /nowhere", `GET ${FUNCTIONS}/f/nothing`, "PATCH /2015-03-31/functions"])
  test(`${request} is no action`, async () => {
    const [status, code] = told(await door.lambda(request));
    assert.deepEqual([status, code], [404, "UnknownOperationException"]);
  });
