/** `npm start`: sets the machine up, then the platform with the demo in the foreground (`-- --no-demo`: only the platform). */
import { join } from "node:path";
import { root } from "./node.mjs";
import { setUp } from "./set-up.mjs";

if (setUp()) {
  const words = process.argv.slice(2);
  process.argv = [
    process.argv[0],
    join(root, "tools", "catamaran.mjs"),
    "up",
    ...(words.includes("--no-demo") ? [] : ["--demo"]),
    ...words,
  ];
  // In this process: one less between the terminal and the platform.
  await import("./catamaran.mjs");
} else {
  process.exitCode = 1;
}
