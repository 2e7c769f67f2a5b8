/** The key that notifications are signed with, and its certificate: RSA, as SNS's own, so that subscribers' validators work. */
import { constants, sign } from "node:crypto";
import type { NotificationSigner } from "./notification.ts";

export interface SigningKey {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

/** Signs beside the event loop: a signature takes about a millisecond of a core. */
export function notificationSigner(load: () => Promise<SigningKey>, certificateUrl: string): NotificationSigner {
  return {
    certificateUrl,
    sign: async (text, version) => {
      const { key } = await load();
      return new Promise((resolve, reject) => {
        const algorithm = version === "2" ? "RSA-SHA256" : "RSA-SHA1";
        const padding = constants.RSA_PKCS1_PADDING;
        sign(algorithm, Buffer.from(text), { key, padding }, (error, signature) => {
          if (error === null) resolve(signature.toString("base64"));
          else reject(error);
        });
      });
    },
  };
}
