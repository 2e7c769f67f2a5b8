/** `catamaran image`: builds, loads and lists images without Docker and without a registry. */
import { existsSync } from "node:fs";
import { Fault } from "#base/fault.ts";
import { files } from "#instance/files.ts";
import { instanceOf } from "#instance/place.ts";
import { realClock } from "#machine/real-clock.ts";
import type { ImageStore, StoredImage } from "#node/image-store.ts";
import { type Command, command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { formatOf, outputOption } from "../options.ts";
import { renderRows, type Sheet } from "../rows.ts";

const USAGE = "build DIR | load FILE|NAME | ls";
const MIB = 1024 * 1024;

const sheet: Sheet<StoredImage> = {
  headings: [
    { title: "IMAGE", cell: ({ name }) => name },
    { title: "DIGEST", cell: ({ digest }) => digest.slice("sha256:".length, "sha256:".length + 12) },
    { title: "SIZE", cell: ({ sizeBytes }) => `${(sizeBytes / MIB).toFixed(1)} MiB` },
    { title: "CREATED", cell: ({ createdAt }) => createdAt, isWide: true },
  ],
  nameOf: ({ name }) => name,
};

export const image: Command = command({
  name: "image",
  about: "build, load and list images",
  operands: { usage: USAGE, most: 2, complete: ["build", "load", "ls"] },
  options: {
    tag: { type: "string", short: "t", value: "NAME", about: "the name of the image that is built" },
    ...outputOption,
  },
  examples: ["catamaran image build ./app -t app:1", "catamaran image load app.tar", "catamaran image ls"],
  run: async ({ values, operands, place, print }) => {
    const format = formatOf(values.output);
    const { ImageStore: Store } = await import("#node/image-store.ts");
    const images = await imagesOf(new Store(files.images(await instanceOf(place))), operands, values.tag);
    print(await renderRows(images, sheet, format));
    return EXIT.ok;
  },
});

async function imagesOf(
  images: ImageStore,
  [verb, what]: readonly string[],
  tag: string | undefined,
): Promise<readonly StoredImage[]> {
  const { buildImage, listImages } = await import("#node/images.ts");
  if (verb === "ls" && what === undefined) return listImages(images);
  if (verb === "build" && what !== undefined) {
    if (tag === undefined) throw new Fault("BadRequest", `image build needs a name: catamaran image build DIR -t NAME`);
    return [await buildImage(images, what, tag, { now: realClock.now() })];
  }
  if (verb === "load" && what !== undefined) return load(images, what);
  throw new Fault("BadRequest", `catamaran image ${USAGE}`);
}

/** A file of `docker save` or an OCI layout, or the name of a base image that is made here. */
async function load(store: ImageStore, what: string): Promise<readonly StoredImage[]> {
  const { findImage, loadImage } = await import("#node/images.ts");
  if (existsSync(what)) return loadImage(store, what);
  const found = await findImage(store, what, realClock.now());
  if (found === null)
    throw new Fault(
      "NotFound",
      `there is neither a file nor an image "${what}"; images come from: docker save NAME -o FILE, or catamaran image build`,
    );
  return [found];
}
