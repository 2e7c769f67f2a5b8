/** Uploads by a form, as browsers send it: who signed its policy, whether it keeps to that, and the answer that it asks for. */
import type { StoredObject } from "#managed/bucket/stored-object.ts";
import { type Action, action, Answer, type Call } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { type Caller, signatureOfText } from "../sign.ts";
import { escapeXml } from "../xml.ts";
import { Counted } from "./checksums.ts";
import { type Form, readForm } from "./form-data.ts";
import { headKept } from "./object-head.ts";
import { postModel } from "./post-model.ts";
import { checkForm, checkSize, type PostPolicy, readPostPolicy } from "./post-policy.ts";
import { MAX_PUT_BYTES, streamOf } from "./put-object.ts";
import { checkSignature } from "./query-signature.ts";
import { accessDenied, bucketOf, type BucketWorld, checkKey, invalidArgument, objectArn, originOf } from "./world.ts";

export const postObject: Action<BucketWorld> = action(postModel, "PostObject", {
  permission: "PutObject",
  isOpen: true,
  maxBodyBytes: MAX_PUT_BYTES,
  serves: ["Bucket", "ContentType", "Body"],
  unserved: {},
  run: async (world: BucketWorld, { Bucket: name, ContentType: contentType = "", Body: body }, call) => {
    const bucket = await bucketOf(world, { Bucket: name });
    if (!contentType.startsWith("multipart/form-data"))
      throw new AwsError("PreconditionFailed", 412, "Bucket POST must be of the enclosure-type multipart/form-data");
    const form = await readForm(streamOf(body), contentType);
    const key = (form.fields.get("key") ?? "").replaceAll("${filename}", form.file.name);
    if (key === "")
      throw invalidArgument(
        "Bucket POST must contain a field named 'key'. If it is specified, please check the order of the fields.",
      );
    checkKey(key);
    const by = await admitted(call, form, objectArn({ Bucket: name, Key: key }));
    const policy = policyOf(form, { bucket: name, key }, call.now);
    const counted = new Counted(limited(form.file.bytes, policy));
    const object = await world.buckets.contentsOf(bucket).objects.put(key, {
      bytes: counted,
      describe: (size) => {
        if (policy !== null) checkSize(policy, size);
        return { etag: counted.md5.toString("hex"), checksum: counted.checksum(), ...headOf(form), tags: {} };
      },
      how: "Post",
      by: { ...originOf(call), principal: by.arn },
    });
    return answerOf(form, name, { object, call });
  },
});

/** Whoever signed the policy must be allowed to put the object; a form without a policy is nobody's. */
async function admitted(call: Call, { fields }: Form, resource: string): Promise<Caller> {
  const policy = fields.get("policy") ?? "";
  const credential = fields.get("x-amz-credential");
  const accessKeyId = credential?.split("/")[0] ?? fields.get("awsaccesskeyid") ?? "";
  const token = fields.get("x-amz-security-token");
  if (accessKeyId !== "" && policy === "") throw invalidArgument("Bucket POST must contain a field named 'policy'.");
  if (accessKeyId === "" && policy !== "")
    throw invalidArgument("Bucket POST must contain a field named 'AWSAccessKeyId'.");
  const signature = credential === undefined ? "signature" : "x-amz-signature";
  if (accessKeyId !== "" && !fields.has(signature))
    throw invalidArgument(`Bucket POST must contain a field named '${signature}'.`);
  if (call.admit === undefined) throw accessDenied();
  return call.admit({
    accessKeyId,
    ...(token !== undefined && { sessionToken: token }),
    needs: [{ permission: "s3:PutObject", resource }],
    prove: ({ secretAccessKey }) => {
      if (credential === undefined) checkSignature(policy, fields.get("signature") ?? "", secretAccessKey);
      else if (signatureOfText(secretAccessKey, credential, policy) !== fields.get("x-amz-signature"))
        throw new AwsError(
          "SignatureDoesNotMatch",
          403,
          "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        );
    },
  });
}

function policyOf(
  { fields }: Form,
  named: { readonly bucket: string; readonly key: string },
  now: number,
): PostPolicy | null {
  const encoded = fields.get("policy");
  if (encoded === undefined) return null;
  const policy = readPostPolicy(Buffer.from(encoded, "base64").toString("utf8"));
  checkForm(policy, new Map([...fields, ...Object.entries(named)]), now);
  return policy;
}

/** Stops at the first byte too many. */
async function* limited(source: AsyncIterable<Uint8Array>, policy: PostPolicy | null): AsyncGenerator<Uint8Array> {
  const most =
    policy?.conditions.reduce((least, one) => (one.is === "length" ? Math.min(least, one.most) : least), Infinity) ??
    Infinity;
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > most && policy !== null) checkSize(policy, size);
    yield chunk;
  }
}

function headOf({ fields, file }: Form): Pick<StoredObject, "headers" | "metadata"> {
  const metadata = [...fields].filter(([name]) => name.startsWith("x-amz-meta-"));
  const said = (name: string, member: string): Readonly<Record<string, string>> => {
    const value = fields.get(name);
    return value === undefined ? {} : { [member]: value };
  };
  return headKept({
    ...said("cache-control", "CacheControl"),
    ...said("content-disposition", "ContentDisposition"),
    ...said("content-encoding", "ContentEncoding"),
    ...said("expires", "Expires"),
    ...said("x-amz-storage-class", "StorageClass"),
    ...said("x-amz-website-redirect-location", "WebsiteRedirectLocation"),
    ...(file.contentType !== undefined && { ContentType: file.contentType }),
    ...said("content-type", "ContentType"),
    Metadata: Object.fromEntries(metadata.map(([name, value]) => [name.slice("x-amz-meta-".length), value])),
  });
}

function answerOf(
  { fields }: Form,
  bucket: string,
  { object, call }: { readonly object: StoredObject; readonly call: Call },
): Answer<Readonly<Record<string, unknown>>> {
  const path = `${bucket}/${encodeURIComponent(object.key).replaceAll("%2F", "/")}`;
  const location = `http://${call.headers["host"] ?? "localhost"}/${path}`;
  const head = { etag: `"${object.etag}"`, location };
  const redirect = fields.get("success_action_redirect") ?? fields.get("redirect");
  if (redirect !== undefined && URL.canParse(redirect)) {
    const target = new URL(redirect);
    for (const [name, value] of [
      ["bucket", bucket],
      ["key", object.key],
      ["etag", head.etag],
    ] as const)
      target.searchParams.set(name, value);
    return new Answer({}, { ...head, location: target.href }, { status: 303 });
  }
  const status = fields.get("success_action_status");
  if (status !== "201") return new Answer({}, head, { status: status === "200" ? 200 : 204 });
  const inner = { Location: location, Bucket: bucket, Key: object.key, ETag: head.etag };
  const elements = Object.entries(inner).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`);
  return new Answer(
    {},
    { ...head, "content-type": "application/xml" },
    { status: 201, body: `<PostResponse>${elements.join("")}</PostResponse>` },
  );
}
