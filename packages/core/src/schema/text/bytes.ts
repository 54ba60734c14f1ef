/** Reads bytea in both forms that `bytea_output` can have: `\x0aff`, and text with the rest as octal numbers. */
export function parseBytes(text: string): Buffer {
  if (text.startsWith("\\x")) return Buffer.from(text.slice(2), "hex")
  const bytes = text.replaceAll(/\\(?:(\\)|([0-3][0-7]{2}))/g, (_, backslash: string | undefined, octal: string) =>
    backslash === undefined ? String.fromCharCode(Number.parseInt(octal, 8)) : backslash,
  )
  return Buffer.from(bytes, "latin1")
}
