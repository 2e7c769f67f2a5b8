/** The Container Runtime Interface as typed calls. Translates messages and errors; decides nothing. */
import { GrpcClient, grpcCode, isGrpc } from "./grpc.ts";
import {
  criCalls,
  type ContainerConfig,
  type ContainerListed,
  type ContainerReport,
  type CriCall,
  type CriImage,
  type LinuxResources,
  type SandboxConfig,
  type SandboxListed,
  type SandboxStatus,
  type StringMap,
} from "./cri-messages.ts";
import { decode, encode } from "./messages.ts";

// A call that creates something may have to unpack an image first.
const SLOW_MS = 120_000;
const QUICK_MS = 10_000;

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

export class Cri implements AsyncDisposable {
  readonly #grpc: GrpcClient;

  constructor(socketPath: string) {
    this.#grpc = new GrpcClient(socketPath);
  }

  async version(): Promise<{ readonly name: string; readonly version: string }> {
    const { runtime_name = "", runtime_version = "" } = await this.#call<{
      runtime_name?: string;
      runtime_version?: string;
    }>("RuntimeService/Version", {});
    return { name: runtime_name, version: runtime_version };
  }

  /** The conditions that are not true, as text; empty when the runtime and its network are ready. */
  async faults(): Promise<readonly string[]> {
    interface Answer {
      readonly status?: {
        readonly conditions: readonly { readonly type: string; readonly status?: boolean; readonly message?: string }[];
      };
    }
    const { status } = await this.#call<Answer>("RuntimeService/Status", {});
    const conditions = status?.conditions ?? [];
    return conditions
      .filter(({ type, status: isTrue }) => isTrue !== true && type.endsWith("Ready"))
      .map(({ type, message }) => `${type}: ${message ?? "not ready"}`);
  }

  /** `handler` is the runtime that containerd knows by that name; "" is its default. */
  async runSandbox(config: SandboxConfig, handler = ""): Promise<string> {
    const { pod_sandbox_id } = await this.#call<{ pod_sandbox_id: string }>(
      "RuntimeService/RunPodSandbox",
      { config, ...(handler !== "" && { runtime_handler: handler }) },
      SLOW_MS,
    );
    return pod_sandbox_id;
  }

  async stopSandbox(id: string): Promise<void> {
    await this.#call("RuntimeService/StopPodSandbox", { pod_sandbox_id: id }, SLOW_MS);
  }

  async removeSandbox(id: string): Promise<void> {
    await this.#call("RuntimeService/RemovePodSandbox", { pod_sandbox_id: id }, SLOW_MS);
  }

  async sandboxStatus(id: string): Promise<SandboxStatus> {
    return (await this.#call<{ status: SandboxStatus }>("RuntimeService/PodSandboxStatus", { pod_sandbox_id: id }))
      .status;
  }

  async sandboxes(labels?: StringMap): Promise<readonly SandboxListed[]> {
    const request = labels === undefined ? {} : { filter: { label_selector: labels } };
    return (await this.#call<{ items: readonly SandboxListed[] }>("RuntimeService/ListPodSandbox", request)).items;
  }

  async createContainer(sandbox: string, config: ContainerConfig, sandboxConfig: SandboxConfig): Promise<string> {
    const request = { pod_sandbox_id: sandbox, config, sandbox_config: sandboxConfig };
    return (await this.#call<{ container_id: string }>("RuntimeService/CreateContainer", request, SLOW_MS))
      .container_id;
  }

  async startContainer(id: string): Promise<void> {
    await this.#call("RuntimeService/StartContainer", { container_id: id }, SLOW_MS);
  }

  /** Sends the stop signal, waits up to the timeout, then kills. */
  async stopContainer(id: string, timeoutSeconds: number): Promise<void> {
    await this.#call(
      "RuntimeService/StopContainer",
      { container_id: id, timeout: timeoutSeconds },
      timeoutSeconds * 1_000 + SLOW_MS,
    );
  }

  async removeContainer(id: string): Promise<void> {
    await this.#call("RuntimeService/RemoveContainer", { container_id: id }, SLOW_MS);
  }

  async containers(labels?: StringMap): Promise<readonly ContainerListed[]> {
    const request = labels === undefined ? {} : { filter: { label_selector: labels } };
    return (await this.#call<{ containers: readonly ContainerListed[] }>("RuntimeService/ListContainers", request))
      .containers;
  }

  async containerStatus(id: string): Promise<ContainerReport> {
    return (await this.#call<{ status: ContainerReport }>("RuntimeService/ContainerStatus", { container_id: id }))
      .status;
  }

  /** The process id in the node's own view; 0 when the container does not run. */
  async containerPid(id: string): Promise<number> {
    const { info } = await this.#call<{ info: StringMap }>("RuntimeService/ContainerStatus", {
      container_id: id,
      verbose: true,
    });
    return (JSON.parse(info["info"] ?? "{}") as { pid?: number }).pid ?? 0;
  }

  async updateResources(id: string, linux: LinuxResources): Promise<void> {
    await this.#call("RuntimeService/UpdateContainerResources", { container_id: id, linux });
  }

  async reopenLog(id: string): Promise<void> {
    await this.#call("RuntimeService/ReopenContainerLog", { container_id: id });
  }

  /** Null when the command did not end in time. */
  async exec(id: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult | null> {
    try {
      interface Answer {
        readonly stdout?: Uint8Array;
        readonly stderr?: Uint8Array;
        readonly exit_code?: number;
      }
      const request = { container_id: id, cmd: command, timeout: timeoutSeconds };
      const answer = await this.#call<Answer>("RuntimeService/ExecSync", request, timeoutSeconds * 1_000 + QUICK_MS);
      return {
        exitCode: answer.exit_code ?? 0,
        stdout: answer.stdout ?? new Uint8Array(),
        stderr: answer.stderr ?? new Uint8Array(),
      };
    } catch (thrown) {
      if (isGrpc(thrown, grpcCode.deadlineExceeded)) return null;
      throw thrown;
    }
  }

  /** URLs of containerd's streaming server, each good for one connection. */
  async execUrl(id: string, command: readonly string[], streams: StreamOptions): Promise<string> {
    return (await this.#call<{ url: string }>("RuntimeService/Exec", { container_id: id, cmd: command, ...streams }))
      .url;
  }

  async attachUrl(id: string, streams: StreamOptions): Promise<string> {
    return (await this.#call<{ url: string }>("RuntimeService/Attach", { container_id: id, ...streams })).url;
  }

  async portForwardUrl(sandbox: string, ports: readonly number[]): Promise<string> {
    return (await this.#call<{ url: string }>("RuntimeService/PortForward", { pod_sandbox_id: sandbox, port: ports }))
      .url;
  }

  async images(): Promise<readonly CriImage[]> {
    return (await this.#call<{ images: readonly CriImage[] }>("ImageService/ListImages", {})).images;
  }

  /** Null when the node does not have it. */
  async image(name: string): Promise<CriImage | null> {
    return (
      (await this.#call<{ image?: CriImage }>("ImageService/ImageStatus", { image: { image: name } })).image ?? null
    );
  }

  async removeImage(name: string): Promise<void> {
    await this.#call("ImageService/RemoveImage", { image: { image: name } });
  }

  async #call<T>(name: CriCall, request: object, timeoutMs = QUICK_MS): Promise<T> {
    const shapes = criCalls[name];
    const answer = await this.#grpc.unary(`/runtime.v1.${name}`, encode(shapes.request, request), { timeoutMs });
    return decode<T>(shapes.answer, answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#grpc[Symbol.asyncDispose]();
  }
}

export interface StreamOptions {
  readonly tty?: boolean;
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
}
