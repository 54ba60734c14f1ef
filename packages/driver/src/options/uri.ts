import { unreadable, type ParsedString } from "./parsed-string.ts"

const ENCODE =
  "Percent-encode what is special in user and password: % as %25, / as %2F, @ as %40, : as %3A, ? as %3F, # as %23"

/**
 * What follows `postgres://`, by libpq's grammar (PostgreSQL manual, 32.1.1.2) and not WHATWG's: a host may be empty or a
 * percent-encoded directory, and a `+` is a `+`. Laxer than libpq in one thing: the last `@` before the first `/` ends
 * the password, since a host has none. Stricter in one: no raw `@` after that, where it would mean that a `/` in the
 * password was read as the end of the host, and the password's rest would turn up as the database's name.
 */
export function parseUri(rest: string): ParsedString {
  const slash = rest.indexOf("/")
  const head = slash < 0 ? rest : rest.slice(0, slash)
  const at = head.lastIndexOf("@")
  const [, hostPart = "", pathPart, queryPart] = /^([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(rest.slice(at + 1)) ?? []
  if (pathPart?.includes("@") === true || queryPart?.includes("@") === true) {
    return unreadable("has an unencoded @ behind the host", ENCODE)
  }

  const raw: (readonly [keyword: string, value: string])[] = []
  if (at >= 0) {
    const userinfo = head.slice(0, at)
    const colon = userinfo.indexOf(":")
    raw.push(["user", colon < 0 ? userinfo : userinfo.slice(0, colon)])
    if (colon >= 0) raw.push(["password", userinfo.slice(colon + 1)])
  }
  const found = splitHost(hostPart)
  if (typeof found === "string") return unreadable(found, at < 0 ? ENCODE : "Write the host as name:5432 or [::1]:5432")
  raw.push(["host", found.host], ["port", found.port])
  if (pathPart !== undefined) raw.push(["dbname", pathPart])

  const values = new Map<string, string>()
  for (const [keyword, value] of raw) {
    const decoded = decode(value)
    if (decoded === undefined)
      return unreadable("has a % that does not begin a percent-encoded UTF-8 character", ENCODE)
    if (decoded !== "") values.set(keyword, decoded)
  }
  return queryPart === undefined || queryPart === ""
    ? { ok: true, values, names: "quotable" }
    : readQuery(queryPart, values)
}

/** The port stays text: it is checked with the others. */
function splitHost(part: string): { readonly host: string; readonly port: string } | string {
  if (part.includes(",")) return "names several hosts, which this driver cannot use yet"
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(part)
  if (bracketed !== null) return place(bracketed[1] ?? "", bracketed[2] ?? "")
  if (part.includes("[") || part.includes("]")) return "has a bracket in its host that belongs to no IPv6 address"
  const [host = "", port = "", ...more] = part.split(":")
  return more.length > 0 ? "has more than one colon in its host" : place(host, port)
}

/** Not quoted in the message: without an `@` it may be the password. */
function place(host: string, port: string): { readonly host: string; readonly port: string } | string {
  return /^\d*$/.test(port) ? { host, port } : "has a port that is no number"
}

/** Parameters win over what stands before the `?`, as libpq has it: `postgres://u@localhost/db?host=/cloudsql/x`. */
function readQuery(query: string, before: ReadonlyMap<string, string>): ParsedString {
  const values = new Map(before)
  const seen = new Map<string, string>()
  for (const [index, pair] of query.split("&").entries()) {
    const [rawName = "", rawValue, ...more] = pair.split("=")
    const name = decode(rawName)
    const value = decode(rawValue ?? "")
    const nth = `parameter ${index + 1} behind the ?`
    if (name === undefined || value === undefined) return unreadable(`has a stray % in ${nth}`, "Write % as %25")
    if (name === "" || rawValue === undefined)
      return unreadable(`has no name=value in ${nth}`, "Write name=value&name=value")
    if (more.length > 0) return unreadable(`has a second = in ${nth}`, "Write the = in a value as %3D")
    if (seen.has(name) && seen.get(name) !== value) {
      return unreadable(`has two different values for one name, the second in ${nth}`, "Keep one of them")
    }
    seen.set(name, value)
    values.set(name, value)
  }
  return { ok: true, values, names: seen.has("password") || seen.has("sslpassword") ? "secret" : "quotable" }
}

function decode(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text)
    return decoded.includes("\0") ? undefined : decoded
  } catch {
    return undefined
  }
}
