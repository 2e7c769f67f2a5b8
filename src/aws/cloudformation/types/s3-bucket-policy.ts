/** AWS::S3::BucketPolicy. */
import { documentText, ifThere, text, type TypeOver } from "../resource.ts";

export const s3BucketPolicy: TypeOver = (actions) => ({
  name: "AWS::S3::BucketPolicy",
  properties: ["Bucket", "PolicyDocument"],
  createOnly: ["Bucket"],
  create: async ({ properties, stack }) => {
    const bucket = text(properties, "Bucket") ?? "";
    const policy = documentText(properties["PolicyDocument"]);
    await actions.call(stack, "s3", "PutBucketPolicy", { Bucket: bucket, Policy: policy });
    return { physicalId: bucket, attributes: {} };
  },
  update: async ({ properties, stack }, before) => {
    const policy = documentText(properties["PolicyDocument"]);
    await actions.call(stack, "s3", "PutBucketPolicy", { Bucket: before.physicalId, Policy: policy });
    return before;
  },
  remove: async ({ stack }, { physicalId: bucket }) => {
    await ifThere(() => actions.call(stack, "s3", "DeleteBucketPolicy", { Bucket: bucket }));
  },
});
