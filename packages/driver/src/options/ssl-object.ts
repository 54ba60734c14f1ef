import { isIP } from "node:net"
import { createSecureContext, type SecureVersion } from "node:tls"

import type { TlsPlan } from "../postgres/settings.ts"
import { reasonOf } from "./certificates.ts"
import { show, type Keys, type Section } from "./check.ts"
import { PLAIN, type TlsTarget } from "./tls.ts"

const SSL_KEYS: Keys = {
  known: [
    "ca",
    "cert",
    "key",
    "passphrase",
    "pfx",
    "crl",
    "ciphers",
    "minVersion",
    "maxVersion",
    "rejectUnauthorized",
    "servername",
    "checkServerIdentity",
  ],
  hints: {
    require: "Remove it: TLS is required as soon as ssl is given",
    requestCert: "Remove it: that is for servers",
    sslmode: "Give it beside ssl instead of ssl: connection: { sslmode }",
  },
}

const VERSIONS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const satisfies readonly SecureVersion[]

/** Node's own words, where `sslmode` is libpq's: `true` or an object is TLS with certificate and name verified, unless it says otherwise. */
export function planSsl(connection: Section, target: TlsTarget): TlsPlan {
  const ssl = connection.value("ssl")
  if (ssl === false) return PLAIN
  if (ssl !== true && (typeof ssl !== "object" || ssl === null || Array.isArray(ssl))) {
    connection.wrong("ssl", `is ${show(ssl)}`, "Give true, false or an object such as { ca }")
    return PLAIN
  }
  if (target.host.startsWith("/")) {
    connection.wrong(
      "ssl",
      "is given, and PostgreSQL does no TLS over Unix sockets",
      "Remove ssl, or connect by host name",
    )
    return PLAIN
  }
  const given = ssl === true ? undefined : connection.section("ssl", SSL_KEYS)
  const rejectUnauthorized = given?.flag("rejectUnauthorized") ?? true
  const checkServerIdentity = given?.callback("checkServerIdentity", isIdentityCheck)
  const servername = given?.text("servername")
  if (servername !== undefined && isIP(target.host) === 0 && servername !== target.host) {
    given?.wrong("servername", "differs from the host, whose name pg always sends", "Remove it, or connect by address")
  }
  try {
    const secureContext = createSecureContext(given === undefined ? {} : materials(given))
    const name = servername ?? (target.name === target.host ? undefined : target.name)
    return {
      attempts: ["tls"],
      tls: {
        secureContext,
        rejectUnauthorized,
        ...(checkServerIdentity !== undefined && { checkServerIdentity }),
        ...(name !== undefined && { host: name, ...(isIP(name) === 0 && { servername: name }) }),
      },
    }
  } catch (error) {
    connection.wrong(
      "ssl",
      `holds what OpenSSL cannot use (${reasonOf(error)})`,
      "Check ca, cert, key, passphrase and pfx",
    )
    return PLAIN
  }
}

function isIdentityCheck(value: unknown): value is (hostname: string, certificate: object) => Error | undefined {
  return typeof value === "function"
}

/** What Node makes a secure context of. */
function materials(given: Section): object {
  const found: Record<string, unknown> = {
    passphrase: given.text("passphrase"),
    ciphers: given.text("ciphers"),
    minVersion: given.choice("minVersion", VERSIONS),
    maxVersion: given.choice("maxVersion", VERSIONS),
  }
  for (const key of ["ca", "cert", "key", "pfx", "crl"]) {
    const value = given.value(key)
    const parts: readonly unknown[] = Array.isArray(value) ? value : [value]
    const good = parts.every((part) => part === undefined || typeof part === "string" || part instanceof Uint8Array)
    if (good) found[key] = value
    else given.wrong(key, `is ${show(value)}`, "Give a string, a Buffer, or an array of them")
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined))
}
