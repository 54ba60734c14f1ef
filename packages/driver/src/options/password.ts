import { show } from "./check.ts"
import { userFile, type Environment } from "./environment.ts"
import type { System } from "./system.ts"

export type PasswordFunction = () => string | Promise<string>

export function isPasswordFunction(value: unknown): value is PasswordFunction {
  return typeof value === "function"
}

interface Wanted {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

/** Where a password can come from, the strongest first. */
export interface PasswordSources {
  readonly given: PasswordFunction | undefined
  readonly text: string | undefined
  /** libpq's `passfile`. */
  readonly file: string | undefined
}

/** Any bit for the group or for others. */
const NOT_PRIVATE = 0o077

/**
 * Answers when a server asks for a password, once per physical connection; rejects with a reason if there is none, so
 * that the failure tells more than the server's. Always a function: nothing that prints the settings prints a password,
 * and `pg` has no reason to look for one itself.
 */
export function passwordFor(
  sources: PasswordSources,
  wanted: Wanted,
  env: Environment,
  system: System,
): () => Promise<string> {
  const { given, text } = sources
  if (given !== undefined) {
    return async () => {
      const password: unknown = await given()
      if (typeof password === "string" && password !== "") return password
      throw new Error(
        `The password function in the connection options returned ${show(password)} instead of a password.`,
      )
    }
  }
  if (text !== undefined) return () => Promise.resolve(text)
  const path = sources.file ?? userFile(".pgpass", env, system)
  return async () => {
    const found = await lookUp(path, wanted, system)
    if (found.ok) return found.password
    throw new Error(
      `The server asks for a password and there is none for user ${wanted.user}: no option, no URL and no PGPASSWORD gives one, ` +
        `and ${found.why}. Give one of them.`,
    )
  }
}

type LookedUp = { readonly ok: true; readonly password: string } | { readonly ok: false; readonly why: string }

/** The first line that fits, as libpq reads it (PostgreSQL manual, 32.16). */
async function lookUp(path: string | undefined, wanted: Wanted, system: System): Promise<LookedUp> {
  if (path === undefined) return { ok: false, why: "there is no home directory to look for a password file in" }
  const file = await system.readPrivateFile(path)
  if (file.state === "missing") return { ok: false, why: `the password file ${path} does not exist` }
  if (file.state === "unreadable") return { ok: false, why: `the password file ${path} ${file.reason}` }
  if (!system.windows && (file.mode & NOT_PRIVATE) !== 0) {
    return {
      ok: false,
      why: `the password file ${path} can be read by others and is therefore ignored (chmod 0600 helps)`,
    }
  }
  const names = [pgpassHost(wanted.host), String(wanted.port), wanted.database, wanted.user]
  for (const line of file.text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue
    const fields = [...line.matchAll(/((?:[^:\\]|\\.|\\$)*)(?::|$)/g)].map(([, field = ""]) =>
      field.replaceAll(/\\(.)/g, "$1"),
    )
    const password = fields[4]
    const fits = names.every((name, index) => fields[index] === "*" || fields[index] === name)
    if (fits && password !== undefined && password !== "") return { ok: true, password }
  }
  return { ok: false, why: `the password file ${path} has no line for this host, port, database and user` }
}

/** A server reached through the usual socket directory is called localhost there. */
function pgpassHost(host: string): string {
  return host === "/var/run/postgresql" || host === "/tmp" ? "localhost" : host
}
