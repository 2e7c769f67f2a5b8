/** Where a request's bucket and key stand: in the path, or the bucket in the name of the host (Amazon S3 User Guide, "Virtual hosting"). Pure. */
import { AwsError } from "../aws-error.ts";
import type { Operation } from "../operation.ts";
import type { SignedHead } from "../sign.ts";

/** The head in path style, with the parameters of a presigned URL that are headers as such. */
export function locator(operations: readonly Operation[]): (head: SignedHead) => SignedHead {
  const served = new Set(operations.flatMap(subresourcesOf));
  return (head) => {
    checkSubresource(head, served);
    return { ...head, path: pathOf(head), headers: hoisted(head) };
  };
}

/** The path in path style. */
export function pathOf({ path, headers }: SignedHead): string {
  const bucket = bucketInHost(headers["host"] ?? "");
  return bucket === null ? path : `/${bucket}${path}`;
}

/** "GET tagging" of an operation that asks "?tagging". */
function subresourcesOf({ method, uri, request }: Operation): readonly string[] {
  const literals = [...new URLSearchParams(uri.split("?")[1] ?? "").keys()];
  const members = request.query.map(({ key }) => key).filter((key) => KNOWN.has(key));
  return [...literals, ...members].map((name) => `${method} ${name}`);
}

// "s3.localhost", "s3.us-east-1.localhost.localstack.cloud", "s3-us-west-2.amazonaws.com", "s3.dualstack.us-east-1.amazonaws.com".
const SERVICE_HOST = /^(?:(.+)\.)?s3(?:[.-][a-z0-9.-]+)?\.(?:localhost|amazonaws\.com|amazonaws\.com\.cn)$/;

/** Null for a host that names no bucket: an address, "localhost", the service's own name. */
export function bucketInHost(host: string): string | null {
  const name = host.toLowerCase().replace(/:\d+$/, "");
  const ofService = SERVICE_HOST.exec(name);
  if (ofService !== null) return ofService[1] ?? null;
  return /^(.+)\.localhost$/.exec(name)?.[1] ?? null;
}

// What of this is not served is refused, so that no request for it is taken for one about the bucket or object itself.
const KNOWN: ReadonlySet<string> = new Set(
  (
    "accelerate acl analytics attributes cors delete encryption intelligent-tiering inventory legal-hold lifecycle location logging " +
    "metadataConfiguration metadataTable metrics notification object-lock ownershipControls partNumber policy policyStatus " +
    "publicAccessBlock renameObject replication requestPayment restore retention select select-type session tagging torrent uploadId " +
    "uploads versioning versions website"
  ).split(" "),
);

function checkSubresource({ query, method }: SignedHead, served: ReadonlySet<string>): void {
  if (query === "") return;
  for (const pair of query.split("&")) {
    const name = pair.split("=")[0] ?? "";
    if (KNOWN.has(name) && !served.has(`${method} ${name}`))
      throw new AwsError("NotImplemented", 501, `${method} ?${name} is not supported by Catamaran`);
  }
}

/** SDKs move what would be headers into the query of a presigned URL, where it is signed with it. */
function hoisted({ query, headers }: SignedHead): SignedHead["headers"] {
  if (!/(^|&)(X-Amz-)?Signature=/.test(query)) return headers;
  const moved = [...new URLSearchParams(query)]
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => (name.startsWith("x-amz-") && !SIGNING.has(name)) || name === "content-type");
  return { ...Object.fromEntries(moved), ...headers };
}

const SIGNING: ReadonlySet<string> = new Set(
  ["algorithm", "credential", "date", "expires", "signature", "signedheaders", "content-sha256"].map(
    (name) => `x-amz-${name}`,
  ),
);
