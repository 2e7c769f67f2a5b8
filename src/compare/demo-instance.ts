/** What the demo needs of a running instance; main/ brings it together. */
import type { Clock } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import type { Stop } from "#base/stop.ts";
import type { Objects } from "#deck/objects.ts";
import type { Usage, UsageWindow } from "#metering/usage.ts";
import type { AwsClient } from "./aws-client.ts";

export interface DemoInstance {
  readonly objects: Objects;
  readonly aws: AwsClient;
  /** What was metered, read from the running instance. */
  readonly usage: {
    read(window: UsageWindow, is?: Usage["is"]): AsyncIterable<Usage>;
    functions(): Promise<readonly { readonly name: string; readonly running: number; readonly idle: number }[]>;
  };
  readonly gateway: { readonly host: string; readonly port: number };
  /** Builds an image from a folder with a Dockerfile and loads it on every node. */
  readonly buildImage: (folder: string, tag: string) => Promise<void>;
  /** Bundles an entry file with its dependencies into one ES module. */
  readonly bundle: (entry: string, outFile: string) => Promise<void>;
  /** The AWS endpoint as pods reach it, with the credentials that they use. */
  readonly podAws: {
    readonly endpoint: string;
    readonly region: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
  /** The folder of examples/users-api. */
  readonly example: string;
  /** Where the demo may write: bundles, the report. */
  readonly workFolder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly stop: Stop;
  readonly progress: Progress;
}

/** What a person sees while it runs. */
export interface Progress {
  /** Starts a step; the returned function ends it with a note. */
  step(title: string): (note?: string) => void;
  /** One line that is drawn over and over while something runs. */
  live(line: string): void;
  /** A line that stays. */
  say(line: string): void;
}
