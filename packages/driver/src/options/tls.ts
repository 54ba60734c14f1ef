import { isIP } from "node:net"
import { createSecureContext, type SecureContext, type SecureVersion } from "node:tls"

import type { TlsPlan } from "../postgres/settings.ts"
import { readIdentity, readPem, readRoots, reasonOf } from "./certificates.ts"
import { userFile, type Environment } from "./environment.ts"
import type { GivenSettings } from "./given.ts"
import type { System } from "./system.ts"

export const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const
export type SslMode = (typeof SSL_MODES)[number]

/** What TLS needs to know of the place to connect to. */
export interface TlsTarget {
  /** The name that the server's certificate must carry; undefined if there is only an address to dial (`hostaddr`). */
  readonly name: string | undefined
  /** What is dialled. */
  readonly host: string
}

export const PLAIN: TlsPlan = { attempts: ["plain"] }

const ATTEMPTS: Readonly<Record<SslMode, TlsPlan["attempts"]>> = {
  disable: ["plain"],
  allow: ["plain", "tls"],
  prefer: ["tls", "plain"],
  require: ["tls"],
  "verify-ca": ["tls"],
  "verify-full": ["tls"],
}

/** Parameters that mean nothing without TLS. */
const TLS_ONLY = [
  "sslrootcert",
  "sslcert",
  "sslkey",
  "sslpassword",
  "sslcrl",
  "ssl_min_protocol_version",
  "ssl_max_protocol_version",
] as const

const VERSIONS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const satisfies readonly SecureVersion[]

/**
 * libpq's `sslmode` (PostgreSQL manual, 32.19), but for its absence, which means no TLS here, as with pg, and not
 * `prefer`. The files are read now, so that what is wrong with them is known now. As in libpq a root certificate, where
 * there is one, is used: in every mode the server's certificate must then be signed by it, and only `verify-full` also
 * checks the name. Stricter than libpq in one thing: a file that was named and is missing is an error in every mode.
 */
export function planTls(given: GivenSettings, target: TlsTarget, env: Environment, system: System): TlsPlan {
  const mode = modeOf(given)
  // TLS is not for Unix sockets, whatever the mode says; as in libpq.
  if (mode === undefined || mode === "disable" || target.host.startsWith("/")) return PLAIN

  const roots = readRoots(given, env, system)
  if (mode.startsWith("verify") && roots === undefined && !given.has("sslrootcert")) {
    given.wrong(
      "sslmode",
      `is ${mode}, and there is no root certificate to verify with (${userFile("root.crt", env, system) ?? "root.crt"} does not exist)`,
      "Give sslrootcert=/path/of/root.crt; or sslrootcert=system, for a certificate that browsers would trust as well",
    )
  }
  if (mode === "verify-full" && target.name === undefined) {
    given.wrong("sslmode", "is verify-full, and hostaddr alone has no name to verify", "Give host as well")
  }
  const secureContext = contextOf(given, roots, env, system)
  if (secureContext === undefined) return PLAIN
  const { name } = target
  return {
    attempts: ATTEMPTS[mode],
    tls: {
      secureContext,
      rejectUnauthorized: roots !== undefined,
      ...(mode !== "verify-full" && { checkServerIdentity: () => undefined }),
      ...(name !== undefined && name !== target.host && { host: name, ...(isIP(name) === 0 && { servername: name }) }),
    },
  }
}

function modeOf(given: GivenSettings): SslMode | undefined {
  const isSystem = given.value("sslrootcert") === "system"
  const pgOnly =
    given.value("sslmode") === "no-verify"
      ? "That is pg's own. Write sslmode=require, which encrypts, and verifies only where there is a root certificate"
      : undefined
  const mode = given.choice("sslmode", SSL_MODES, pgOnly)
  if (mode !== undefined && isSystem && mode !== "verify-full" && mode !== "disable") {
    // Anybody can get a certificate from somebody whom everybody trusts: without the name it proves nothing.
    return given.wrong("sslmode", `is ${mode}, which is too weak for sslrootcert=system`, "Write sslmode=verify-full")
  }
  if (mode !== undefined || given.has("sslmode")) return mode
  if (isSystem) return "verify-full"
  const useless = TLS_ONLY.find((keyword) => given.has(keyword))
  if (useless === undefined) return undefined
  return given.wrong(
    useless,
    "means nothing without TLS, and without an sslmode there is none",
    "Give sslmode=verify-full as well",
  )
}

/** Made once: every connection shares it, and the private key stays inside. */
function contextOf(
  given: GivenSettings,
  roots: readonly string[] | undefined,
  env: Environment,
  system: System,
): SecureContext | undefined {
  const identity = readIdentity(given, env, system)
  const listPath = given.value("sslcrl")
  const crl = listPath === undefined ? undefined : readPem(given, "sslcrl", listPath, system)
  const minVersion = given.choice("ssl_min_protocol_version", VERSIONS)
  const maxVersion = given.choice("ssl_max_protocol_version", VERSIONS)
  if (minVersion !== undefined && maxVersion !== undefined && minVersion > maxVersion) {
    return given.wrong(
      "ssl_min_protocol_version",
      "is above ssl_max_protocol_version",
      "Lower the one or raise the other",
    )
  }
  try {
    return createSecureContext({
      ...(roots !== undefined && { ca: [...roots] }),
      ...identity,
      ...(crl !== undefined && { crl }),
      ...(minVersion !== undefined && { minVersion }),
      ...(maxVersion !== undefined && { maxVersion }),
    })
  } catch (error) {
    return given.wrong(
      "sslmode",
      `leads to TLS settings that OpenSSL refuses (${reasonOf(error)})`,
      "Correct the ssl… settings",
    )
  }
}
