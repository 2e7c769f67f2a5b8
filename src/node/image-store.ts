/** The instance's images on disk, as an OCI layout: blobs by digest, an index of names. Nodes import from here. */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#base/fault.ts";
import { replaceFile } from "#machine/whole-file.ts";
import { withLock } from "./file-lock.ts";
import { fullImageName } from "./image-name.ts";
import { TarWriter } from "./tar.ts";

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** What a process in a container of the image gets unless the pod says otherwise. */
export interface ImageConfig {
  readonly Env?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
}

export interface StoredImage {
  /** Full: "docker.io/library/busybox:latest". */
  readonly name: string;
  /** Of the manifest. */
  readonly digest: string;
  /** Of all its layers. */
  readonly sizeBytes: number;
  readonly createdAt: string;
}

export const mediaTypes = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
  layerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
} as const;

const NAME = "io.containerd.image.name";

interface IndexEntry extends Descriptor {
  readonly annotations?: Readonly<Record<string, string>>;
}

export class ImageStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async list(): Promise<readonly StoredImage[]> {
    const entries = await this.#index();
    const images = await Promise.all(entries.map((entry) => this.#described(entry)));
    return images.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Changes whenever a name does: what was known of names before holds no longer. */
  async stamp(): Promise<string> {
    const facts = await stat(join(this.#directory, "index.json"), { bigint: true }).catch(() => null); // Nothing was ever stored.
    return facts === null ? "" : `${facts.ino} ${facts.mtimeNs}`;
  }

  async find(name: string): Promise<StoredImage | null> {
    const full = fullImageName(name);
    const entry = (await this.#index()).find(({ annotations }) => annotations?.[NAME] === full);
    return entry === undefined ? null : this.#described(entry);
  }

  async manifest(digest: string): Promise<Manifest> {
    return JSON.parse(await readFile(this.blobPath(digest), "utf8")) as Manifest;
  }

  blobPath(digest: string): string {
    return join(this.#directory, "blobs", "sha256", digest.slice("sha256:".length));
  }

  /** Stores config and manifest over layers that are already blobs, under a name. */
  async tag(
    name: string,
    image: {
      readonly config: ImageConfig;
      readonly layers: readonly Descriptor[];
      readonly diffIds?: readonly string[];
      readonly now: number;
    },
  ): Promise<StoredImage> {
    const document = {
      created: new Date(image.now).toISOString(),
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: image.config,
      rootfs: { type: "layers", diff_ids: image.diffIds ?? image.layers.map(({ digest }) => digest) },
    };
    const config = await this.addBytes(mediaTypes.config, Buffer.from(JSON.stringify(document)));
    return this.tagManifest(name, { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: image.layers });
  }

  async tagManifest(name: string, manifest: Manifest): Promise<StoredImage> {
    const descriptor = await this.addBytes(mediaTypes.manifest, Buffer.from(JSON.stringify(manifest)));
    const full = fullImageName(name);
    const entry: IndexEntry = { ...descriptor, annotations: { [NAME]: full } };
    await this.#locked(async () => {
      const others = (await this.#index()).filter(({ annotations }) => annotations?.[NAME] !== full);
      await this.#replace(
        "index.json",
        JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [...others, entry] }),
      );
      await this.#replace("oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    });
    return this.#described(entry);
  }

  async addBytes(mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    await this.#prepare();
    // One that is damaged is written anew: to load an image again mends it.
    await replaceFile(this.blobPath(digest), bytes, { mode: 0o644, temporary: this.#temporary("bytes") });
    return { mediaType, digest, size: bytes.length };
  }

  /** Adds bytes of unknown digest, as they stream by. */
  async addStream(mediaType: string, chunks: AsyncIterable<Uint8Array>): Promise<Descriptor> {
    await this.#prepare();
    const temporary = this.#temporary("stream");
    const hash = createHash("sha256");
    let size = 0;
    try {
      await using file = await open(temporary, "w");
      for await (const chunk of chunks) {
        hash.update(chunk);
        size += chunk.length;
        await file.writeFile(chunk);
      }
      await file.sync(); // Its name says what it holds, also after a power cut.
    } catch (thrown) {
      await rm(temporary, { force: true });
      throw thrown;
    }
    const digest = `sha256:${hash.digest("hex")}`;
    await rename(temporary, this.blobPath(digest));
    return { mediaType, digest, size };
  }

  /** A layer that `fill` writes; with a cache key, an equal layer made before is taken instead. */
  async addLayer(cacheKey: string | null, fill: (tar: TarWriter) => Promise<void>): Promise<Descriptor> {
    const cached = cacheKey === null ? undefined : (await this.#layerCache())[cacheKey];
    if (cached !== undefined && (await this.#isWhole(cached))) return cached;
    await this.#prepare();
    const temporary = this.#temporary("layer");
    const { digest, size } = await this.#writeTar(temporary, fill);
    await rename(temporary, this.blobPath(digest));
    const layer = { mediaType: mediaTypes.layer, digest, size };
    if (cacheKey !== null)
      await this.#locked(async () =>
        this.#replace("layers.json", JSON.stringify({ ...(await this.#layerCache()), [cacheKey]: layer }, null, 2)),
      );
    return layer;
  }

  async #writeTar(
    path: string,
    fill: (tar: TarWriter) => Promise<void>,
  ): Promise<{ readonly digest: string; readonly size: number }> {
    try {
      await using file = await open(path, "w");
      const tar = new TarWriter(file);
      await fill(tar);
      const written = await tar.end();
      await file.sync();
      return written;
    } catch (thrown) {
      await rm(path, { force: true });
      throw thrown;
    }
  }

  /** As long as it was: what a power cut or a full disk does to a file shows in its length. */
  #isWhole({ digest, size }: Descriptor): Promise<boolean> {
    return stat(this.blobPath(digest)).then(
      (found) => found.size === size,
      () => false,
    );
  }

  async #described(entry: IndexEntry): Promise<StoredImage> {
    const manifest = await this.manifest(entry.digest);
    const { created } = JSON.parse(await readFile(this.blobPath(manifest.config.digest), "utf8")) as {
      created?: string;
    };
    const sizeBytes = manifest.layers.reduce((sum, { size }) => sum + size, 0);
    return { name: entry.annotations?.[NAME] ?? "", digest: entry.digest, sizeBytes, createdAt: created ?? "" };
  }

  async #index(): Promise<readonly IndexEntry[]> {
    const file = join(this.#directory, "index.json");
    const text = await readFile(file, "utf8").catch(() => null); // Nothing was ever stored.
    if (text === null) return [];
    const manifests = parsedMember(text, "manifests");
    if (!Array.isArray(manifests))
      throw new Fault(
        "InternalError",
        `${file} is damaged: it lists no images. Remove ${this.#directory} and load or build the images again`,
      );
    return manifests as readonly IndexEntry[];
  }

  async #layerCache(): Promise<Readonly<Record<string, Descriptor>>> {
    const text = await readFile(join(this.#directory, "layers.json"), "utf8").catch(() => "{}"); // Nothing cached yet.
    try {
      return JSON.parse(text) as Readonly<Record<string, Descriptor>>;
    } catch {
      return {}; // Damaged: it only saves work.
    }
  }

  async #prepare(): Promise<void> {
    await mkdir(join(this.#directory, "blobs", "sha256"), { recursive: true });
    await mkdir(join(this.#directory, "tmp"), { recursive: true });
  }

  /** Nobody else's: the command line and every node's agent write here. */
  #temporary(name: string): string {
    return join(this.#directory, "tmp", `${name}-${randomUUID()}`);
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    await this.#prepare();
    return withLock(join(this.#directory, "lock"), work);
  }

  /** Readers see the old file or the new one. */
  async #replace(name: string, text: string): Promise<void> {
    await this.#prepare();
    await replaceFile(join(this.#directory, name), text, { mode: 0o644, temporary: this.#temporary(name) });
  }
}

function parsedMember(text: string, member: string): unknown {
  try {
    return (JSON.parse(text) as Readonly<Record<string, unknown>>)[member];
  } catch {
    return undefined;
  }
}
