/**
 * Whatever somebody else's message quotes, the password is not shown: neither as it was written nor as it was meant, nor
 * what is taken for a host or a database where it holds what should have been escaped.
 */
export function withoutPassword(message: string, connection: string | undefined, ofEnvironment?: string): string {
  const secrets = [...passwordsIn(connection ?? ""), ofEnvironment ?? ""].filter((secret) => secret !== "")
  // The longest first: what is a part of another would leave the rest of it.
  const longestFirst = secrets.toSorted((a, b) => b.length - a.length)
  return longestFirst.reduce((text, secret) => text.replaceAll(secret, "…"), message)
}

/** Shorter parts say nothing, and stand in many a word. */
const partMin = 3

function passwordsIn(connection: string): readonly string[] {
  const written = /^[^:]+:\/\/[^:@/]*:(?<password>.*)@/s.exec(connection)?.groups?.["password"] ?? ""
  const asked = /[?&]password=(?<password>[^&]*)/.exec(connection)?.groups?.["password"] ?? ""
  const parts = written.split(/[/?#@:]/).filter((part) => part.length >= partMin)
  return [written, decoded(written), asked, decoded(asked), ...parts, ...parts.map(decoded)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
