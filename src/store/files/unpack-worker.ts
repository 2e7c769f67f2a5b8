/** The thread that unpacks one zip file and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { unpackFile, type Unpacking } from "./place-entries.ts";

parentPort?.postMessage(unpackFile(workerData as Unpacking));
