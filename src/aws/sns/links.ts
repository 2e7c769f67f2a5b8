/** The links in notifications: what subscribers get without a signature of their own: confirm, unsubscribe, the certificate. */
import { AwsError } from "../aws-error.ts";
import type { UnsignedAnswer } from "../unsigned.ts";
import type { SignedHead } from "../sign.ts";
import { confirm } from "./subscribe.ts";
import { subscriptionArn, subscriptionAt, type TopicWorld } from "./world.ts";

/** Its name is checked by validators: sns-validator wants "SimpleNotificationService-" and hexadecimal digits. */
export const CERTIFICATE_PATH = "/SimpleNotificationService-636174616d6172616e636174616d6172.pem";

/** Null: the request is none of these. */
export function topicLinks(
  world: TopicWorld,
  certificate: () => Promise<string>,
): (head: SignedHead) => Promise<UnsignedAnswer | null> {
  return async ({ method, path, query, headers }) => {
    if (method !== "GET" || headers["authorization"] !== undefined) return null;
    if (path === CERTIFICATE_PATH)
      return { body: await certificate(), headers: { "content-type": "application/x-pem-file" } };
    const asked = new URLSearchParams(query);
    if (path !== "/" || asked.has("X-Amz-Signature")) return null;
    const [arn, token] = [asked.get("SubscriptionArn"), asked.get("Token")];
    if (asked.get("Action") === "ConfirmSubscription" && token !== null) {
      const confirmed = await confirm(world, asked.get("TopicArn") ?? "", token);
      return xml("ConfirmSubscription", `<SubscriptionArn>${subscriptionArn(world, confirmed)}</SubscriptionArn>`);
    }
    if (asked.get("Action") === "Unsubscribe" && arn !== null) {
      const found = await subscriptionAt(world, arn);
      if (found === null) throw new AwsError("NotFound", 404, "Subscription does not exist");
      await world.topics.unsubscribe(found);
      return xml("Unsubscribe", "");
    }
    return null;
  };
}

function xml(action: string, result: string): UnsignedAnswer {
  const body = `<${action}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><${action}Result>${result}</${action}Result></${action}Response>`;
  return { body, headers: { "content-type": "text/xml" } };
}
