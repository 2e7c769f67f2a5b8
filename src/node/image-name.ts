/** Image names as people write them and as the runtime stores them. Pure. */
import { Fault } from "#base/fault.ts";

const DEFAULT_REGISTRY = "docker.io";

/** "busybox" becomes "docker.io/library/busybox:latest", as Docker and containerd agree. */
export function fullImageName(name: string): string {
  const match = /^([A-Za-z0-9._:[\]/-]+?)(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/.exec(name);
  const repository = match?.[1] ?? "";
  if (match === null || repository === "" || /\/\/|^\/|\/$/.test(repository))
    throw new Fault("Invalid", `"${name}" is not an image name`);
  const [, , tag, digest] = match;
  const segments = repository.split("/");
  const first = segments[0] ?? "";
  const hasRegistry = segments.length > 1 && (/[.:]/.test(first) || first === "localhost");
  const path = hasRegistry ? segments.slice(1) : segments;
  if (path.some((segment) => !/^[a-z0-9]+([._-]+[a-z0-9]+)*$/.test(segment)))
    throw new Fault(
      "Invalid",
      `"${name}" is not an image name: repositories are lower-case letters, digits and separators`,
    );
  const registry = hasRegistry ? first : DEFAULT_REGISTRY;
  const full = !hasRegistry && path.length === 1 ? ["library", ...path] : path;
  return `${registry}/${full.join("/")}${tag ?? (digest === undefined ? ":latest" : "")}${digest ?? ""}`;
}
