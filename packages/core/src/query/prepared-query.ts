import type { Compilable, CompiledQuery, RawBuilder } from "kysely"

/** What a builder may give: all that is a query without being prepared already. */
export type Preparable<O = unknown> = Compilable<O> | RawBuilder<O> | CompiledQuery<O>

/** How a query is built; one for all calls, so that what was compiled of it can be found again. */
export interface Recipe<Q extends Preparable = Preparable> {
  readonly name: string
  // A builder for one database is handed to another one's sessions, as any query of Kysely's may be.
  readonly build: (...given: never) => Q
}

/** A named query with its parameters: a value, which any session runs. */
export interface PreparedQuery<Q extends Preparable = Preparable> {
  /** Reaches errors, events and traces, unless the call gives a name of its own. */
  readonly name: string
  readonly "~recipe": Recipe<Q>
  readonly "~parameters": readonly unknown[]
}

export function isPrepared(query: object): query is PreparedQuery {
  return "~recipe" in query
}
