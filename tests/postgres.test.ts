/** PostgreSQL in a StatefulSet with a claim, from the machine's own files: kill -9 of everything around it loses no committed row. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { cannotRun, Stage, until } from "./platform-stage.ts";

const HOME = "/usr/lib/postgresql";
const release = existsSync(HOME)
  ? readdirSync(HOME).find((each) => existsSync(join(HOME, each, "bin/initdb")))
  : undefined;
const skip = cannotRun("kubectl", "psql", "busybox") || (release === undefined ? "needs postgresql" : false);
const BIN = `${HOME}/${release}/bin`;

/** A folder with the server, what it links to, and a shell. */
function imageFolder(folder: string): void {
  const copy = (path: string): void => {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    execFileSync("cp", ["-rL", path, join(folder, dirname(path))]);
  };
  const programs = ["postgres", "initdb"].map((name) => join(BIN, name));
  const linked = execFileSync("ldd", programs)
    .toString()
    .matchAll(/(\/\S+) \(0x/g);
  const libraries = new Set([...linked].map(([, path = ""]) => path).filter((path) => !path.startsWith(HOME)));
  for (const path of [`${HOME}/${release}/lib`, `/usr/share/postgresql/${release}`, "/usr/share/zoneinfo/UTC"])
    copy(path);
  for (const path of [...programs, ...libraries, "/bin/busybox"]) copy(path);
  symlinkSync("busybox", join(folder, "bin/sh"));
  mkdirSync(join(folder, "etc"), { recursive: true });
  writeFileSync(join(folder, "etc/passwd"), "postgres:x:999:999::/:/bin/sh\n");
  writeFileSync(join(folder, "Dockerfile"), "FROM scratch\nCOPY . /\nUSER 999\n");
}

// As the entrypoint of the image that everybody uses: fsGroup opens the folder to the group, which the server refuses.
const manifest = (data: string): string => `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: pg}
spec:
  selector: {matchLabels: {app: pg}}
  template:
    metadata: {labels: {app: pg}}
    spec:
      terminationGracePeriodSeconds: 0
      securityContext: {runAsUser: 999, runAsGroup: 999, fsGroup: 999}
      containers:
        - name: postgres
          image: postgres:test
          command:
            - /bin/sh
            - -c
            - >-
              [ -s ${data}/PG_VERSION ] || ${BIN}/initdb -D ${data} -U app --auth=trust -E UTF8 --locale=C;
              /bin/busybox chmod 700 ${data};
              echo host all all all trust > /tmp/hba;
              exec ${BIN}/postgres -D ${data} -c listen_addresses='*' -c hba_file=/tmp/hba -c unix_socket_directories=/tmp
          readinessProbe: {tcpSocket: {port: 5432}, periodSeconds: 1}
          volumeMounts: [{name: data, mountPath: /data}, {name: tmp, mountPath: /tmp}]
      volumes: [{name: tmp, emptyDir: {}}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 256Mi}}}
`;

test(
  "no committed row is lost by kill -9 of PostgreSQL, its pod, its agent and the control process",
  { skip, timeout: 300_000 },
  async () => {
    await using stage = await Stage.open("pg");
    await stage.up("--nodes", "2");
    const image = join(stage.folder, "image");
    mkdirSync(image);
    imageFolder(image);
    const built = await stage.catamaran("image", "build", image, "-t", "postgres:test");
    assert.equal(built.code, 0, built.error);
    // Its name tells this server from any other of the machine.
    const data = `/data/${stage.name}`;
    const file = join(stage.folder, "pg.yaml");
    writeFileSync(file, manifest(data));
    await stage.kubectlOk("apply", "-f", file);
    await stage.kubectlOk("rollout", "status", "sts/pg", "--timeout=60s");
    const field = (path: string): Promise<string> => stage.kubectlOk("get", "pod", "pg-0", "-o", `jsonpath={${path}}`);
    let ip = await field(".status.podIP");
    const ask = (sql: string): ReturnType<Stage["run"]> =>
      stage.run(
        "psql",
        `postgresql://app@${ip}/postgres?connect_timeout=2`,
        "-qtA",
        "-v",
        "ON_ERROR_STOP=1",
        "-c",
        sql,
      );
    await until(
      "a table",
      () => ask("CREATE TABLE IF NOT EXISTS kept (id int PRIMARY KEY)"),
      ({ code }) => code === 0,
    );

    const committed: number[] = [];
    let id = 0;
    /** Writes rows until some more are committed, whatever fails on the way. */
    const writeMore = async (rows: number): Promise<void> => {
      const goal = committed.length + rows;
      await until(
        `${goal} rows`,
        async () => {
          const { code, error } = await ask(`INSERT INTO kept VALUES (${++id})`);
          if (code === 0) committed.push(id);
          else ip = (await stage.kubectl("get", "pod", "pg-0", "-o", "jsonpath={.status.podIP}")).out || ip;
          return { rows: committed.length, ip, error };
        },
        ({ rows: count }) => count >= goal,
        60_000, // Restarts wait longer after each crash.
      );
    };
    const killAll = (pids: readonly number[]): void => {
      for (const pid of pids) process.kill(pid, "SIGKILL");
    };
    const servers = (): readonly number[] =>
      readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .filter(
          (name) => existsSync(`/proc/${name}/cmdline`) && readFileSync(`/proc/${name}/cmdline`, "utf8").includes(data),
        )
        .map(Number);
    const node = await field(".spec.nodeName");

    await writeMore(10);
    killAll(servers());
    await writeMore(10);
    killAll(await stage.pidsOf(node));
    await writeMore(10);
    killAll(await stage.pidsOf("control"));
    await writeMore(10);
    killAll([...servers(), ...(await stage.pidsOf(node)), ...(await stage.pidsOf("control"))]);
    await writeMore(10);
    await stage.kubectlOk("delete", "pod", "pg-0", "--grace-period=0", "--force");
    await writeMore(10);

    const kept = new Set((await ask("SELECT id FROM kept")).out.trim().split("\n").map(Number));
    assert.deepEqual(
      committed.filter((each) => !kept.has(each)),
      [],
    );
    assert.ok(committed.length >= 60);
  },
);
