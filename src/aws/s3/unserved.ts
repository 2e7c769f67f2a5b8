/** Members that many S3 operations have and none of ours serves, with what to do instead. */

type Instead<Path extends string> = Readonly<Record<Path, string>>;

/** Every bucket's owner is everybody's: Object Ownership is "BucketOwnerEnforced", S3's own default, under which there are no grants. */
const NO_ACLS = "access is given by policies; leave it out";
const NO_CUSTOMER_KEYS = "objects are encrypted with the platform's own key; leave it out";
const NO_LOCK = "objects are not locked; leave it out";
const NO_PAYER = "nobody is charged; leave it out";

export const GRANTS: Instead<"GrantFullControl" | "GrantRead" | "GrantReadACP" | "GrantWriteACP"> = {
  GrantFullControl: NO_ACLS,
  GrantRead: NO_ACLS,
  GrantReadACP: NO_ACLS,
  GrantWriteACP: NO_ACLS,
};

export const CUSTOMER_KEYS: Instead<"SSECustomerAlgorithm" | "SSECustomerKey" | "SSECustomerKeyMD5"> = {
  SSECustomerAlgorithm: NO_CUSTOMER_KEYS,
  SSECustomerKey: NO_CUSTOMER_KEYS,
  SSECustomerKeyMD5: NO_CUSTOMER_KEYS,
};

export const SOURCE_KEYS: Instead<
  "CopySourceSSECustomerAlgorithm" | "CopySourceSSECustomerKey" | "CopySourceSSECustomerKeyMD5"
> = {
  CopySourceSSECustomerAlgorithm: NO_CUSTOMER_KEYS,
  CopySourceSSECustomerKey: NO_CUSTOMER_KEYS,
  CopySourceSSECustomerKeyMD5: NO_CUSTOMER_KEYS,
};

const SSE_S3 = 'say ServerSideEncryption "AES256", or nothing';

export const OTHER_ENCRYPTION: Instead<
  | "ServerSideEncryption=aws:kms"
  | "ServerSideEncryption=aws:kms:dsse"
  | "ServerSideEncryption=aws:fsx"
  | "SSEKMSKeyId"
  | "SSEKMSEncryptionContext"
  | "BucketKeyEnabled"
> = {
  "ServerSideEncryption=aws:kms": SSE_S3,
  "ServerSideEncryption=aws:kms:dsse": SSE_S3,
  "ServerSideEncryption=aws:fsx": SSE_S3,
  SSEKMSKeyId: SSE_S3,
  SSEKMSEncryptionContext: SSE_S3,
  BucketKeyEnabled: SSE_S3,
};

export const LOCKS: Instead<"ObjectLockMode" | "ObjectLockRetainUntilDate" | "ObjectLockLegalHoldStatus"> = {
  ObjectLockMode: NO_LOCK,
  ObjectLockRetainUntilDate: NO_LOCK,
  ObjectLockLegalHoldStatus: NO_LOCK,
};

export const PAYER: Instead<"RequestPayer"> = { RequestPayer: NO_PAYER };

const AT_ONCE = "objects can be read at once; say STANDARD, STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING or GLACIER_IR";

export const SLOW_STORAGE: Instead<
  | "StorageClass=GLACIER"
  | "StorageClass=DEEP_ARCHIVE"
  | "StorageClass=OUTPOSTS"
  | "StorageClass=SNOW"
  | "StorageClass=EXPRESS_ONEZONE"
  | "StorageClass=FSX_OPENZFS"
  | "StorageClass=FSX_ONTAP"
> = {
  "StorageClass=GLACIER": AT_ONCE,
  "StorageClass=DEEP_ARCHIVE": AT_ONCE,
  "StorageClass=OUTPOSTS": AT_ONCE,
  "StorageClass=SNOW": AT_ONCE,
  "StorageClass=EXPRESS_ONEZONE": AT_ONCE,
  "StorageClass=FSX_OPENZFS": AT_ONCE,
  "StorageClass=FSX_ONTAP": AT_ONCE,
};

export const OPEN_ACLS: Instead<"ACL=public-read" | "ACL=public-read-write" | "ACL=authenticated-read"> = {
  "ACL=public-read": NO_ACLS,
  "ACL=public-read-write": NO_ACLS,
  "ACL=authenticated-read": NO_ACLS,
};

export const OTHER_CHECKSUMS: Instead<"ChecksumXXHASH64" | "ChecksumXXHASH3" | "ChecksumXXHASH128"> = {
  ChecksumXXHASH64: "say CRC64NVME",
  ChecksumXXHASH3: "say CRC64NVME",
  ChecksumXXHASH128: "say CRC64NVME",
};
