/** The form upload, which AWS's model does not name: POST /BUCKET with multipart/form-data (Amazon S3 API Reference, "POST Object"). */
import type { Model } from "../model.ts";
import { model } from "./model.gen.ts";

type PostObjectRequest = {
  readonly Bucket: string;
  readonly ContentType?: string;
  readonly Body?: Uint8Array | AsyncIterable<Uint8Array>;
};

/** What it answers, its action writes by itself. */
type Operations = {
  readonly PostObject: { readonly input: PostObjectRequest; readonly output: Readonly<Record<string, unknown>> };
};

export const postModel: Model<Operations> = {
  version: model.version,
  signingName: model.signingName,
  protocols: model.protocols,
  operations: { PostObject: { uri: "/{Bucket}", input: "PostObjectRequest" } },
  shapes: {
    PostObjectRequest: {
      is: "structure",
      members: {
        Bucket: { of: "Text", at: "uri" },
        ContentType: { of: "Text", at: "header", name: "Content-Type" },
        Body: "Body",
      },
      required: ["Bucket"],
      payload: "Body",
    },
    Text: { is: "string" },
    Body: { is: "blob", streaming: true },
  },
};
