import type { Given } from "./given.ts"
import { KEYWORDS } from "./keywords.ts"
import type { System } from "./system.ts"

export type Environment = Readonly<Record<string, string | undefined>>

/** The variables that say which database is meant. With none of them, and nothing else, nobody has said it. */
export const PLACE_VARIABLES = ["PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGDATABASE"] as const

export function variable(env: Environment, name: string): string | undefined {
  const value = env[name]
  return value === "" ? undefined : value
}

export function namesPlace(env: Environment): boolean {
  // A service says it too; that it is not supported is said elsewhere.
  return [...PLACE_VARIABLES, "PGSERVICE"].some((name) => variable(env, name) !== undefined)
}

/** libpq's variables (PostgreSQL manual, 32.15). One that is set to nothing is not set. */
export function fromEnvironment(env: Environment): Map<string, Given> {
  const found = new Map<string, Given>()
  for (const [keyword, { env: name }] of Object.entries(KEYWORDS)) {
    const value = name === undefined ? undefined : variable(env, name)
    if (name !== undefined && value !== undefined) found.set(keyword, { value, path: name })
  }
  // Older than PGSSLMODE, and still read by libpq where that is not set.
  if (!found.has("sslmode") && env["PGREQUIRESSL"]?.startsWith("1") === true) {
    found.set("sslmode", { value: "require", path: "PGREQUIRESSL" })
  }
  return found
}

/** The variables that libpq sends along as settings of the session. */
export const SETTING_VARIABLES: readonly (readonly [variable: string, setting: string])[] = [
  ["PGTZ", "timezone"],
  ["PGDATESTYLE", "datestyle"],
  ["PGGEQO", "geqo"],
]

/** Where libpq looks for a user's own file: `~/.postgresql/root.crt`, `~/.pgpass`; undefined without a home directory. */
export function userFile(name: string, env: Environment, system: System): string | undefined {
  if (system.windows) {
    const appData = variable(env, "APPDATA")
    return appData === undefined ? undefined : `${appData}\\postgresql\\${name === ".pgpass" ? "pgpass.conf" : name}`
  }
  const home = variable(env, "HOME") ?? system.homeDirectory()
  if (home === undefined) return undefined
  return name === ".pgpass" ? `${home}/.pgpass` : `${home}/.postgresql/${name}`
}
