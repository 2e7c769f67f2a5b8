/** The images that this node can start containers from: what its containerd has, and what the instance's store can give it. */
import { Fault } from "#base/fault.ts";
import type { Clock } from "#base/clock.ts";
import type { Cri } from "./cri.ts";
import type { CriImage } from "./cri-messages.ts";
import type { GrpcClient } from "./grpc.ts";
import { bringImage } from "./image-import.ts";
import { fullImageName } from "./image-name.ts";
import { findImage } from "./images.ts";
import type { ImageStore } from "./image-store.ts";
import { Turns } from "./turns.ts";

// CRI learns of an imported image through an event; it takes a few milliseconds.
const NOTICE_POLL_MS = 5;
const NOTICE_MS = 10_000;

export class NodeImages {
  readonly #cri: Cri;
  readonly #grpc: GrpcClient;
  readonly #store: ImageStore;
  readonly #clock: Clock;
  readonly #known = new Map<string, CriImage>();
  #stamp = "";
  /** One import at a time: images share layers, and a second import finds what the first has brought. */
  readonly #imports = new Turns(1);
  readonly #underWay = new Map<string, Promise<CriImage | null>>();

  constructor(parts: {
    readonly cri: Cri;
    readonly grpc: GrpcClient;
    readonly store: ImageStore;
    readonly clock: Clock;
  }) {
    this.#cri = parts.cri;
    this.#grpc = parts.grpc;
    this.#store = parts.store;
    this.#clock = parts.clock;
  }

  /** The image of a name as a pod's author wrote it; brought over from the store when only that has it. Null when neither has. */
  async find(name: string): Promise<CriImage | null> {
    await this.#noticeStore();
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const running = this.#underWay.get(name);
    if (running !== undefined) return running;
    const finding = this.#look(name).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, finding);
    const found = await finding;
    if (found !== null) this.#known.set(name, found);
    return found;
  }

  /** A name that was loaded or built again means another image from then on. */
  async #noticeStore(): Promise<void> {
    const stamp = await this.#store.stamp();
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    this.#known.clear();
  }

  /** Takes the store's newest image of that name. There is no registry: what the store lacks cannot be had. */
  async pull(name: string): Promise<void> {
    this.#known.delete(name);
    if ((await this.find(name)) !== null) return;
    throw new Fault(
      "NotFound",
      `failed to pull image "${name}": pulling from registries is not supported; load it with "catamaran image load" or build it with "catamaran image build"`,
    );
  }

  /** Forgets what was known of images: what is asked for next is looked at again, and what the runtime has lost of it is brought anew. */
  refresh(): void {
    this.#known.clear();
  }

  async list(): Promise<readonly CriImage[]> {
    return this.#cri.images();
  }

  async #look(name: string): Promise<CriImage | null> {
    const full = isId(name) ? name : fullImageName(name);
    const stored = isId(name) ? null : await findImage(this.#store, full, this.#clock.now());
    if (stored === null) return this.#cri.image(full);
    await this.#imports.take(() => bringImage(this.#grpc, this.#store, stored, this.#clock.now()));
    const { config } = await this.#store.manifest(stored.digest);
    return this.#noticed(full, config.digest);
  }

  /** CRI calls an image by the digest of its configuration. */
  async #noticed(full: string, id: string): Promise<CriImage> {
    const until = this.#clock.monotonicMs() + NOTICE_MS;
    for (;;) {
      const image = await this.#cri.image(full);
      if (image?.id === id) return image;
      if (this.#clock.monotonicMs() > until)
        throw new Fault("Timeout", `containerd did not notice the imported image ${full}`);
      await this.#clock.sleep(NOTICE_POLL_MS);
    }
  }
}

function isId(name: string): boolean {
  return /^(sha256:)?[0-9a-f]{64}$/.test(name);
}
