/** Images without Docker: names, Dockerfiles, archives, and the store they end in. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, open, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { parseDockerfile, type Step } from "./dockerfile.ts";
import { fullImageName } from "./image-name.ts";
import { ImageStore, type ImageConfig, type StoredImage } from "./image-store.ts";
import { buildImage, listImages, loadImage } from "./images.ts";
import { readTar, TarWriter } from "./tar.ts";

const root = await mkdtemp(join(tmpdir(), "ctm-images-"));
after(() => rm(root, { recursive: true }));
const NOW = Date.parse("2026-01-02T03:04:05Z");

const names: readonly (readonly [string, string])[] = [
  ["busybox", "docker.io/library/busybox:latest"],
  ["busybox:1.36", "docker.io/library/busybox:1.36"],
  ["me/app", "docker.io/me/app:latest"],
  ["ghcr.io/me/app:v1", "ghcr.io/me/app:v1"],
  ["localhost:5000/app", "localhost:5000/app:latest"],
  ["localhost/app", "localhost/app:latest"],
  ["docker.io/library/busybox:latest", "docker.io/library/busybox:latest"],
  [`app@sha256:${"a".repeat(64)}`, `docker.io/library/app@sha256:${"a".repeat(64)}`],
];
for (const [short, full] of names) test(`${short} is ${full}`, () => assert.equal(fullImageName(short), full));
for (const bad of ["", "UPPER", "a b", "app:", "/app", "app//x", "app:tag:tag"])
  test(`"${bad}" is no image name`, () => assert.throws(() => fullImageName(bad), { code: "Invalid" }));

const steps: readonly (readonly [string, Step])[] = [
  ["COPY a b /app/", { is: "copy", sources: ["a", "b"], target: "/app/" }],
  ['COPY ["a b", "/app"]', { is: "copy", sources: ["a b"], target: "/app" }],
  [
    'ENV A=1 B=\'two words\' C="x\\"y"',
    {
      is: "env",
      values: [
        ["A", "1"],
        ["B", "two words"],
        ["C", 'x"y'],
      ],
    },
  ],
  ["ENV OLD some value", { is: "env", values: [["OLD", "some value"]] }],
  ["WORKDIR /app", { is: "workdir", path: "/app" }],
  ['CMD ["node", "server.js"]', { is: "cmd", command: ["node", "server.js"] }],
  ["CMD node server.js", { is: "cmd", command: ["/bin/sh", "-c", "node server.js"] }],
  ["EXPOSE 80 53/udp", { is: "expose", ports: ["80/tcp", "53/udp"] }],
  ["user 1000", { is: "user", user: "1000" }],
  [
    "ENV A=1 \\\n  B=2",
    {
      is: "env",
      values: [
        ["A", "1"],
        ["B", "2"],
      ],
    },
  ],
];
for (const [line, step] of steps)
  test(`${line} is understood`, () =>
    assert.deepEqual(parseDockerfile(`# comment\nFROM scratch\n\n${line}\n`).steps, [step]));

const refused: readonly (readonly [string, RegExp])[] = [
  ["FROM scratch\nRUN make", /Dockerfile RUN is not supported/],
  ["FROM scratch\nADD x /", /Dockerfile ADD/],
  ["FROM a AS b", /several stages/],
  ["FROM scratch\nFROM scratch", /several stages/],
  ["FROM scratch\nCOPY --from=x a b", /COPY --from/],
  ["CMD x", /must begin with FROM/],
  ["FROM scratch\nCOPY a", /line 2: COPY needs/],
  ['FROM scratch\nCMD ["a", 1]', /line 2: not a JSON list/],
];
for (const [text, message] of refused)
  test(`refused: ${text.replaceAll("\n", " | ")}`, () => assert.throws(() => parseDockerfile(text), message));

async function archive(name: string, fill: (tar: TarWriter) => Promise<void>): Promise<string> {
  const path = join(root, name);
  await using file = await open(path, "w");
  const tar = new TarWriter(file);
  await fill(tar);
  await tar.end();
  return path;
}

async function entries(path: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { name, type, mode, size, target } of readTar(path))
    found.push(`${type} ${name} ${mode.toString(8)} ${size}${target === "" ? "" : ` -> ${target}`}`);
  return found;
}

test("an archive holds what was added, parents first, long names too", async () => {
  const long = `${"very-long-folder-name/".repeat(8)}file`;
  const path = await archive("a.tar", async (tar) => {
    await tar.addBytes("bin/tool", Buffer.from("x".repeat(1_000)), 0o755);
    await tar.addSymlink("bin/link", "tool");
    await tar.addSymlink("far", `${"d/".repeat(80)}end`);
    await tar.addBytes(long, Buffer.from("deep"));
  });
  const found = await entries(path);
  assert.deepEqual(found.slice(0, 3), [
    "directory bin/ 755 0",
    "file bin/tool 755 1000",
    "symlink bin/link 777 0 -> tool",
  ]);
  assert.ok(found.includes(`symlink far 777 0 -> ${"d/".repeat(80)}end`));
  assert.ok(found.includes(`file ${long} 644 4`));
});

test("unread bodies are passed over, gzip is seen through", async () => {
  const path = await archive("b.tar", async (tar) => {
    for (const name of ["one", "two"]) await tar.addBytes(name, Buffer.alloc(700, name));
  });
  await writeFile(`${path}.gz`, gzipSync(await readFile(path)));
  for await (const { name, body } of readTar(`${path}.gz`)) {
    if (name !== "two") continue;
    const parts: Buffer[] = [];
    for await (const part of body) parts.push(part);
    assert.deepEqual(Buffer.concat(parts), Buffer.alloc(700, "two"));
  }
});

test("a size is read as octal text and as GNU tar's binary number", async () => {
  const path = await archive("d.tar", (tar) => tar.addBytes("file", Buffer.from("hello")));
  const bytes = await readFile(path);
  bytes.fill(0, 124, 136);
  bytes.writeUInt8(0x80, 124);
  bytes.writeUInt8(5, 135);
  bytes.write("        ", 148);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  await writeFile(path, bytes);
  assert.deepEqual(await entries(path), ["file file 644 5"]);
});

test("what is bigger than what is written at once arrives whole, with its digest", async () => {
  const path = join(root, "e.tar");
  const body = Buffer.alloc(2_500_000, "abc");
  await using file = await open(path, "w");
  const tar = new TarWriter(file);
  await tar.addBytes("small", Buffer.from("x"));
  await tar.addBytes("big", body);
  const { digest, size } = await tar.end();
  const written = await readFile(path);
  assert.deepEqual([digest, size], [`sha256:${createHash("sha256").update(written).digest("hex")}`, written.length]);
  for await (const entry of readTar(path)) {
    const parts: Buffer[] = [];
    for await (const part of entry.body) parts.push(part);
    assert.ok(Buffer.concat(parts).equals(entry.name === "big" ? body : Buffer.from("x")));
  }
});

test("what is no archive is refused", async () => {
  await writeFile(join(root, "c.tar"), "x".repeat(2_000));
  await assert.rejects(entries(join(root, "c.tar")), /not a tar archive/);
});

async function folder(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, name, path, ".."), { recursive: true });
    await writeFile(join(root, name, path), text);
  }
  return join(root, name);
}

const DOCKERFILE =
  'FROM scratch\nENV MODE=prod\nWORKDIR /app\nCOPY . .\nCOPY extra.txt /data/\nUSER 1000\nEXPOSE 8080\nENTRYPOINT ["/app/run"]\n';

test("a folder becomes an image, twice the same; .dockerignore is kept", async () => {
  const store = new ImageStore(join(root, "store"));
  const source = await folder("app", {
    Dockerfile: DOCKERFILE,
    run: "#!/bin/x",
    "extra.txt": "extra",
    "lib/a.js": "1",
    "node_modules/x/y": "no",
    ".dockerignore": "node_modules\n.dockerignore\n",
  });
  await symlink("run", join(source, "start"));
  const image = await buildImage(store, source, "my-app", { now: NOW });
  assert.equal(image.name, "docker.io/library/my-app:latest");
  const { layers } = await store.manifest(image.digest);
  const found = await entries(store.blobPath(layers[0]?.digest ?? ""));
  assert.deepEqual(
    found.map((line) => line.split(" ")[1]),
    [
      "app/",
      "app/Dockerfile",
      "app/extra.txt",
      "app/lib/",
      "app/lib/a.js",
      "app/run",
      "app/start",
      "data/",
      "data/extra.txt",
    ],
  );
  assert.deepEqual(await configOf(store, image), {
    Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "MODE=prod"],
    WorkingDir: "/app",
    User: "1000",
    ExposedPorts: { "8080/tcp": {} },
    Entrypoint: ["/app/run"],
  });
  const again = await buildImage(store, source, "my-app:v2", { now: NOW });
  assert.equal(again.digest, image.digest);
  assert.deepEqual(
    (await listImages(store)).map(({ name }) => name),
    ["docker.io/library/my-app:latest", "docker.io/library/my-app:v2"],
  );
});

async function configOf(store: ImageStore, image: StoredImage): Promise<ImageConfig> {
  const { config } = await store.manifest(image.digest);
  return (JSON.parse(await readFile(store.blobPath(config.digest), "utf8")) as { config: ImageConfig }).config;
}

const unbuildable: readonly (readonly [string, string, RegExp])[] = [
  ["a source outside the folder", "FROM scratch\nCOPY ../secret /\n", /leaves the folder/],
  ["a missing source", "FROM scratch\nCOPY none /\n", /COPY none: there is no such file/],
  ["a pattern", "FROM scratch\nCOPY *.js /\n", /pattern \*\.js is not supported/],
  ["a base from a registry", "FROM ubuntu:24.04\n", /FROM ubuntu:24.04 is not supported/],
];
for (const [title, text, message] of unbuildable) {
  test(`not built: ${title}`, async () => {
    const source = await folder(`bad-${title.length}`, { Dockerfile: text });
    await assert.rejects(buildImage(new ImageStore(join(root, "bad-store")), source, "x", { now: NOW }), message);
  });
}

test("what docker save writes is loaded under its names", async () => {
  const layer = await readFile(await archive("layer.tar", (tar) => tar.addBytes("hello", Buffer.from("hi"))));
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: { Cmd: ["/hello"] },
      rootfs: { type: "layers", diff_ids: [] },
    }),
  );
  const path = await archive("saved.tar", async (tar) => {
    await tar.addBytes("abc.json", config);
    await tar.addBytes("l1/layer.tar", layer);
    await tar.addBytes(
      "manifest.json",
      Buffer.from(JSON.stringify([{ Config: "abc.json", RepoTags: ["demo:1"], Layers: ["l1/layer.tar"] }])),
    );
  });
  const store = new ImageStore(join(root, "loaded"));
  const [image] = await loadImage(store, path);
  assert.equal(image?.name, "docker.io/library/demo:1");
  assert.equal(image.sizeBytes, layer.length);
});

test("an OCI layout is loaded; an archive without either is refused", async () => {
  const store = new ImageStore(join(root, "from"));
  const image = await buildImage(
    store,
    await folder("tiny", { Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" }),
    "tiny",
    { now: NOW },
  );
  const { config, layers } = await store.manifest(image.digest);
  const path = await archive("layout.tar", async (tar) => {
    for (const digest of [image.digest, config.digest, ...layers.map((layer) => layer.digest)])
      await tar.addFile(`blobs/sha256/${digest.slice(7)}`, store.blobPath(digest));
    const manifests = [
      {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: image.digest,
        size: 1,
        annotations: { "org.opencontainers.image.ref.name": "other:2" },
      },
    ];
    await tar.addBytes("index.json", Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
    await tar.addBytes("oci-layout", Buffer.from("{}"));
  });
  const [loaded] = await loadImage(new ImageStore(join(root, "to")), path);
  assert.equal(loaded?.name, "docker.io/library/other:2");
  await assert.rejects(
    loadImage(store, await archive("empty.tar", (tar) => tar.addBytes("x", Buffer.from("x")))),
    /neither manifest.json/,
  );
});

test("many who tag at once lose no name, and a new meaning of a name shows in the stamp", async () => {
  const directory = await mkdtemp(join(tmpdir(), "ctm-tags-"));
  const stores = [new ImageStore(directory), new ImageStore(directory)];
  const names = Array.from({ length: 20 }, (_, index) => `app-${index}`);
  const tag = (name: string, index: number, word: string): Promise<unknown> =>
    (stores[index % 2] ?? new ImageStore(directory)).tag(name, { config: { Cmd: [word] }, layers: [], now: 0 });
  await Promise.all(names.map((name, index) => tag(name, index, "same")));
  const [store] = stores;
  assert.equal((await store?.list())?.length, names.length);
  const before = await store?.stamp();
  assert.equal(await store?.stamp(), before);
  await tag("app-0", 1, "new");
  assert.notEqual(await store?.stamp(), before);
  await rm(directory, { recursive: true });
});

test("a layer that is not what its digest says is refused", async () => {
  const directory = await mkdtemp(join(tmpdir(), "ctm-damaged-"));
  const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
  const path = (of: string): string => `blobs/${of.replace(":", "/")}`;
  const manifest = { config: { digest: digest("a") }, layers: [{ digest: digest("b") }] };
  const file = join(directory, "image.tar");
  await using archive = await open(file, "w");
  const tar = new TarWriter(archive);
  const index = { manifests: [{ digest: digest("c"), annotations: { "org.opencontainers.image.ref.name": "app" } }] };
  for (const [name, text] of [
    ["index.json", JSON.stringify(index)],
    [path(digest("c")), JSON.stringify(manifest)],
    [path(digest("a")), "{}"],
    [path(digest("b")), "layer"],
  ] as const)
    await tar.addBytes(name, Buffer.from(text));
  await tar.end();
  await assert.rejects(loadImage(new ImageStore(join(directory, "store")), file), /is damaged/);
  await rm(directory, { recursive: true });
});
