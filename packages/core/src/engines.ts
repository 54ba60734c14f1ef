import type { Engine } from "@kysely-resilient/driver"

const engines = new WeakMap<object, Engine>()

/** What a database stands on; for tests, which make it fail. Undefined for what is no database of this copy of the package. */
export function engineOf(database: object): Engine | undefined {
  return engines.get(database)
}

export function standsOn(database: object, engine: Engine): void {
  engines.set(database, engine)
}
