/** How http(s) subscribers are asked and tried again: SNS's delivery policies (Amazon SNS Developer Guide, "Creating delivery policies"). Pure. */
import { isJsonObject } from "#base/json.ts";
import type { Subscription } from "#kinds/catamaran/subscription.ts";
import type { Topic } from "#kinds/catamaran/topic.ts";
import type { Growth, RetryPhase, RetryPolicy } from "#managed/push.ts";

interface RetrySettings {
  readonly minDelayTarget: number;
  readonly maxDelayTarget: number;
  readonly numRetries: number;
  readonly numNoDelayRetries: number;
  readonly numMinDelayRetries: number;
  readonly numMaxDelayRetries: number;
  readonly backoffFunction: Growth;
}

// What the guide says holds where nothing is set.
const RETRIES: RetrySettings = {
  minDelayTarget: 20,
  maxDelayTarget: 20,
  numRetries: 3,
  numNoDelayRetries: 0,
  numMinDelayRetries: 0,
  numMaxDelayRetries: 0,
  backoffFunction: "linear",
};
const REQUESTS = { headerContentType: "text/plain; charset=UTF-8" };
const GROWTHS: readonly Growth[] = ["linear", "arithmetic", "geometric", "exponential"];
const MOST_RETRIES = 100;
const LONGEST_SECONDS = 3_600;

/** In the form in which GetTopicAttributes answers it. */
export function effectivePolicy(topic: Topic): string {
  return JSON.stringify({
    http: {
      defaultHealthyRetryPolicy: settingsIn(httpOf(topic)["defaultHealthyRetryPolicy"]),
      disableSubscriptionOverrides: httpOf(topic)["disableSubscriptionOverrides"] === true,
      defaultRequestPolicy: requestsIn(httpOf(topic)["defaultRequestPolicy"]),
    },
  });
}

export function requestPolicyOf(topic: Topic, subscription: Subscription): typeof REQUESTS {
  const own = ownOf(topic, subscription)["requestPolicy"];
  return requestsIn(own ?? httpOf(topic)["defaultRequestPolicy"]);
}

export function retryOf(topic: Topic, subscription: Subscription): RetryPolicy {
  const own = ownOf(topic, subscription)["healthyRetryPolicy"];
  const settings = settingsIn(own ?? httpOf(topic)["defaultHealthyRetryPolicy"]);
  return { retries: settings.numRetries, phases: phasesOf(settings) };
}

/** First at once, then with the least wait, then with growing ones, then with the longest. */
function phasesOf(settings: RetrySettings): readonly RetryPhase[] {
  const { numRetries, numNoDelayRetries: atOnce, numMinDelayRetries: least, numMaxDelayRetries: longest } = settings;
  const [fromMs, toMs] = [settings.minDelayTarget * 1_000, settings.maxDelayTarget * 1_000];
  const growing = Math.max(0, numRetries - atOnce - least - longest);
  const phases: readonly RetryPhase[] = [
    { times: atOnce, fromMs: 0, toMs: 0, growth: "linear" },
    { times: least, fromMs, toMs: fromMs, growth: "linear" },
    { times: growing, fromMs, toMs, growth: settings.backoffFunction },
    { times: longest, fromMs: toMs, toMs, growth: "linear" },
  ];
  return phases.filter(({ times }) => times > 0);
}

/** What is wrong with a text that should be a policy; null: nothing. */
export function policyFault(text: string, of: "topic" | "subscription"): string | null {
  const policy = parsed(text);
  if (policy === null) return "DeliveryPolicy: failed to parse JSON.";
  const http = of === "topic" ? policy["http"] : policy;
  const retry = isJsonObject(http) ? http[of === "topic" ? "defaultHealthyRetryPolicy" : "healthyRetryPolicy"] : null;
  if (!isJsonObject(retry)) return null;
  const { minDelayTarget, maxDelayTarget, numRetries, backoffFunction } = { ...RETRIES, ...retry };
  if (!isWhole(minDelayTarget, 1, LONGEST_SECONDS)) return "DeliveryPolicy: minDelayTarget must be between 1 and 3600";
  if (!isWhole(maxDelayTarget, Number(minDelayTarget), LONGEST_SECONDS))
    return "DeliveryPolicy: maxDelayTarget must be between minDelayTarget and 3600";
  if (!isWhole(numRetries, 0, MOST_RETRIES)) return "DeliveryPolicy: numRetries must be between 0 and 100";
  return GROWTHS.some((one) => one === backoffFunction) ? null : "DeliveryPolicy: backoffFunction is not known";
}

type Fields = Readonly<Record<string, unknown>>;
const NOTHING: Fields = {};

function httpOf({ spec }: Topic): Fields {
  const http = parsed(spec.deliveryPolicy ?? "{}")?.["http"];
  return isJsonObject(http) ? http : NOTHING;
}

function ownOf(topic: Topic, { spec }: Subscription): Fields {
  if (httpOf(topic)["disableSubscriptionOverrides"] === true) return NOTHING;
  return parsed(spec.deliveryPolicy ?? "{}") ?? NOTHING;
}

function parsed(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : null;
  } catch {
    // Said by policyFault when it is set.
    return null;
  }
}

function settingsIn(given: unknown): RetrySettings {
  if (!isJsonObject(given)) return RETRIES;
  const whole = (name: keyof RetrySettings): number => {
    const [value, initial] = [given[name], RETRIES[name]];
    return typeof value === "number" ? value : Number(initial);
  };
  return {
    minDelayTarget: whole("minDelayTarget"),
    maxDelayTarget: whole("maxDelayTarget"),
    numRetries: whole("numRetries"),
    numNoDelayRetries: whole("numNoDelayRetries"),
    numMinDelayRetries: whole("numMinDelayRetries"),
    numMaxDelayRetries: whole("numMaxDelayRetries"),
    backoffFunction: GROWTHS.find((one) => one === given["backoffFunction"]) ?? RETRIES.backoffFunction,
  };
}

function requestsIn(given: unknown): typeof REQUESTS {
  const type = isJsonObject(given) ? given["headerContentType"] : undefined;
  return typeof type === "string" ? { headerContentType: type } : REQUESTS;
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}
