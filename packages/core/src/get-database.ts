import { OptionsError } from "@kysely-resilient/driver"

import { assembleDatabase, type Foundations } from "./database.ts"
import { fingerprint } from "./foundation/fingerprint.ts"
import type { DatabaseOptions } from "./options.ts"
import { promised } from "./foundation/promised.ts"
import type { Database } from "./query/session.ts"
import type { Schema } from "./schema/define-schema.ts"

interface Entry {
  readonly database: object
  /** By option; what it was made with, as far as that can be compared. */
  readonly madeWith: ReadonlyMap<string, string>
}

/** In the global scope, because a module that is loaded anew has a scope of its own; so has a second copy of this package. */
const REGISTRY = Symbol.for("@kysely-resilient/core.databases.1")

/**
 * The database of this process for one URL: made by the first call, and the same for all who ask, under hot reloading
 * too. Without options: the one for `DATABASE_URL` (else `PG*`), however it was made. With options that differ from those it was
 * made with it throws an `OptionsError`: somebody would get what he did not ask for. After `close()` the next call makes a new one.
 */
export function getDatabase<DB, C>(
  options: DatabaseOptions<Schema<DB, C>> & { readonly schema: Schema<DB, C> },
): Database<DB, C>
export function getDatabase<DB>(options?: DatabaseOptions): Database<DB>
export function getDatabase<DB>(options?: DatabaseOptions<object | undefined>): Database<DB> {
  return sharedDatabase<DB>(options)
}

/** `getDatabase` on other foundations, for tests. */
export function sharedDatabase<DB>(
  options: DatabaseOptions<object | undefined> | undefined,
  foundations: Omit<Foundations, "onClose"> = {},
): Database<DB> {
  const databases = registry()
  const place = placeOf(options ?? {}, process.env)
  const existing = databases.get(place)
  if (existing !== undefined) {
    if (options !== undefined) refuseOtherOptions(existing, options)
    // Whoever names the same URL names the same tables; that is all there is to check a type argument against.
    return promised<Database<DB>>(existing.database)
  }
  const database = assembleDatabase<DB, unknown>(options ?? {}, {
    ...foundations,
    onClose: () => {
      if (databases.get(place)?.database === database) databases.delete(place)
    },
  })
  databases.set(place, { database, madeWith: printsOf(options ?? {}) })
  return database
}

function registry(): Map<string, Entry> {
  const existing: unknown = Reflect.get(globalThis, REGISTRY)
  if (existing instanceof Map) return existing
  const made = new Map<string, Entry>()
  Reflect.set(globalThis, REGISTRY, made)
  return made
}

/** Which database is meant; a digest, since there is a password in it. */
function placeOf(
  options: DatabaseOptions<object | undefined>,
  env: Readonly<Record<string, string | undefined>>,
): string {
  if ("connection" in options) return fingerprint(options.connection)
  if (env.DATABASE_URL !== undefined && env.DATABASE_URL !== "") return fingerprint(env.DATABASE_URL)
  return fingerprint(Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith("PG"))))
}

function printsOf(options: DatabaseOptions<object | undefined>): ReadonlyMap<string, string> {
  const { connection: _place, ...others } = options
  return new Map(
    Object.entries(others)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, fingerprint(value)]),
  )
}

function refuseOtherOptions(existing: Entry, options: DatabaseOptions<object | undefined>): void {
  const wanted = printsOf(options)
  const names = new Set([...wanted.keys(), ...existing.madeWith.keys()])
  const different = [...names].filter((name) => wanted.get(name) !== existing.madeWith.get(name))
  if (different.length === 0) return
  throw new OptionsError(
    different.map((path) => ({
      path,
      problem: "differs from what this process's database for the same URL was made with",
      hint: "Give getDatabase the same options everywhere, or none; for a second pool use createDatabase",
    })),
  )
}
