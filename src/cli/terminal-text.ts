/** Foreign text for a terminal: what could move its cursor, change its title or answer in its name is shown, not sent. Pure. */

// All control characters (C0 without tab, DEL, C1: ECMA-48 5.2 and 5.3), except the beginning of a colour: CSI … m.
// oxlint-disable-next-line no-control-regex -- that is what is looked for
const CONTROL = /\u001b\[[0-9;:]{0,32}m|[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;

/** One line, without its end. Colours stay, and end with the line. */
export function terminalText(line: string): string {
  let hasColour = false;
  const shown = line.replace(CONTROL, (found) => {
    if (found.length === 1) return `\\x${found.charCodeAt(0).toString(16).padStart(2, "0")}`;
    hasColour = true;
    return found;
  });
  return hasColour ? `${shown}\u001b[0m` : shown;
}
