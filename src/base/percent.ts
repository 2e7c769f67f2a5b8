/** Percent-encoding (RFC 3986 2.1), for text that may not be well formed. */

/** What cannot be decoded stays as it is: a malformed percent sign is whoever reads the text's to judge. */
export function decodePercent(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
