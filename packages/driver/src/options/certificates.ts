import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto"

import { userFile, type Environment } from "./environment.ts"
import type { GivenSettings } from "./given.ts"
import type { System } from "./system.ts"

const PEM_FILE = "Give the path of a PEM file"

/** The client's own certificate and its private key, PEM. */
export interface Identity {
  readonly cert: string
  readonly key: string
  readonly passphrase?: string
}

/** Whom to trust: what `sslrootcert` says, else libpq's own place. `undefined`: there is nothing to verify with. */
export function readRoots(given: GivenSettings, env: Environment, system: System): readonly string[] | undefined {
  const named = given.value("sslrootcert")
  if (named === "system") return system.trustedRoots()
  const path = named ?? existing(userFile("root.crt", env, system), system)
  const pem = path === undefined ? undefined : readCertificate(given, "sslrootcert", path, system)
  return pem === undefined ? undefined : [pem]
}

/** Certificate and key come together, each from where it was said to be, else from libpq's own place. */
export function readIdentity(given: GivenSettings, env: Environment, system: System): Identity | undefined {
  const certPath = given.value("sslcert") ?? existing(userFile("postgresql.crt", env, system), system)
  const keyPath = given.value("sslkey") ?? existing(userFile("postgresql.key", env, system), system)
  if (certPath === undefined) {
    return given.has("sslkey")
      ? given.wrong("sslkey", "is given, and its certificate is not", "Give sslcert as well")
      : undefined
  }
  if (keyPath === undefined) {
    return given.wrong("sslcert", `is ${certPath}, and there is no private key for it`, "Give sslkey as well")
  }
  const cert = readCertificate(given, "sslcert", certPath, system)
  const key = readPem(given, "sslkey", keyPath, system)
  if (cert === undefined || key === undefined) return undefined

  const passphrase = given.value("sslpassword")
  const privateKey = readKey(key, passphrase)
  if (typeof privateKey === "string") {
    const hint =
      passphrase === undefined ? `${PEM_FILE}, and sslpassword if it is encrypted` : "Check sslkey and sslpassword"
    return given.wrong("sslkey", `names ${keyPath}, which cannot be used as a private key (${privateKey})`, hint)
  }
  if (!new X509Certificate(cert).checkPrivateKey(privateKey)) {
    return given.wrong(
      "sslkey",
      `names ${keyPath}, which does not belong to ${certPath}`,
      "Give the key of this certificate",
    )
  }
  return { cert, key, ...(passphrase !== undefined && { passphrase }) }
}

export function readPem(given: GivenSettings, keyword: string, path: string, system: System): string | undefined {
  const file = system.readFile(path)
  if (!file.ok) return given.wrong(keyword, `names ${path}, which ${file.reason}`, PEM_FILE)
  const text = Buffer.from(file.bytes).toString("latin1")
  if (text.includes("-----BEGIN ")) return text
  return given.wrong(keyword, `names ${path}, which is no PEM file`, PEM_FILE)
}

/** OpenSSL silently ignores what is no certificate; whoever named a file wants to know. */
function readCertificate(given: GivenSettings, keyword: string, path: string, system: System): string | undefined {
  const pem = readPem(given, keyword, path, system)
  try {
    if (pem !== undefined) void new X509Certificate(pem)
    return pem
  } catch (error) {
    return given.wrong(keyword, `names ${path}, which holds no readable certificate (${reasonOf(error)})`, PEM_FILE)
  }
}

function readKey(key: string, passphrase: string | undefined): KeyObject | string {
  try {
    // Without a passphrase of its own OpenSSL would take an empty one; either way it refuses a key that is encrypted.
    return createPrivateKey({ key, passphrase: passphrase ?? "" })
  } catch (error) {
    return reasonOf(error)
  }
}

function existing(path: string | undefined, system: System): string | undefined {
  return path !== undefined && system.readFile(path).ok ? path : undefined
}

export function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error)
}
