import { failed, success, type Failure, type Outcome } from "../failure/failure.ts"
import { passwordFailed } from "../failure/local.ts"
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
 * Answers when a server asks for a password, once per physical connection, or says why there is none, which tells more
 * than the server would. Always a function: nothing that prints the settings prints a password, and `pg` has no reason
 * to look for one itself.
 */
export function passwordFor(
  { given, text, file }: PasswordSources,
  wanted: Wanted,
  env: Environment,
  system: System,
): () => Promise<Outcome<string>> {
  if (given !== undefined) return () => ask(given)
  if (text !== undefined) return () => Promise.resolve(success(text))
  const path = file ?? userFile(".pgpass", env, system)
  return async () => {
    const found = await lookUp(path, wanted, system)
    return found.ok ? success(found.password) : failed(noPassword(wanted.user, found.why))
  }
}

async function ask(given: PasswordFunction): Promise<Outcome<string>> {
  try {
    const password: unknown = await given()
    if (typeof password === "string" && password !== "") return success(password)
    const message = `The function that gives the password returned ${show(password)} instead of one.`
    return failed({ ...passwordFailed(new TypeError(message)), message })
  } catch (cause) {
    return failed(passwordFailed(cause))
  }
}

function noPassword(user: string, why: string): Failure {
  return {
    kind: "authentication_failed",
    blame: "client",
    retry: "never",
    pace: "slow",
    connection: "discard",
    effect: "not_applied",
    origin: "client",
    phase: "connect",
    message:
      `The server asks for a password, and there is none for user ${user}: no option, no connection string and no ` +
      `PGPASSWORD gives one, and ${why}. Give one of them.`,
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
