/** AWS::S3::Bucket, as far as buckets have its properties. */
import { isJsonObject, type JsonObject } from "#base/json.ts";
import type { Asked, Made } from "#managed/stack/resource-types.ts";
import { type Actions, ifThere, madeOrThere, objectIn, tagPairs, tagsOf, text, type TypeOver } from "../resource.ts";

export const s3Bucket: TypeOver = (actions) => ({
  name: "AWS::S3::Bucket",
  properties: ["BucketEncryption", "BucketName", "PublicAccessBlockConfiguration", "Tags", "VersioningConfiguration"],
  createOnly: ["BucketName"],
  nameProperty: "BucketName",
  create: async (asked) => {
    const { properties, generatedName, stack, isAgain } = asked;
    const bucket = text(properties, "BucketName") ?? generatedName.toLowerCase();
    await madeOrThere(
      isAgain,
      () => actions.call(stack, "s3", "CreateBucket", { Bucket: bucket }),
      () => Promise.resolve({}),
    );
    await configure(actions, asked, bucket);
    return madeOf(bucket, actions.region);
  },
  update: async (asked, { physicalId: bucket }) => {
    await configure(actions, asked, bucket);
    return madeOf(bucket, actions.region);
  },
  remove: async ({ stack }, { physicalId: bucket }) => {
    await ifThere(() => actions.call(stack, "s3", "DeleteBucket", { Bucket: bucket }));
  },
});

function madeOf(bucket: string, region: string): Made {
  return {
    physicalId: bucket,
    attributes: {
      Arn: `arn:aws:s3:::${bucket}`,
      DomainName: `${bucket}.s3.amazonaws.com`,
      DualStackDomainName: `${bucket}.s3.dualstack.${region}.amazonaws.com`,
      RegionalDomainName: `${bucket}.s3.${region}.amazonaws.com`,
      WebsiteURL: `http://${bucket}.s3-website-${region}.amazonaws.com`,
    },
  };
}

async function configure(actions: Actions, { properties, stack }: Asked, bucket: string): Promise<void> {
  const versioning = text(objectIn(properties, "VersioningConfiguration"), "Status");
  if (versioning !== undefined)
    await actions.call(stack, "s3", "PutBucketVersioning", {
      Bucket: bucket,
      VersioningConfiguration: { Status: versioning },
    });
  const tags = tagPairs(tagsOf(stack, properties));
  if (tags.length > 0)
    await actions.call(stack, "s3", "PutBucketTagging", { Bucket: bucket, Tagging: { TagSet: tags } });
  checkEncryption(objectIn(properties, "BucketEncryption"));
}

/** Every bucket is encrypted by keys of the instance; others there are not. */
function checkEncryption(encryption: JsonObject): void {
  const rules = Object.values(encryption).flat().filter(isJsonObject);
  const other = rules
    .map((rule) => text(objectIn(rule, "ServerSideEncryptionByDefault"), "SSEAlgorithm"))
    .find((one) => one !== undefined && one !== "AES256");
  if (other !== undefined) throw new Error(`SSEAlgorithm ${other} is not supported; AES256 is`);
}
