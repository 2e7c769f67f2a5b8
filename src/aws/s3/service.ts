/** S3: the list of its actions (API version 2006-03-01). */
import { type Action, type Service, service } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  getBucketVersioning,
  headBucket,
  listBuckets,
  putBucketVersioning,
} from "./buckets.ts";
import { checkBody } from "./checksums.ts";
import { copyObject } from "./copy-object.ts";
import { answerOrigin, deleteBucketCors, getBucketCors, putBucketCors } from "./cors.ts";
import { deleteObject, deleteObjects } from "./delete-objects.ts";
import { getObject, headObject } from "./get-object.ts";
import {
  deleteBucketLifecycle,
  getBucketLifecycleConfiguration,
  putBucketLifecycleConfiguration,
} from "./lifecycle.ts";
import { listObjects, listObjectsV2 } from "./list-objects.ts";
import { locator } from "./locate.ts";
import { listMultipartUploads, listParts } from "./list-uploads.ts";
import { listObjectVersions } from "./list-versions.ts";
import { model } from "./model.gen.ts";
import { getBucketNotificationConfiguration, putBucketNotificationConfiguration } from "./notifications.ts";
import { getObjectAttributes } from "./object-attributes.ts";
import {
  deleteBucketPolicy,
  deletePublicAccessBlock,
  getBucketPolicy,
  getBucketPolicyStatus,
  getPublicAccessBlock,
  namesBucket,
  policyOn,
  putBucketPolicy,
  putPublicAccessBlock,
} from "./policy.ts";
import { postObject } from "./post-object.ts";
import { putObject } from "./put-object.ts";
import {
  deleteBucketEncryption,
  getBucketAccelerateConfiguration,
  getBucketAcl,
  getBucketEncryption,
  getBucketLogging,
  getBucketOwnershipControls,
  getBucketReplication,
  getBucketRequestPayment,
  getBucketWebsite,
  getObjectAcl,
  getObjectLockConfiguration,
  putBucketEncryption,
  putBucketOwnershipControls,
} from "./settings.ts";
import { querySignature } from "./query-signature.ts";
import {
  deleteBucketTagging,
  deleteObjectTagging,
  getBucketTagging,
  getObjectTagging,
  putBucketTagging,
  putObjectTagging,
} from "./tagging.ts";
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  uploadPart,
  uploadPartCopy,
} from "./uploads.ts";
import type { BucketWorld } from "./world.ts";

export const actions: readonly Action<BucketWorld>[] = [
  createBucket,
  headBucket,
  getBucketLocation,
  listBuckets,
  deleteBucket,
  getBucketVersioning,
  putBucketVersioning,
  putObject,
  getObject,
  headObject,
  copyObject,
  deleteObject,
  deleteObjects,
  listObjects,
  listObjectsV2,
  listObjectVersions,
  createMultipartUpload,
  uploadPart,
  uploadPartCopy,
  completeMultipartUpload,
  abortMultipartUpload,
  listParts,
  listMultipartUploads,
  getObjectAttributes,
  getObjectTagging,
  putObjectTagging,
  deleteObjectTagging,
  getBucketTagging,
  putBucketTagging,
  deleteBucketTagging,
  getBucketNotificationConfiguration,
  putBucketNotificationConfiguration,
  getBucketCors,
  putBucketCors,
  deleteBucketCors,
  getBucketPolicy,
  putBucketPolicy,
  deleteBucketPolicy,
  getBucketPolicyStatus,
  getPublicAccessBlock,
  putPublicAccessBlock,
  deletePublicAccessBlock,
  postObject,
  getBucketLifecycleConfiguration,
  putBucketLifecycleConfiguration,
  deleteBucketLifecycle,
  getBucketEncryption,
  putBucketEncryption,
  deleteBucketEncryption,
  getBucketOwnershipControls,
  putBucketOwnershipControls,
  getBucketAcl,
  getObjectAcl,
  getBucketRequestPayment,
  getBucketAccelerateConfiguration,
  getBucketLogging,
  getBucketWebsite,
  getBucketReplication,
  getObjectLockConfiguration,
];

// S3's own names (API Reference, "Error responses") for what the door and its protocols say.
const ERROR_CODES: Readonly<Record<string, string>> = {
  AccessDeniedException: "AccessDenied",
  ExpiredTokenException: "ExpiredToken",
  IncompleteSignatureException: "AuthorizationHeaderMalformed",
  InternalFailure: "InternalError",
  InvalidParameterValueException: "InvalidArgument",
  InvalidSignatureException: "SignatureDoesNotMatch",
  MissingAuthenticationTokenException: "AccessDenied",
  RequestEntityTooLargeException: "EntityTooLarge",
  RequestTimeoutException: "RequestTimeout",
  ResourceNotFoundException: "NoSuchBucket",
  SerializationException: "InvalidArgument",
  ServiceUnavailableException: "SlowDown",
  UnrecognizedClientException: "InvalidAccessKeyId",
  ValidationException: "InvalidArgument",
};

export function s3Service(world: BucketWorld): Service {
  return service(model, world, actions, {
    isErrorBare: true,
    isStreaming: true,
    locate: locator(actions.map(({ operation }) => operation)),
    checkBody,
    otherClaim: querySignature,
    policyOf: policyOn(world),
    takesUnsigned: namesBucket(world),
    answerOrigin: answerOrigin(world),
    errorCodes: ERROR_CODES,
    replyHeaders: (requestId) => ({ "x-amz-request-id": requestId, "x-amz-id-2": requestId, server: "AmazonS3" }),
    refusal: (message) => new AwsError("NotImplemented", 501, message),
  });
}
