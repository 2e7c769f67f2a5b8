/** What the function tests and benches share: code made on the spot, an engine on real sandboxes, a real clock. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Clock } from "#base/clock.ts";
import { silent, type Log } from "#base/log.ts";
import { Fault } from "#base/fault.ts";
import type { CodeStore } from "#functions/code-store.ts";
import { Functions, type FunctionsOptions } from "#functions/engine.ts";
import { FakeLedger, FakeObjects } from "#functions/fakes.ts";
import type { InvokeRequest, InvokeResult } from "#functions/invocation.ts";
import { type LogStore, MemoryLogs, newestLines, type StoredLine } from "#functions/logs.ts";
import type { Sandboxes } from "#functions/sandboxes.ts";
import { linkOver } from "#store/files/link-over.ts";
import { functionKind, type FunctionSpec } from "#kinds/catamaran/function.ts";

export const realClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** Deployment packages as folders: the unpacked form is all that sandboxes see. */
export class FolderCode implements CodeStore, AsyncDisposable {
  readonly root: string;

  static async open(): Promise<FolderCode> {
    return new FolderCode(await mkdtemp(path.join(tmpdir(), "ctm-code-")));
  }

  constructor(root: string) {
    this.root = root;
  }

  async add(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
    const sha256 = createHash("sha256").update(JSON.stringify(files)).digest("base64");
    const folder = this.#folder(sha256);
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
      if (name === "bootstrap" || name === "wrap") await chmod(path.join(folder, name), 0o755);
    }
    return sha256;
  }

  #folder(sha256: string): string {
    return path.join(this.root, Buffer.from(sha256, "base64").toString("hex"));
  }

  async put(): Promise<never> {
    throw new Fault("Unsupported", "tests add folders");
  }

  async keepOnly(): Promise<void> {}

  async get(): Promise<null> {
    return null;
  }

  async unpacked(sha256: string): Promise<string> {
    return this.#folder(sha256);
  }

  async merged(sha256s: readonly string[]): Promise<{ readonly sha256: string; readonly folder: string }> {
    const sha256 = createHash("sha256").update(sha256s.join(" ")).digest("base64");
    for (const part of sha256s) await linkOver(this.#folder(part), this.#folder(sha256));
    return { sha256, folder: this.#folder(sha256) };
  }

  async unpackedBytes(): Promise<number> {
    return 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

/** An engine with functions made from source texts. */
export class Bench implements AsyncDisposable {
  readonly functions: Functions;
  readonly objects: FakeObjects;
  readonly ledger: FakeLedger;
  readonly #logs: LogStore;
  readonly code: FolderCode;

  static async open(
    sandboxes: Sandboxes,
    code: FolderCode,
    options: Partial<FunctionsOptions> = {},
    log: Log = silent,
  ): Promise<Bench> {
    const objects = new FakeObjects();
    const ledger = new FakeLedger();
    const logs = new MemoryLogs();
    const functions = await Functions.open({
      objects,
      sandboxes,
      ledger,
      logs,
      clock: realClock,
      random: { number: () => Math.random(), uuid: () => crypto.randomUUID() },
      log,
      credentialsFor: () => ({ accessKeyId: "test", secretAccessKey: "test", sessionToken: "" }),
      ...options,
    });
    return new Bench(functions, { objects, ledger, logs, code });
  }

  private constructor(
    functions: Functions,
    parts: {
      readonly objects: FakeObjects;
      readonly ledger: FakeLedger;
      readonly logs: LogStore;
      readonly code: FolderCode;
    },
  ) {
    this.functions = functions;
    this.objects = parts.objects;
    this.ledger = parts.ledger;
    this.#logs = parts.logs;
    this.code = parts.code;
  }

  async create(
    name: string,
    files: Readonly<Record<string, string | Uint8Array>>,
    spec: Partial<FunctionSpec> = {},
  ): Promise<void> {
    const sha256 = await this.code.add(files);
    await this.objects.create(functionKind, {
      metadata: { name, namespace: "default" },
      spec: { runtime: "nodejs24.x", handler: "index.handler", code: { sha256, size: 1 }, ...spec },
    });
  }

  /** The newest lines of a function's log. */
  log(name: string): Promise<readonly StoredLine[]> {
    return newestLines(this.#logs, `/aws/lambda/${name}`, 1_000);
  }

  /** Retires every environment of a function, so that the next invocation is cold. */
  async chill(name: string): Promise<void> {
    await this.objects.change(functionKind, `default/${name}`, (live) => ({
      ...live,
      spec: { ...live.spec, environment: { ...live.spec.environment, CHILL: crypto.randomUUID() } },
    }));
  }

  invoke(name: string, payload: unknown = {}, more: Partial<InvokeRequest> = {}): Promise<InvokeResult> {
    return this.functions.invoke({
      namespace: "default",
      name,
      type: "RequestResponse",
      payload: Buffer.from(JSON.stringify(payload)),
      ...more,
    });
  }

  /** The parsed payload. */
  async ask(name: string, payload: unknown = {}): Promise<unknown> {
    return JSON.parse(Buffer.from((await this.invoke(name, payload)).payload).toString("utf8"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.functions[Symbol.asyncDispose]();
  }
}
