/** A door over memory with one queue, one table and one function, and people who are made as an attack needs them. */
import { FakeClock } from "#deck/fake-clock.ts";
import { functionCredentials } from "#aws/credentials.ts";
import { SampleDoor, type SigningKey } from "#aws/sample-door.ts";
import type { TokenIssuer, WebClaims } from "#aws/sts/world.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";

export const ACCOUNT = "000000000000";
export const ISSUER = "https://kubernetes.default.svc.cluster.local";
export const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/kubernetes.default.svc.cluster.local`;
const ROOT = { accessKeyId: "AKIATEST", secretAccessKey: "test-secret", accountId: ACCOUNT };

export type Input = Readonly<Record<string, unknown>>;

/** The members of a statement; the rest is that everything is allowed on everything. */
export type Said = Readonly<Record<string, unknown>>;

export function policy(...said: readonly Said[]): string {
  const all = said.map((one) => {
    const action = "NotAction" in one ? {} : { Action: "*" };
    const resource = "NotResource" in one ? {} : { Resource: "*" };
    return { Effect: "Allow", ...action, ...resource, ...one };
  });
  return JSON.stringify({ Version: "2012-10-17", Statement: all });
}

export function trust(principal: unknown, said: Said = {}): string {
  const statement = { Effect: "Allow", Action: "sts:AssumeRole", Principal: principal, ...said };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

const TARGETS: Readonly<Record<string, string>> = {
  sqs: "AmazonSQS",
  dynamodb: "DynamoDB_20120810",
  logs: "Logs_20140328",
};

/** Tokens of our issuer are "x.<claims>.right". */
const issuer: TokenIssuer = {
  url: ISSUER,
  claimsOf: (token) => {
    const [, body = "", proof] = token.split(".");
    return proof === "right" ? (JSON.parse(Buffer.from(body, "base64url").toString()) as WebClaims) : null;
  },
};

export function token(claims: Partial<WebClaims>, proof = "right"): string {
  const said = {
    iss: ISSUER,
    sub: "system:serviceaccount:default:app",
    aud: ["sts.amazonaws.com"],
    exp: 4e9,
    ...claims,
  };
  return `x.${Buffer.from(JSON.stringify(said)).toString("base64url")}.${proof}`;
}

export class Stage implements AsyncDisposable {
  readonly #door: SampleDoor;
  #made = 0;

  static async open(): Promise<Stage> {
    const memory = { journal: new MemoryJournal(new FakeClock(0)), database: new MemoryDatabase() };
    const stage = new Stage(await SampleDoor.open(memory, undefined, issuer));
    const root = stage.root;
    await root.must("sqs:CreateQueue", { QueueName: "jobs" });
    await root.must("dynamodb:CreateTable", {
      TableName: "users",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    });
    return stage;
  }

  private constructor(door: SampleDoor) {
    this.#door = door;
  }

  get root(): Actor {
    return new Actor(this.#door, ROOT);
  }

  /** A name that nobody has. */
  name(prefix: string): string {
    return `${prefix}${++this.#made}`;
  }

  async user(
    inline: string | null,
    more: Input = {},
    name = this.name("user"),
  ): Promise<Actor & { readonly name: string }> {
    await this.root.must("iam:CreateUser", { UserName: name, ...more });
    if (inline !== null)
      await this.root.must("iam:PutUserPolicy", { UserName: name, PolicyName: "own", PolicyDocument: inline });
    const made = await this.root.must("iam:CreateAccessKey", { UserName: name });
    return Object.assign(new Actor(this.#door, keyIn(made)), { name });
  }

  /** Its ARN. */
  async role(trustPolicy: string, inline: string | null = policy({}), more: Input = {}): Promise<string> {
    const { RoleName: name = this.name("role"), ...rest } = more;
    await this.root.must("iam:CreateRole", { RoleName: name, AssumeRolePolicyDocument: trustPolicy, ...rest });
    if (inline !== null)
      await this.root.must("iam:PutRolePolicy", { RoleName: name, PolicyName: "own", PolicyDocument: inline });
    return `arn:aws:iam::${ACCOUNT}:role/${String(name)}`;
  }

  /** A function that runs as a role. */
  functionOf(roleArn: string): Actor {
    const of = { namespace: "default", name: "hostile", uid: "1" };
    return new Actor(this.#door, functionCredentials(ROOT, roleArn, of, this.#door.clock.now()));
  }

  actor(key: SigningKey): Actor {
    return new Actor(this.#door, key);
  }

  async web(input: Input): Promise<string> {
    const form = { Action: "AssumeRoleWithWebIdentity", Version: "2011-06-15", RoleSessionName: "pod", ...input };
    const body = Buffer.from(new URLSearchParams(form as Record<string, string>).toString());
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return codeIn((await this.#door.unsigned("POST", "/", { headers, body })).text);
  }

  advance(ms: number): void {
    this.#door.clock.advance(ms);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#door[Symbol.asyncDispose]();
  }
}

/** Somebody with a key. */
export class Actor {
  readonly #door: SampleDoor;
  readonly key: SigningKey;

  constructor(door: SampleDoor, key: SigningKey) {
    this.#door = door;
    this.key = key;
  }

  /** "ok", or the code of the refusal. */
  async does(action: string, input: Input = {}): Promise<string> {
    return codeIn(await this.#text(action, input));
  }

  /** The text of the answer; throws for a refusal. */
  async must(action: string, input: Input = {}): Promise<string> {
    const text = await this.#text(action, input);
    if (codeIn(text) !== "ok") throw new Error(`${action}: ${text}`);
    return text;
  }

  async assume(roleArn: string, more: Input = {}): Promise<Actor> {
    return new Actor(
      this.#door,
      keyIn(await this.must("sts:AssumeRole", { RoleArn: roleArn, RoleSessionName: "session", ...more })),
    );
  }

  async #text(action: string, input: Input): Promise<string> {
    const [service = "", operation = ""] = action.split(":");
    if (service === "lambda") return this.#lambda(operation, input);
    const target = TARGETS[service];
    if (target !== undefined) {
      const headers = { "x-amz-target": `${target}.${operation}`, "content-type": "application/x-amz-json-1.0" };
      return (await this.#door.send({ service, method: "POST", path: "/", headers, input, by: this.key })).text;
    }
    const form = { Action: operation, Version: service === "iam" ? "2010-05-08" : "2011-06-15", ...input };
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const text = new URLSearchParams(form as Record<string, string>).toString();
    return (await this.#door.send({ service, method: "POST", path: "/", headers, input: text, by: this.key })).text;
  }

  async #lambda(operation: string, { FunctionName: name = "", ...input }: Input): Promise<string> {
    const [method = "GET", path = "/"] =
      {
        CreateFunction: ["POST", "/2015-03-31/functions"],
        GetFunction: ["GET", `/2015-03-31/functions/${String(name)}`],
        AddPermission: ["POST", `/2015-03-31/functions/${String(name)}/policy`],
      }[operation] ?? [];
    const body =
      method === "GET" ? undefined : operation === "CreateFunction" ? { FunctionName: name, ...input } : input;
    return (await this.#door.send({ service: "lambda", method, path, input: body, by: this.key })).text;
  }
}

/** Of XML and of JSON. */
function codeIn(text: string): string {
  const xml = /<Code>([^<]*)<\/Code>/.exec(text)?.[1];
  if (xml !== undefined) return xml;
  const json = /"(?:__type|Type|type)":"(?:[^"#]*#)?([A-Za-z]*)"/.exec(text)?.[1];
  if (json !== undefined && /Exception|Denied|Fault|DoesNotExist/.test(json)) return json;
  return /"[Mm]essage":"User: /.test(text) ? "AccessDeniedException" : "ok";
}

function keyIn(xml: string): SigningKey {
  const member = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
  const sessionToken = member("SessionToken");
  return {
    accessKeyId: member("AccessKeyId"),
    secretAccessKey: member("SecretAccessKey"),
    ...(sessionToken !== "" && { sessionToken }),
  };
}

export const stage: Stage = await Stage.open();

export type Attack = readonly [title: string, stops: RegExp, run: () => Promise<string>];

export const DENIED = /^AccessDenied(Exception)?$/;
export const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:jobs`;
export const SEND = ["sqs:SendMessage", { QueueUrl: `http://h/${ACCOUNT}/jobs`, MessageBody: "x" }] as const;
export const READ = ["dynamodb:GetItem", { TableName: "users", Key: { id: { S: "a" } } }] as const;
export const OWN = trust({ AWS: ACCOUNT });
export const LAMBDA = trust({ Service: "lambda.amazonaws.com" });
export const roleName = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);
