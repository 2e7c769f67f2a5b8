/** Who is told of what goes on in a bucket: PutBucketNotificationConfiguration and its reading. */
import { parseArn } from "#base/arn.ts";
import { BUCKET_EVENTS, type BucketNotification } from "#kinds/catamaran/bucket.ts";
import { type Action, action, type Call } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { model, type NotificationConfiguration, type NotificationConfigurationFilter } from "./model.gen.ts";
import { bucketArn, bucketOf, type BucketWorld, invalidArgument } from "./world.ts";

export const putBucketNotificationConfiguration: Action<BucketWorld> = action(
  model,
  "PutBucketNotificationConfiguration",
  {
    permission: "PutBucketNotification",
    serves: ["Bucket", "NotificationConfiguration", "ExpectedBucketOwner", "SkipDestinationValidation"],
    unserved: {},
    resources: (input) => [bucketArn(input)],
    run: async (world: BucketWorld, input, call) => {
      const bucket = await bucketOf(world, input);
      const { NotificationConfiguration: asked } = input;
      const notifications = notificationsOf(asked, call);
      checkApart(notifications);
      const tellsBus = asked.EventBridgeConfiguration !== undefined;
      if (input.SkipDestinationValidation !== true)
        await tellThatItWorks(world, bucket.metadata.name, notifications, call);
      await world.buckets.change(bucket, ({ spec: { notifications: _all, tellsBus: _bus, ...spec }, ...live }) => ({
        ...live,
        spec: { ...spec, ...(notifications.length > 0 && { notifications }), ...(tellsBus && { tellsBus }) },
      }));
      return {};
    },
  },
);

interface Asked {
  readonly Id?: string;
  readonly Events: readonly string[];
  readonly Filter?: NotificationConfigurationFilter;
}

function notificationsOf(asked: NotificationConfiguration, { requestId }: Call): readonly BucketNotification[] {
  const { QueueConfigurations = [], TopicConfigurations = [], LambdaFunctionConfigurations = [] } = asked;
  const all: readonly (readonly [target: string, service: string, one: Asked])[] = [
    ...QueueConfigurations.map((one) => [one.QueueArn, "sqs", one] as const),
    ...TopicConfigurations.map((one) => [one.TopicArn, "sns", one] as const),
    ...LambdaFunctionConfigurations.map((one) => [one.LambdaFunctionArn, "lambda", one] as const),
  ];
  return all.map(([target, service, { Id, Events, Filter }], at) => {
    if (parseArn(target)?.service !== service) throw invalidArgument("The ARN could not be parsed");
    if (target.endsWith(".fifo"))
      throw invalidArgument(
        "Unable to validate the following destination configurations: FIFO queues and topics are none",
      );
    return { id: Id ?? `${requestId}-${at}`, target, events: Events.map(eventOf), ...filterOf(Filter) };
  });
}

function eventOf(name: string): BucketNotification["events"][number] {
  const event = BUCKET_EVENTS.find((one) => one === name);
  if (event === undefined) throw new AwsError("NotImplemented", 501, `Catamaran has no event ${name}`);
  return event;
}

function filterOf(filter: NotificationConfigurationFilter | undefined): Pick<BucketNotification, "prefix" | "suffix"> {
  const rules = (filter?.Key?.FilterRules ?? []).map(
    ({ Name = "", Value = "" }) => [Name.toLowerCase(), Value] as const,
  );
  const names = rules.map(([name]) => name);
  if (names.some((name) => name !== "prefix" && name !== "suffix"))
    throw invalidArgument("filter rule name must be either prefix or suffix");
  if (new Set(names).size < names.length)
    throw invalidArgument("Cannot specify more than one prefix or suffix rule in a filter.");
  return Object.fromEntries(rules);
}

/** No event may be told twice (User Guide, "Configuring event notifications using object key name filtering"). */
function checkApart(all: readonly BucketNotification[]): void {
  const ids = new Set(all.map(({ id }) => id));
  if (ids.size < all.length) throw invalidArgument("Same ID used for multiple configurations");
  for (const [at, one] of all.entries())
    if (all.slice(0, at).some((other) => overlap(one, other)))
      throw invalidArgument(
        "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.",
      );
}

function overlap(a: BucketNotification, b: BucketNotification): boolean {
  const [prefix, suffix] = [
    [a.prefix ?? "", b.prefix ?? ""],
    [a.suffix ?? "", b.suffix ?? ""],
  ] as const;
  const isSamePrefix = prefix[0].startsWith(prefix[1]) || prefix[1].startsWith(prefix[0]);
  const isSameSuffix = suffix[0].endsWith(suffix[1]) || suffix[1].endsWith(suffix[0]);
  return (
    isSamePrefix &&
    isSameSuffix &&
    a.events.some((event) => b.events.some((other) => isPartOf(event, other) || isPartOf(other, event)))
  );
}

function isPartOf(event: string, other: string): boolean {
  return event === other || (other.endsWith(":*") && event.startsWith(other.slice(0, -1)));
}

/** Queues and topics get a test event; functions are not run for it. */
async function tellThatItWorks(
  world: BucketWorld,
  bucket: string,
  all: readonly BucketNotification[],
  call: Call,
): Promise<void> {
  const payload = JSON.stringify({
    Service: "Amazon S3",
    Event: "s3:TestEvent",
    Time: new Date(call.now).toISOString(),
    Bucket: bucket,
    RequestId: call.requestId,
    HostId: call.requestId,
  });
  const targets = new Set(all.map(({ target }) => target).filter((target) => parseArn(target)?.service !== "lambda"));
  await world.pushes.accept([...targets].map((target) => ({ target, payload, source: bucketArn({ Bucket: bucket }) })));
}

export const getBucketNotificationConfiguration: Action<BucketWorld> = action(
  model,
  "GetBucketNotificationConfiguration",
  {
    permission: "GetBucketNotification",
    serves: ["Bucket", "ExpectedBucketOwner"],
    unserved: {},
    resources: (input) => [bucketArn(input)],
    run: async (world: BucketWorld, input) => {
      const { notifications = [], tellsBus = false } = (await bucketOf(world, input)).spec;
      const of = (service: string): readonly BucketNotification[] =>
        notifications.filter(({ target }) => parseArn(target)?.service === service);
      return {
        TopicConfigurations: of("sns").map((one) => ({ ...said(one), TopicArn: one.target })),
        QueueConfigurations: of("sqs").map((one) => ({ ...said(one), QueueArn: one.target })),
        LambdaFunctionConfigurations: of("lambda").map((one) => ({ ...said(one), LambdaFunctionArn: one.target })),
        ...(tellsBus && { EventBridgeConfiguration: {} }),
      };
    },
  },
);

type Said = {
  readonly Id: string;
  readonly Events: BucketNotification["events"];
  readonly Filter?: NotificationConfigurationFilter;
};

function said({ id, events, prefix, suffix }: BucketNotification): Said {
  const rules = [
    ...(prefix === undefined ? [] : [{ Name: "prefix" as const, Value: prefix }]),
    ...(suffix === undefined ? [] : [{ Name: "suffix" as const, Value: suffix }]),
  ];
  return { Id: id, Events: events, ...(rules.length > 0 && { Filter: { Key: { FilterRules: rules } } }) };
}
