/** What src/aws/SERVICE/operations.ts says to tools/gen-aws.ts: which operations we serve, and which shapes the service reads itself. */

export interface Listed {
  /** botocore's folder of the service and of the version of its API. */
  readonly service: string;
  readonly version: string;
  readonly operations: readonly string[];
  /** Shapes, or members as "Shape.Member", that go through as the JSON that they are: an engine reads them. */
  readonly opaque?: readonly string[];
  /** Blobs, as shapes or members, that stay the base64 that came: as text, or as its bytes when they are many. */
  readonly encoded?: readonly string[];
  /**
   * Shapes of which an action checks the values (`enum`, `pattern`, `min`, `max`), because it has words of its own for them;
   * members as "Shape.Member" of which it checks that they are there.
   */
  readonly open?: readonly string[];
  /** Root elements of XML answers, by their shapes, where they are not called as the shape is: the model does not say it. */
  readonly roots?: Readonly<Record<string, string>>;
  /** Enums in the order in which AWS's sentences have them, where that is not the model's. */
  readonly order?: Readonly<Record<string, readonly string[]>>;
}
