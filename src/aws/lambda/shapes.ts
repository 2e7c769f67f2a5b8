/** Input shapes that several Lambda actions share (Lambda API Reference). */
import type { Shape } from "../untyped-shape.ts";

export const text: Shape = { is: "string" };
export const architectures: Shape = { is: "list", of: { is: "string", enum: ["x86_64", "arm64"] }, min: 1, max: 1 };

export const code: Readonly<Record<string, Shape>> = {
  ZipFile: { is: "blob" },
  S3Bucket: text,
  S3Key: text,
  S3ObjectVersion: text,
  ImageUri: text,
  SourceKMSKeyArn: text,
};

/** The members of CreateFunction and UpdateFunctionConfiguration that say how a function runs. */
export const configuration: Readonly<Record<string, Shape>> = {
  Role: { is: "string", pattern: "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+" },
  Handler: { is: "string", max: 128, pattern: "[^\\s]+" },
  Description: { is: "string", max: 256 },
  Timeout: { is: "integer", min: 1, max: 900 },
  MemorySize: { is: "integer", min: 128, max: 10_240 },
  Runtime: text,
  Environment: {
    is: "structure",
    // A few thousand names fit into the 4 KB that there are.
    members: { Variables: { is: "map", of: text, max: 4_096 } },
  },
  EphemeralStorage: {
    is: "structure",
    members: { Size: { is: "integer", min: 512, max: 10_240 } },
    required: ["Size"],
  },
  LoggingConfig: {
    is: "structure",
    members: {
      LogFormat: { is: "string", enum: ["Text", "JSON"] },
      ApplicationLogLevel: text,
      SystemLogLevel: text,
      LogGroup: { is: "string", min: 1, max: 512, pattern: "[\\.\\-_/#A-Za-z0-9]+" },
    },
  },
  TracingConfig: { is: "structure", members: { Mode: { is: "string", enum: ["PassThrough", "Active"] } } },
  VpcConfig: { is: "any" },
  DeadLetterConfig: { is: "any" },
  KMSKeyArn: text,
  Layers: { is: "list", of: text, max: 5 },
  FileSystemConfigs: { is: "any" },
  ImageConfig: { is: "any" },
  SnapStart: { is: "structure", members: { ApplyOn: { is: "string", enum: ["PublishedVersions", "None"] } } },
};
