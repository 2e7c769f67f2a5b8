/** The syntax of names, with upstream's sentences. Each check returns what is wrong, or null. */

/** Lambda's alphabet for function names; our objects carry them as they are. */
export function functionNameFault(name: string): string | null {
  if (/^[a-zA-Z0-9-_]{1,64}$/.test(name)) return null;
  return "must have 1 to 64 letters, digits, '-' or '_'";
}

/** DynamoDB's alphabet for table names. */
export function tableNameFault(name: string): string | null {
  if (/^[a-zA-Z0-9_.-]{3,255}$/.test(name)) return null;
  return "must have 3 to 255 letters, digits, '-', '_' or '.'";
}
