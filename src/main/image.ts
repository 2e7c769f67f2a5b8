/** `catamaran image`: builds, loads and lists images without Docker and without a registry. */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { Fault } from "#base/fault.ts";
import { formatOf, renderRows, type Sheet } from "#cli/rows.ts";
import { ImageStore, type StoredImage } from "#node/image-store.ts";
import { buildImage, findImage, listImages, loadImage } from "#node/images.ts";
import { imageOptionTable, placeOptions } from "./command-options.ts";
import { instanceOf, placeOf } from "#instance/place.ts";
import { files } from "#instance/files.ts";
import { realClock } from "#machine/real-clock.ts";

const USAGE = "catamaran image build DIR -t NAME | image load FILE|NAME | image ls [-o json]";
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

export async function image(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { ...placeOptions, ...imageOptionTable },
  });
  const [verb, what] = positionals;
  const store = new ImageStore(files.images(await instanceOf(placeOf(values))));
  const format = formatOf(values.output);
  if (verb === "ls") return print(await listImages(store), format);
  if (verb === "build" && what !== undefined) {
    if (values.tag === undefined) throw new Fault("BadRequest", `image build needs a name: ${USAGE}`);
    return print([await buildImage(store, what, values.tag, { now: realClock.now() })], format);
  }
  if (verb === "load" && what !== undefined) return print(await load(store, what), format);
  throw new Fault("BadRequest", USAGE);
}

/** A file of `docker save` or an OCI layout, or the name of a base image that is made here. */
async function load(store: ImageStore, what: string): Promise<readonly StoredImage[]> {
  if (existsSync(what)) return loadImage(store, what);
  const found = await findImage(store, what, realClock.now());
  if (found === null)
    throw new Fault(
      "NotFound",
      `there is neither a file nor an image "${what}"; images come from: docker save NAME -o FILE, or catamaran image build`,
    );
  return [found];
}

function print(images: readonly StoredImage[], format: ReturnType<typeof formatOf>): number {
  process.stdout.write(renderRows(images, sheet, format));
  return 0;
}
