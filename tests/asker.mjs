/** Asks a gateway for one page over new connections, about fifty times a second, until its input ends; prints what it counted. */
import { request } from "node:http";

const [port, host, path] = process.argv.slice(2);
let isStopping = false;
const counted = { asked: 0, failed: 0, failures: [] };
process.stdin.on("end", () => (isStopping = true)).resume();
process.stdout.write("started\n");

function ask() {
  return new Promise((resolve) => {
    const outgoing = request(
      { host: "127.0.0.1", port, path, headers: { host }, agent: false, timeout: 20_000 },
      (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode === 200 ? null : `HTTP ${response.statusCode}`));
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error("timed out")));
    outgoing.on("error", (error) => resolve(error.message));
    outgoing.end();
  });
}

while (!isStopping) {
  const failure = await ask();
  counted.asked++;
  if (failure !== null) {
    counted.failed++;
    if (counted.failures.length < 5) counted.failures.push(failure);
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
}
process.stdout.write(`${JSON.stringify(counted)}\n`);
