/** The environment variables that Lambda defines, around the function's own. Pure. */
import type { SandboxSpec } from "#functions/sandboxes.ts";

/** Where a sandbox finds things; a plain process has other places than an isolated root. */
export interface Places {
  /** LAMBDA_TASK_ROOT */
  readonly taskRoot: string;
  /** LAMBDA_RUNTIME_DIR */
  readonly runtimeDir: string;
  readonly nodeModules: string;
  readonly optDir: string;
  readonly tmpDir: string;
  readonly path: string;
  /** LD_LIBRARY_PATH before the runtime's and the function's own folders. */
  readonly libraries: readonly string[];
  /** host:port of the Runtime API as seen from inside. */
  readonly runtimeApi: string;
  /** AWS_ENDPOINT_URL as seen from inside; absent: none is set. */
  readonly endpointUrl?: string;
  readonly region: string;
}

/**
 * What runs a function: our Node agent itself, a Node started anew below it, python under it, or the function's own
 * bootstrap under it.
 */
export type Flavour = "node" | "anew" | "python" | "provided";

// What a process reads when it starts and never again: variables of Node, V8 and libuv, of the loader and of the C library.
const READ_AT_START =
  /^(AWS_LAMBDA_EXEC_WRAPPER|NODE_(OPTIONS|EXTRA_CA_CERTS|ICU_DATA|COMPILE_CACHE|V8_COVERAGE|DEBUG|PENDING_.*)|UV_.+|LD_.+|MALLOC_.+|GLIBC_TUNABLES|PYTHON(?!PATH$).+|SSL_CERT_(FILE|DIR)|OPENSSL_CONF)$/;
// What a booted Node can be told as well.
const TOLD_LATER = /^(\s*--enable-source-maps\s*)*$/;

/** Whether a function's own variables ask for more than a process that has started already can give. */
export function startsAnew(environment: Readonly<Record<string, string>>): boolean {
  return Object.entries(environment).some(
    ([name, value]) => READ_AT_START.test(name) && value !== "" && !(name === "NODE_OPTIONS" && TOLD_LATER.test(value)),
  );
}

/** Null for runtimes that nobody here runs. */
export function flavourOf(runtime: string, environment: Readonly<Record<string, string>>): Flavour | null {
  if (/^nodejs(18|20|22|24)\.x$/.test(runtime)) return startsAnew(environment) ? "anew" : "node";
  if (/^python3\.\d+$/.test(runtime)) return "python";
  if (/^provided(\.al2|\.al2023)?$/.test(runtime)) return "provided";
  return null;
}

export function lambdaEnvironment(spec: SandboxSpec, places: Places): Readonly<Record<string, string>> {
  const { credentials } = spec;
  const major = /^nodejs(\d+)/.exec(spec.runtime)?.[1];
  return {
    PATH: places.path,
    LD_LIBRARY_PATH: [
      ...places.libraries,
      places.runtimeDir,
      `${places.runtimeDir}/lib`,
      places.taskRoot,
      `${places.taskRoot}/lib`,
      `${places.optDir}/lib`,
    ].join(":"),
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    // What the shell script that starts Lambda's runtimes leaves behind.
    PWD: places.taskRoot,
    SHLVL: "0",
    // Lambda sets neither: a program that needs them fails there, too. Plain processes share the machine's /tmp otherwise.
    ...(places.tmpDir !== "/tmp" && { HOME: places.tmpDir, TMPDIR: places.tmpDir }),
    AWS_XRAY_CONTEXT_MISSING: "LOG_ERROR",
    AWS_XRAY_DAEMON_ADDRESS: "127.0.0.1:2000",
    _AWS_XRAY_DAEMON_ADDRESS: "127.0.0.1",
    _AWS_XRAY_DAEMON_PORT: "2000",
    ...(places.endpointUrl !== undefined && { AWS_ENDPOINT_URL: places.endpointUrl }),
    ...(major !== undefined && {
      NODE_PATH: `${places.optDir}/nodejs/node${major}/node_modules:${places.optDir}/nodejs/node_modules:${places.nodeModules}:${places.runtimeDir}:${places.taskRoot}`,
    }),
    ...(spec.runtime.startsWith("python") && { PYTHONPATH: places.runtimeDir }),
    // A function may replace what stands above; what follows is reserved, and Lambda refuses to set it ("Reserved environment variables").
    ...spec.environment,
    _HANDLER: spec.handler,
    AWS_REGION: places.region,
    AWS_DEFAULT_REGION: places.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${spec.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: spec.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: spec.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMib),
    AWS_LAMBDA_LOG_GROUP_NAME: spec.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: spec.logStream,
    ...(spec.jsonLogLevel !== null && {
      AWS_LAMBDA_LOG_FORMAT: "JSON",
      AWS_LAMBDA_LOG_LEVEL: spec.jsonLogLevel,
    }),
    AWS_LAMBDA_INITIALIZATION_TYPE: spec.initialization,
    AWS_LAMBDA_RUNTIME_API: places.runtimeApi,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...(credentials.sessionToken !== "" && { AWS_SESSION_TOKEN: credentials.sessionToken }),
    LAMBDA_TASK_ROOT: places.taskRoot,
    LAMBDA_RUNTIME_DIR: places.runtimeDir,
  };
}
