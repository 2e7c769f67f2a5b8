/** Building, loading and listing images of an instance's store, without Docker and without a registry. */
import { open, readFile, stat } from "node:fs/promises";
import { basename, isAbsolute, join, matchesGlob, normalize, posix } from "node:path";
import { Fault, unsupported } from "#base/fault.ts";
import { baseImage, baseOf, type BaseImage, type BaseName } from "./base-images.ts";
import { parseDockerfile, type Step } from "./dockerfile.ts";
import { fullImageName } from "./image-name.ts";
import {
  mediaTypes,
  type Descriptor,
  type ImageConfig,
  type ImageStore,
  type Manifest,
  type StoredImage,
} from "./image-store.ts";
import { readTar, type TarWriter } from "./tar.ts";

/** Builds the folder's Dockerfile. All COPY steps make one layer, so an application adds one small layer to its base. */
export async function buildImage(
  store: ImageStore,
  folder: string,
  tag: string,
  options: { readonly now: number },
): Promise<StoredImage> {
  const name = fullImageName(tag);
  const text = await readFile(join(folder, "Dockerfile"), "utf8").catch((cause: unknown) => {
    throw new Fault("NotFound", `there is no Dockerfile in ${folder}`, { cause });
  });
  const { from, steps } = parseDockerfile(text);
  const base = await baseFor(store, from);
  const config = steps.reduce(configAfter, base.config);
  if (!steps.some(({ is }) => is === "copy" || is === "workdir"))
    return store.tag(name, { config, layers: base.layers, now: options.now });
  const ignored = await ignoredPaths(folder);
  const layer = await store.addLayer(null, (tar) =>
    fillLayer(tar, { folder, steps, ignored, workdir: base.config.WorkingDir ?? "/" }),
  );
  return store.tag(name, { config, layers: [...base.layers, layer], now: options.now });
}

/** Loads what `docker save` or an OCI layout in a tar (plain or gzip) holds. Returns the images that had a name. */
export async function loadImage(store: ImageStore, file: string): Promise<readonly StoredImage[]> {
  const documents = new Map<string, Buffer>();
  const blobs = new Map<string, Descriptor>();
  const links = new Map<string, string>();
  let documentBytes = 0;
  for await (const { name, type, size, target, body } of readTar(file)) {
    const path = normalize(name).replace(/^\.\//, "");
    if (type === "symlink" || type === "link")
      links.set(path, type === "link" ? normalize(target ?? "") : posix.join(posix.dirname(path), target ?? ""));
    if (type !== "file") continue;
    if (size <= MAX_DOCUMENT_BYTES && /\.json$|^oci-layout$|^blobs\/|^[0-9a-f]{64}$/.test(path))
      documents.set(path, await collected(body));
    const bytes = documents.get(path);
    documentBytes += bytes?.length ?? 0;
    if (documentBytes > MAX_DOCUMENTS_BYTES)
      throw new Fault("RequestTooLarge", `${file} holds more than ${MAX_DOCUMENTS_BYTES} bytes of small files`);
    blobs.set(
      path,
      bytes === undefined
        ? await store.addStream(mediaTypes.layer, body)
        : await store.addBytes(mediaTypes.layer, bytes),
    );
  }
  const archive = { file, documents, blobs, links };
  const images = documents.has("manifest.json")
    ? await dockerImages(store, archive)
    : await layoutImages(store, archive);
  if (images.length === 0) throw new Fault("Invalid", `${file} holds no image with a name`);
  return images;
}

export async function listImages(store: ImageStore): Promise<readonly StoredImage[]> {
  return store.list();
}

/** The stored image of a name; the base images are made when they are first asked for. */
export async function findImage(store: ImageStore, name: string, now: number): Promise<StoredImage | null> {
  const full = fullImageName(name);
  const stored = await store.find(full);
  const base = stored === null ? baseOf(full) : null;
  return base === null ? stored : store.tag(full, { ...(await baseImage(store, base)), now });
}

// Manifests and configurations; layers are streamed.
const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;
// They are kept in memory until the archive is read: a few for each image, and small layers count as well.
const MAX_DOCUMENTS_BYTES = 256 * 1024 * 1024;

async function baseFor(store: ImageStore, from: string): Promise<BaseImage> {
  const [repository = ""] = from.split(":");
  if (repository === "scratch" || repository === "busybox" || repository === "node")
    return baseImage(store, repository satisfies BaseName);
  const stored = await store.find(from);
  if (stored === null)
    throw unsupported(
      `Dockerfile FROM ${from}`,
      "bases are scratch, busybox, node and images that were built or loaded before",
    );
  const manifest = await store.manifest(stored.digest);
  const document = JSON.parse(await readFile(store.blobPath(manifest.config.digest), "utf8")) as {
    config?: ImageConfig;
  };
  return { config: document.config ?? {}, layers: manifest.layers };
}

function configAfter(config: ImageConfig, step: Step): ImageConfig {
  switch (step.is) {
    case "copy":
      return config;
    case "env": {
      const names = new Set(step.values.map(([name]) => name));
      const kept = (config.Env ?? []).filter((pair) => !names.has(pair.split("=")[0] ?? ""));
      return { ...config, Env: [...kept, ...step.values.map(([name, value]) => `${name}=${value}`)] };
    }
    case "workdir":
      return { ...config, WorkingDir: posix.resolve(config.WorkingDir ?? "/", step.path) };
    case "cmd":
      return { ...config, Cmd: step.command };
    case "entrypoint": {
      const { Cmd: _reset, ...rest } = config; // As Docker does: a new entrypoint forgets the base's command.
      return { ...rest, Entrypoint: step.command };
    }
    case "expose":
      return {
        ...config,
        ExposedPorts: { ...config.ExposedPorts, ...Object.fromEntries(step.ports.map((port) => [port, {}])) },
      };
    case "user":
      return { ...config, User: step.user };
  }
}

interface Filling {
  readonly folder: string;
  readonly steps: readonly Step[];
  readonly ignored: (path: string) => boolean;
  readonly workdir: string;
}

async function fillLayer(tar: TarWriter, { folder, steps, ignored, workdir: start }: Filling): Promise<void> {
  let workdir = start;
  for (const step of steps) {
    if (step.is === "workdir") {
      workdir = posix.resolve(workdir, step.path);
      await tar.addDirectory(workdir.slice(1));
    } else if (step.is === "copy") {
      for (const source of step.sources)
        await copyInto(tar, {
          folder,
          source,
          ignored,
          target: targetOf(step, workdir),
          intoFolder: step.sources.length > 1 || step.target.endsWith("/"),
        });
    }
  }
}

function targetOf(step: Step & { readonly is: "copy" }, workdir: string): string {
  return posix.resolve(workdir, step.target).slice(1);
}

interface Copy {
  readonly folder: string;
  readonly source: string;
  readonly target: string;
  readonly intoFolder: boolean;
  readonly ignored: (path: string) => boolean;
}

/** A folder's content is copied, not the folder itself; a file goes into a folder or becomes the target. */
async function copyInto(tar: TarWriter, { folder, source, target, intoFolder, ignored }: Copy): Promise<void> {
  const relative = normalize(source);
  if (relative.startsWith("..") || /[*?[]/.test(source))
    throw /[*?[]/.test(source)
      ? unsupported(`Dockerfile COPY with the pattern ${source}`)
      : new Fault("Invalid", `COPY ${source} leaves the folder`);
  const path = join(folder, isAbsolute(relative) ? relative.slice(1) : relative);
  const facts = await stat(path).catch((cause: unknown) => {
    throw new Fault("NotFound", `COPY ${source}: there is no such file in ${folder}`, { cause });
  });
  const prefix = relative === "." || relative === "./" ? "" : `${relative.replace(/^\/|\/$/g, "")}/`;
  if (facts.isDirectory())
    return tar.addTree(target === "" ? "." : target, path, (below) => !ignored(`${prefix}${below}`));
  return tar.addFile(intoFolder || target === "" ? posix.join(target, basename(path)) : target, path);
}

async function ignoredPaths(folder: string): Promise<(path: string) => boolean> {
  const text = await readFile(join(folder, ".dockerignore"), "utf8").catch(() => ""); // There is none.
  const rules = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ isKept: line.startsWith("!"), pattern: line.replace(/^!/, "").replace(/^\/|\/$/g, "") }));
  return (path) => {
    let isIgnored = false;
    for (const { isKept, pattern } of rules)
      if (path === pattern || path.startsWith(`${pattern}/`) || matchesGlob(path, pattern)) isIgnored = !isKept;
    return isIgnored;
  };
}

interface Archive {
  readonly file: string;
  readonly documents: ReadonlyMap<string, Buffer>;
  readonly blobs: ReadonlyMap<string, Descriptor>;
  readonly links: ReadonlyMap<string, string>;
}

/** docker save: a list of {Config, RepoTags, Layers}. */
async function dockerImages(store: ImageStore, archive: Archive): Promise<readonly StoredImage[]> {
  interface Entry {
    readonly Config: string;
    readonly RepoTags?: readonly string[] | null;
    readonly Layers: readonly string[];
  }
  const stored: StoredImage[] = [];
  for (const entry of documentOf<readonly Entry[]>(archive, "manifest.json")) {
    const config = { ...blobOf(archive, entry.Config), mediaType: mediaTypes.config };
    const layers = await Promise.all(entry.Layers.map((path) => layerOf(store, blobOf(archive, path))));
    const manifest: Manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers };
    for (const name of entry.RepoTags ?? []) stored.push(await store.tagManifest(name, manifest));
  }
  return stored;
}

/** An OCI layout: index.json names manifests, perhaps through a further index per platform. */
async function layoutImages(store: ImageStore, archive: Archive): Promise<readonly StoredImage[]> {
  interface Entry extends Descriptor {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly platform?: { readonly architecture: string; readonly os: string };
  }
  if (!archive.documents.has("index.json"))
    throw new Fault("Invalid", `${archive.file} holds neither manifest.json (docker save) nor index.json (OCI layout)`);
  const stored: StoredImage[] = [];
  for (const entry of documentOf<{ manifests: readonly Entry[] }>(archive, "index.json").manifests) {
    const name =
      entry.annotations?.["io.containerd.image.name"] ?? entry.annotations?.["org.opencontainers.image.ref.name"];
    if (name === undefined) continue;
    const document = documentOf<Partial<Manifest> & { manifests?: readonly Entry[] }>(archive, pathOf(entry.digest));
    const mine = document.manifests?.find(
      ({ platform }) =>
        platform?.os === "linux" && platform.architecture === (process.arch === "x64" ? "amd64" : process.arch),
    );
    const manifest =
      document.manifests === undefined
        ? document
        : mine === undefined
          ? {}
          : documentOf<Partial<Manifest>>(archive, pathOf(mine.digest));
    if (manifest.config === undefined || manifest.layers === undefined)
      throw new Fault("Invalid", `${name} has no image for linux on ${process.arch}`);
    for (const { digest } of [manifest.config, ...manifest.layers])
      if (blobOf(archive, pathOf(digest)).digest !== digest)
        throw new Fault("Invalid", `${archive.file} is damaged: ${digest} holds something else`);
    stored.push(
      await store.tagManifest(name, {
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        config: manifest.config,
        layers: manifest.layers,
      }),
    );
  }
  return stored;
}

function pathOf(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function documentOf<T>(archive: Archive, path: string): T {
  const bytes = archive.documents.get(path);
  if (bytes === undefined) throw new Fault("Invalid", `${archive.file} lacks ${path}`);
  return JSON.parse(bytes.toString("utf8")) as T;
}

function blobOf({ file, blobs, links }: Archive, path: string): Descriptor {
  const blob = blobs.get(path) ?? blobs.get(links.get(path) ?? "");
  if (blob === undefined) throw new Fault("Invalid", `${file} lacks ${path}`);
  return blob;
}

async function layerOf(store: ImageStore, layer: Descriptor): Promise<Descriptor> {
  await using file = await open(store.blobPath(layer.digest));
  const { buffer: start } = await file.read(Buffer.alloc(2), 0, 2, 0);
  return { ...layer, mediaType: start[0] === 0x1f && start[1] === 0x8b ? mediaTypes.layerGzip : mediaTypes.layer };
}

async function collected(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}
