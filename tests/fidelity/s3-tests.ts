/**
 * Runs ceph's s3-tests against the buckets of a running instance: npm run fidelity -- s3-tests --from FOLDER [--name NAME] [--python PYTHON],
 * where FOLDER is a checkout of github.com/ceph/s3-tests and PYTHON has its requirements. About five minutes.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { report as tell } from "../fidelity-report.ts";

/** Tests that say nothing of a server that does as S3 does for new buckets, or of what is refused by name. */
const NOT_APPLICABLE: readonly (readonly [pattern: RegExp, why: string])[] = [
  [
    /ACL=|\?acl|Grant|Ownership|AccessControlListNotSupported/,
    "every bucket is BucketOwnerEnforced, S3's default: no access control lists",
  ],
  [
    /PutBucketPolicy operation: User is not authorized|BlockPublicPolicy/,
    "S3 blocks public policies of new buckets; the suite expects that nothing does",
  ],
  [/s3tenant|tenant/, "tenants are of Ceph alone"],
  [/IfNoneMatch=|\(412, 'PreconditionFailed'\) == \(501/, "S3 takes If-None-Match of writes only with *"],
  [/GetObjectTorrent/, "torrents are no more"],
];

/** Markers of the suite for what is refused by name, for Ceph alone, or for what takes days. */
const DESELECTED =
  "fails_on_aws lifecycle_expiration lifecycle_transition sse_s3 encryption bucket_encryption object_lock iam_account iam_user bucket_logging storage_class cloud_transition cloud_restore s3website";

const { values } = parseArgs({
  options: { from: { type: "string" }, name: { type: "string" }, python: { type: "string" } },
  allowPositionals: true,
});
if (values.from === undefined) throw new RangeError("--from FOLDER: a checkout of github.com/ceph/s3-tests");
const { from, name = "default", python = "python3" } = values;

const folder = mkdtempSync(join(tmpdir(), "s3-tests-"));
try {
  const report = run();
  const rows = [...report.matchAll(/<testcase [^>]*name="([^"]+)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map(
    ([, test = "", inner = ""]) => ({ test, outcome: outcomeOf(test, inner) }),
  );
  const those = (is: "failed" | "not applicable"): ReadonlyMap<string, string> =>
    new Map(
      rows.flatMap(({ test, outcome }) =>
        outcome !== null && outcome !== "passed" && outcome.is === is ? [[test, outcome.why] as const] : [],
      ),
    );
  const version = execFileSync("git", ["-C", from, "rev-parse", "--short=12", "HEAD"], { encoding: "utf8" }).trim();
  tell({
    name: "s3-tests",
    source: `github.com/ceph/s3-tests at ${version}, test_s3.py without the markers and names of what is refused by name`,
    passed: rows.filter(({ outcome }) => outcome === "passed").length,
    failed: those("failed"),
    notApplicable: those("not applicable"),
  });
} finally {
  rmSync(folder, { recursive: true });
}

type Outcome = "passed" | { readonly is: "failed" | "not applicable"; readonly why: string };

function outcomeOf(test: string, inner: string): Outcome | null {
  if (/<skipped/.test(inner)) return null;
  const failure = /<(?:failure|error) message="([^"]*)"/.exec(inner)?.[1];
  if (failure === undefined) return "passed";
  const said = failure
    .replaceAll("&#10;", " ")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
  const why = NOT_APPLICABLE.find(([pattern]) => pattern.test(failure) || pattern.test(test))?.[1];
  return why === undefined ? { is: "failed", why: said.slice(0, 200) } : { is: "not applicable", why };
}

function run(): string {
  const configuration = join(folder, "s3tests.conf");
  writeFileSync(configuration, configurationOf(environment()));
  const report = join(folder, "report.xml");
  const marks = DESELECTED.split(" ").map((mark) => `not ${mark}`);
  const names = "acl lifecycle sse_ object_lock logging kms".split(" ").map((word) => `not ${word}`);
  const selected = ["-m", marks.join(" and "), "-k", names.join(" and ")];
  spawnSync(python, ["-m", "pytest", "-q", "s3tests/functional/test_s3.py", ...selected, `--junitxml=${report}`], {
    cwd: resolve(from),
    env: { PATH: "/usr/bin:/bin", S3TEST_CONF: configuration },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return readFileSync(report, "utf8");
}

type Environment = Readonly<Record<string, string>>;

function environment(): Environment {
  return JSON.parse(
    execFileSync("npx", ["catamaran", "env", "--name", name, "-o", "json"], { encoding: "utf8" }),
  ) as Environment;
}

function configurationOf(env: Environment): string {
  const { port, hostname } = new URL(env["AWS_ENDPOINT_URL"] ?? "");
  const account = env["AWS_ACCOUNT_ID"] ?? "";
  const userId = createHash("sha256").update(account).digest("hex");
  const root = [env["AWS_ACCESS_KEY_ID"] ?? "", env["AWS_SECRET_ACCESS_KEY"] ?? ""] as const;
  const section = (title: string, [key, secret]: readonly [string, string], more = ""): string =>
    `[${title}]\ndisplay_name = ${account}\nuser_id = ${userId}\nemail = a@b.c\napi_name = us-east-1\naccess_key = ${key}\nsecret_key = ${secret}\n${more}\n`;
  return [
    `[DEFAULT]\nhost = ${hostname}\nport = ${port}\nis_secure = False\nssl_verify = False\n`,
    "[fixtures]\nbucket prefix = s3-tests-{random}-\niam name prefix = s3-tests-\niam path prefix = /s3-tests/\n",
    section("s3 main", root),
    section("s3 alt", userKey("s3-tests-alt", env)),
    section("s3 tenant", userKey("s3-tests-tenant", env), "tenant = tenant"),
    ...["iam", "iam root", "iam alt root"].map((title) => section(title, root)),
    `[webidentity]\n${["token", "aud", "sub", "azp", "user_token", "thumbprint", "KC_REALM"].map((key) => `${key} = none`).join("\n")}\n`,
  ].join("\n");
}

/** Somebody else, who may make buckets of his own and nothing with those of others. */
function userKey(user: string, env: Environment): readonly [string, string] {
  const aws = (...args: readonly string[]): string =>
    String(
      spawnSync("aws", ["iam", ...args, "--user-name", user, "--output", "text"], {
        env: { PATH: process.env["PATH"], ...env },
      }).stdout,
    );
  aws("create-user");
  const Statement = [{ Effect: "Allow", Action: ["s3:CreateBucket", "s3:ListAllMyBuckets"], Resource: "*" }];
  aws(
    "put-user-policy",
    "--policy-name",
    "own",
    "--policy-document",
    JSON.stringify({ Version: "2012-10-17", Statement }),
  );
  const [key = "", secret = ""] = aws("create-access-key", "--query", "AccessKey.[AccessKeyId,SecretAccessKey]")
    .trim()
    .split(/\s+/);
  return [key, secret];
}
