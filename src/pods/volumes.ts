/** The files of a pod's configMap, secret, downwardAPI and projected volumes, as data: paths, bytes, modes. Never written here. */
import { encodeUtf8 } from "#base/utf8.ts";
import type { PodObject as Pod } from "#kinds/core/pod-status.ts";
import type { DownwardFile, KeyToPath, Projection } from "#kinds/core/volume.ts";
import { fromBase64 } from "#kinds/schema/base64.ts";
import type { Sources } from "./environment.ts";
import { fieldText, resourceText, type Whereabouts } from "./fields.ts";

export interface VolumeFile {
  /** Relative to the volume, "/" between folders. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  /** Who owns it; root unless said. */
  readonly user?: number;
  /** Empty for a token: the agent asks for one. */
  readonly bytes: Uint8Array;
  /** A service account token that the agent must ask for, for this audience and lifetime. */
  readonly token?: { readonly audience?: string; readonly expirationSeconds: number };
}

export type VolumeFiles =
  | { readonly ok: true; readonly files: readonly VolumeFile[] }
  | { readonly ok: false; readonly message: string };

/** What the references in a volume resolve to. */
export type VolumeValues = Sources & Whereabouts;

/** Sources in one folder; a volume of a single configMap or secret is a projection of one source. */
export interface ProjectedVolume {
  readonly name: string;
  readonly sources: readonly Projection[];
  /** Permission bits of files that say none; 0644 unless given. */
  readonly defaultMode: number | undefined;
}

const DEFAULT_MODE = 0o644;
const TOKEN_SECONDS = 3_600;
const TOKEN_MODE = 0o600;

/** All files of the volume, or kubelet's sentence for the first thing that is missing. */
export function projectedFiles(
  pod: Pod,
  { name, sources, defaultMode }: ProjectedVolume,
  values: VolumeValues,
): VolumeFiles {
  const files = new Map<string, VolumeFile>();
  for (const source of sources) {
    const part = filesOf(pod, source, defaultMode, values);
    if (!part.ok) return { ok: false, message: `MountVolume.SetUp failed for volume "${name}" : ${part.message}` };
    // A later source wins, as in kubelet.
    for (const file of part.files) files.set(file.path, file);
  }
  return { ok: true, files: [...files.values()] };
}

function filesOf(pod: Pod, source: Projection, defaultMode: number = DEFAULT_MODE, values: VolumeValues): VolumeFiles {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap !== undefined) {
    const data = configMapBytes(values, configMap.name ?? "");
    return keyedFiles({ noun: "configmap", name: configMap.name ?? "", data, ...configMap }, defaultMode);
  }
  if (secret !== undefined) {
    const found = values.secret(secret.name ?? "");
    const data = found === undefined ? null : bytesOf(found.data ?? {}, fromBase64);
    return keyedFiles({ noun: "secret", data, ...secret, name: secret.name ?? "" }, defaultMode);
  }
  if (serviceAccountToken !== undefined) {
    const { path, audience, expirationSeconds = TOKEN_SECONDS } = serviceAccountToken;
    const user = onlyUser(pod);
    // pkg/volume/projected: a token is its user's alone where the pod says who that is; fsGroup adds its group's right to read.
    const isOwned = user !== undefined || pod.spec.securityContext?.fsGroup !== undefined;
    return {
      ok: true,
      files: [
        {
          path,
          mode: isOwned ? TOKEN_MODE : defaultMode,
          ...(user !== undefined && { user }),
          bytes: new Uint8Array(),
          token: { expirationSeconds, ...(audience !== undefined && { audience }) },
        },
      ],
    };
  }
  return {
    ok: true,
    files: (downwardAPI?.items ?? []).map((item) => downwardFile(pod, item, item.mode ?? defaultMode, values)),
  };
}

/** kubelet's FsUserFrom: the user as whom every container runs, when each of them says so and all say the same. */
function onlyUser({ spec }: Pod): number | undefined {
  const users = new Set(
    [...(spec.initContainers ?? []), ...spec.containers].map(
      ({ securityContext }) => securityContext?.runAsUser ?? spec.securityContext?.runAsUser,
    ),
  );
  const [user] = users;
  return users.size === 1 ? user : undefined;
}

function configMapBytes({ configMap }: Sources, name: string): ReadonlyMap<string, Uint8Array> | null {
  const found = configMap(name);
  if (found === undefined) return null;
  return new Map([...bytesOf(found.data ?? {}, encodeUtf8), ...bytesOf(found.binaryData ?? {}, fromBase64)]);
}

function bytesOf(
  data: Readonly<Record<string, string>>,
  decode: (text: string) => Uint8Array,
): ReadonlyMap<string, Uint8Array> {
  return new Map(Object.entries(data).map(([key, text]) => [key, decode(text)]));
}

interface Keyed {
  readonly noun: "configmap" | "secret";
  readonly name: string;
  /** Null when the object is not there. */
  readonly data: ReadonlyMap<string, Uint8Array> | null;
  readonly items?: readonly KeyToPath[];
  readonly optional?: boolean;
}

/** All keys as files, or only the items under their paths. */
function keyedFiles({ noun, name, data, items, optional = false }: Keyed, defaultMode: number): VolumeFiles {
  if (data === null) return optional ? { ok: true, files: [] } : { ok: false, message: `${noun} "${name}" not found` };
  if (items === undefined || items.length === 0)
    return { ok: true, files: [...data].map(([path, bytes]) => ({ path, mode: defaultMode, bytes })) };
  const files: VolumeFile[] = [];
  for (const { key, path, mode = defaultMode } of items) {
    const bytes = data.get(key);
    if (bytes === undefined && !optional)
      return {
        ok: false,
        message: `${noun} references non-existent ${noun === "configmap" ? "config" : "secret"} key: ${key}`,
      };
    if (bytes !== undefined) files.push({ path, mode, bytes });
  }
  return { ok: true, files };
}

function downwardFile(
  pod: Pod,
  { path, fieldRef, resourceFieldRef }: DownwardFile,
  mode: number,
  whereabouts: Whereabouts,
): VolumeFile {
  const [first] = pod.spec.containers;
  if (fieldRef !== undefined) return { path, mode, bytes: encodeUtf8(fieldText(pod, fieldRef.fieldPath, whereabouts)) };
  const text =
    resourceFieldRef === undefined || first === undefined
      ? ""
      : resourceText(pod, first, resourceFieldRef, whereabouts);
  return { path, mode, bytes: encodeUtf8(text) };
}
