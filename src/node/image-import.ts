/** Brings images of the instance's store into a node's containerd: only blobs that it lacks, through its content API. */
import { randomUUID } from "node:crypto";
import { open } from "node:fs/promises";
import { answersOf, framed, type GrpcClient, grpcCode, isGrpc } from "./grpc.ts";
import { decode, encode, type Message } from "./messages.ts";
import { mediaTypes, type Descriptor, type ImageStore, type Manifest, type StoredImage } from "./image-store.ts";

// The namespace in which CRI looks.
const HEADERS = { "containerd-namespace": "k8s.io" } as const;
const CHUNK_BYTES = 1024 * 1024;
const LEASE_HOURS = 1;

const labels = { type: "string", is: "map" } as const;
const descriptor: Message = {
  media_type: { number: 1, type: "string" },
  digest: { number: 2, type: "string" },
  size: { number: 3, type: "int" },
};
const imageRecord: Message = {
  name: { number: 1, type: "string" },
  labels: { number: 2, ...labels },
  target: { number: 3, type: descriptor },
};
const writeRequest: Message = {
  action: { number: 1, type: "int" },
  ref: { number: 2, type: "string" },
  total: { number: 3, type: "int" },
  expected: { number: 4, type: "string" },
  offset: { number: 5, type: "int" },
  data: { number: 6, type: "bytes" },
  labels: { number: 7, ...labels },
};
const WRITE = 1;
const COMMIT = 2;

/** The image is whole in the node's containerd afterwards: what is not there, or was lost since, is brought. */
export async function bringImage(grpc: GrpcClient, store: ImageStore, image: StoredImage, now: number): Promise<void> {
  if ((await importedDigest(grpc, image.name)) === image.digest && (await isWhole(grpc, store, image))) return;
  await importImage(grpc, store, image, now);
}

async function isWhole(grpc: GrpcClient, store: ImageStore, { digest }: StoredImage): Promise<boolean> {
  const { config, layers } = await store.manifest(digest);
  for (const blob of [digest, config.digest, ...layers.map((layer) => layer.digest)])
    if (!(await isReadable(grpc, blob))) return false;
  return true;
}

async function importImage(grpc: GrpcClient, store: ImageStore, image: StoredImage, now: number): Promise<void> {
  const lease = await createLease(grpc, now);
  const headers = { ...HEADERS, "containerd-lease": lease };
  try {
    const manifest = await store.manifest(image.digest);
    for (const layer of manifest.layers) await upload(grpc, store, layer, { headers });
    await upload(grpc, store, manifest.config, { headers });
    const size = Buffer.byteLength(JSON.stringify(manifest));
    const target = { mediaType: mediaTypes.manifest, digest: image.digest, size };
    await upload(grpc, store, target, { headers, labels: collectionLabels(manifest) });
    await record(grpc, image.name, target);
  } finally {
    await grpc.unary(
      "/containerd.services.leases.v1.Leases/Delete",
      encode({ id: { number: 1, type: "string" } }, { id: lease }),
      { headers: HEADERS },
    );
  }
}

/** What the collector must keep while the manifest is kept. */
function collectionLabels(manifest: Manifest): Readonly<Record<string, string>> {
  const layers = manifest.layers.map(({ digest }, index) => [`containerd.io/gc.ref.content.l.${index}`, digest]);
  return Object.fromEntries([["containerd.io/gc.ref.content.config", manifest.config.digest], ...layers]) as Readonly<
    Record<string, string>
  >;
}

/** Keeps blobs from being collected before the image that refers to them exists. */
async function createLease(grpc: GrpcClient, now: number): Promise<string> {
  const id = `catamaran-${randomUUID()}`;
  const request: Message = { id: { number: 1, type: "string" }, labels: { number: 3, ...labels } };
  const expires = new Date(now + LEASE_HOURS * 3_600_000).toISOString();
  await grpc.unary(
    "/containerd.services.leases.v1.Leases/Create",
    encode(request, { id, labels: { "containerd.io/gc.expire": expires } }),
    { headers: HEADERS },
  );
  return id;
}

interface Upload {
  readonly headers: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

async function upload(
  grpc: GrpcClient,
  store: ImageStore,
  blob: Descriptor,
  { headers, labels: blobLabels = {} }: Upload,
): Promise<void> {
  if (await isThere(grpc, blob.digest)) {
    if (await isReadable(grpc, blob.digest)) return;
    await forget(grpc, blob.digest);
  }
  const path = "/containerd.services.content.v1.Content/Write";
  const call = grpc.open(path, { headers });
  const answers = answersOf(call, path);
  const send = (fields: object): void => void call.write(framed(encode(writeRequest, fields)));
  try {
    await using file = await open(store.blobPath(blob.digest));
    const { size } = await file.stat();
    // Of this upload alone: containerd locks a ref, and a dead agent's may be half written.
    const ref = `catamaran-${blob.digest}-${randomUUID()}`;
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(size, 1)));
    for (let offset = 0; offset < size;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
      send({ action: WRITE, ref, total: size, expected: blob.digest, offset, data: buffer.subarray(0, bytesRead) });
      await answers.next();
      offset += bytesRead;
    }
    send({ action: COMMIT, ref, total: size, expected: blob.digest, offset: size, labels: blobLabels });
    call.end();
    for await (const _answer of answers) continue;
  } catch (thrown) {
    if (!isGrpc(thrown, grpcCode.alreadyExists)) throw thrown;
  }
}

const digestRequest: Message = { digest: { number: 1, type: "string" } };
const readRequest: Message = {
  ...digestRequest,
  offset: { number: 2, type: "int" },
  size: { number: 3, type: "int" },
};

/** Whether containerd believes that it has the blob. */
function isThere(grpc: GrpcClient, digest: string): Promise<boolean> {
  return isFound(() =>
    grpc.unary("/containerd.services.content.v1.Content/Info", encode(digestRequest, { digest }), { headers: HEADERS }),
  );
}

/** Whether it really has: its records and its files are two things. */
function isReadable(grpc: GrpcClient, digest: string): Promise<boolean> {
  const request = encode(readRequest, { digest, offset: 0, size: 1 });
  return isFound(() => grpc.unary("/containerd.services.content.v1.Content/Read", request, { headers: HEADERS }));
}

/** Drops the record of a blob whose file is lost, so that it can be written again. */
async function forget(grpc: GrpcClient, digest: string): Promise<void> {
  const request = encode(digestRequest, { digest });
  await isFound(() => grpc.unary("/containerd.services.content.v1.Content/Delete", request, { headers: HEADERS }));
}

async function isFound(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (thrown) {
    if (isGrpc(thrown, grpcCode.notFound)) return false;
    throw thrown;
  }
}

async function record(grpc: GrpcClient, name: string, target: Descriptor): Promise<void> {
  const fields = {
    image: { name, target: { media_type: target.mediaType, digest: target.digest, size: target.size } },
  };
  const request = encode({ image: { number: 1, type: imageRecord } }, fields);
  try {
    await grpc.unary("/containerd.services.images.v1.Images/Create", request, { headers: HEADERS });
  } catch (thrown) {
    if (!isGrpc(thrown, grpcCode.alreadyExists)) throw thrown;
    await grpc.unary("/containerd.services.images.v1.Images/Update", request, { headers: HEADERS });
  }
}

/** The digest that the node's containerd has under a full name; null when it has none. */
async function importedDigest(grpc: GrpcClient, name: string): Promise<string | null> {
  try {
    const answer = await grpc.unary(
      "/containerd.services.images.v1.Images/Get",
      encode({ name: { number: 1, type: "string" } }, { name }),
      { headers: HEADERS },
    );
    return (
      decode<{ image?: { target?: { digest?: string } } }>({ image: { number: 1, type: imageRecord } }, answer).image
        ?.target?.digest ?? null
    );
  } catch (thrown) {
    if (isGrpc(thrown, grpcCode.notFound)) return null;
    throw thrown;
  }
}
