/** Where the platform looks for the machine's programs. */
import { existsSync } from "node:fs";
import { join } from "node:path";

const PROGRAM_FOLDERS = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];

/** The path of whoever calls does not matter. */
export function hasSystemProgram(program: string): boolean {
  return PROGRAM_FOLDERS.some((folder) => existsSync(join(folder, program)));
}
