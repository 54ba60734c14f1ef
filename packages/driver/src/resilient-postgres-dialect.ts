import type { DatabaseIntrospector, Dialect, DialectAdapter, Driver, Kysely, QueryCompiler } from "kysely"

import { createEngine } from "./assemble.ts"
import type { Engine } from "./engine.ts"
import type { DriverOptions } from "./options.ts"
import type { DriverSnapshot } from "./snapshot.ts"

/**
 * A drop-in for Kysely's `PostgresDialect` that reconnects, repairs transaction state and repeats what is safe to repeat.
 * Never connects by itself; the first query does. Throws `OptionsError`, with every problem in it, for bad options.
 *
 * ```ts
 * const db = new Kysely<DB>({ dialect: new ResilientPostgresDialect({ connection: process.env.DATABASE_URL }) })
 * ```
 */
export class ResilientPostgresDialect implements Dialect {
  readonly #engine: Engine
  readonly #dialect: Dialect

  constructor(options: DriverOptions = {}) {
    this.#engine = createEngine(options)
    this.#dialect = this.#engine.dialect()
  }

  /** The state of pool and metrics, as plain data. */
  snapshot(): DriverSnapshot {
    return this.#engine.snapshot()
  }

  createDriver(): Driver {
    return this.#dialect.createDriver()
  }

  createQueryCompiler(): QueryCompiler {
    return this.#dialect.createQueryCompiler()
  }

  createAdapter(): DialectAdapter {
    return this.#dialect.createAdapter()
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- Kysely's own signature
  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return this.#dialect.createIntrospector(db)
  }
}
