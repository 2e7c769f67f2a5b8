/** containerd's configuration as text, for versions 1.6 to 2.x, and the pod network's. Pure. */
import { type Handler, RUNC_SHIM, type RuntimeChoice } from "./runtime-probe.ts";

/** Where a node keeps what. */
export interface NodePaths {
  readonly root: string;
  readonly state: string;
  readonly socket: string;
  readonly pidFile: string;
  readonly config: string;
  readonly log: string;
  readonly opt: string;
  readonly logs: string;
  readonly cniConfDir: string;
  readonly cniConfig: string;
  readonly cniDataDir: string;
  readonly probe: string;
}

export const PAUSE_IMAGE = "catamaran.dev/pause:1";

// Snapshotters and tracers that the machine may lack; each would log a failure at every start.
const UNUSED_PLUGINS = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.internal.v1.tracing",
  "io.containerd.nri.v1.nri",
];

export function containerdConfig(version: string, runtime: RuntimeChoice, paths: NodePaths): string {
  const isTwo = Number(version.split(".")[0]) >= 2;
  return `version = ${isTwo ? 3 : 2}
root = ${quoted(paths.root)}
state = ${quoted(paths.state)}
disabled_plugins = [${UNUSED_PLUGINS.map(quoted).join(", ")}]

[grpc]
  address = ${quoted(paths.socket)}

[ttrpc]
  address = ${quoted(`${paths.socket}.ttrpc`)}

[debug]
  level = "warn"

[plugins."io.containerd.internal.v1.opt"]
  path = ${quoted(paths.opt)}

${isTwo ? criConfigV3(runtime, paths) : criConfigV2(runtime, paths)}`;
}

function criConfigV2(runtime: RuntimeChoice, paths: NodePaths): string {
  const cri = `plugins."io.containerd.grpc.v1.cri"`;
  return `[${cri}]
  sandbox_image = ${quoted(PAUSE_IMAGE)}
  restrict_oom_score_adj = ${runtime.restrictsOomScore}
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  netns_mounts_under_state_dir = true

[${cri}.cni]
  bin_dir = ${quoted(runtime.cniBinDir)}
  conf_dir = ${quoted(paths.cniConfDir)}

[${cri}.containerd]
  snapshotter = ${quoted(runtime.snapshotter)}
  default_runtime_name = ${quoted(runtime.name)}
  disable_snapshot_annotations = true

${runtimeConfig(cri, runtime)}`;
}

function criConfigV3(runtime: RuntimeChoice, paths: NodePaths): string {
  const cri = `plugins."io.containerd.cri.v1.runtime"`;
  return `[plugins."io.containerd.cri.v1.images"]
  snapshotter = ${quoted(runtime.snapshotter)}
  disable_snapshot_annotations = true

[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = ${quoted(PAUSE_IMAGE)}

[plugins."io.containerd.grpc.v1.cri"]
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"

[${cri}]
  restrict_oom_score_adj = ${runtime.restrictsOomScore}
  netns_mounts_under_state_dir = true

[${cri}.cni]
  bin_dir = ${quoted(runtime.cniBinDir)}
  conf_dir = ${quoted(paths.cniConfDir)}

[${cri}.containerd]
  default_runtime_name = ${quoted(runtime.name)}

${runtimeConfig(cri, runtime)}`;
}

/** The runtime of pods that name none, and those that they can name. */
function runtimeConfig(cri: string, { name, path, handlers }: RuntimeChoice): string {
  const usual: Handler = { name, type: RUNC_SHIM, path };
  return [usual, ...handlers].map((handler) => handlerConfig(cri, handler)).join("\n");
}

function handlerConfig(cri: string, { name, type, path }: Handler): string {
  const table = `${cri}.containerd.runtimes.${name}`;
  const head = `[${table}]\n  runtime_type = ${quoted(type)}\n`;
  if (path === undefined) return head;
  return `${head}
[${table}.options]
  BinaryName = ${quoted(path)}
  SystemdCgroup = false
`;
}

/** A TOML basic string is a JSON string for all that our paths contain. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/**
 * Plain bridge: masquerading and host ports are our own rules' work, and cost 40 ms per pod in the plugins.
 * Without bridge netfilter, answers of a neighbour on the same bridge would pass the address translation by: then each pod gets its own link.
 */
export function cniConfig(
  node: { readonly instance: string; readonly node: string; readonly podCidr: string },
  paths: NodePaths,
  options: { readonly hasBridgeNetfilter?: boolean } = {},
): string {
  const ipam = {
    type: "host-local",
    ranges: [[{ subnet: node.podCidr }]],
    routes: [{ dst: "0.0.0.0/0" }],
    dataDir: paths.cniDataDir,
  };
  const bridge = { type: "bridge", bridge: "cbr0", isGateway: true, ipMasq: false, hairpinMode: true, ipam };
  const links = { type: "ptp", ipMasq: false, ipam };
  // libcni caches results by network name for the whole machine: the name must be unique.
  const name = `ctm-${node.instance}-${node.node}`;
  return `${JSON.stringify({ cniVersion: "0.4.0", name, plugins: [options.hasBridgeNetfilter === false ? links : bridge] }, null, 2)}\n`;
}
