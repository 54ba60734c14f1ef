import type { DatabaseError, ErrorOfKind, Schema } from "@kysely-resilient/core"
import { toDatabaseError, type ErrorKind, type Named } from "@kysely-resilient/core/testing"

import { ALL_KINDS, failureOf, type FailureFacts } from "./failures.ts"

type OwnOf<C, T extends keyof C> = C[T] extends { readonly own: infer Own } ? Own : never

/** Names of a table's constraints of one kind; any name where the schema says nothing. */
type NamesOf<C, T extends keyof C, K> = {
  [N in keyof OwnOf<C, T>]: OwnOf<C, T>[N] extends { readonly kind: K } ? N : never
}[keyof OwnOf<C, T>] &
  string

/** Kinds of errors that name a constraint, and what the schema calls such a one. */
interface Constraints {
  unique_violation: "unique"
  check_violation: "check"
  exclusion_violation: "exclusion"
  foreign_key_violation: "foreign_key"
}

/** What can be said of any error. */
export interface FakeFacts extends Omit<FailureFacts, "table" | "constraint" | "column"> {
  /** The name of its query. */
  readonly name?: string
  /** How often it was tried. Default 1. */
  readonly attempts?: number
  readonly because?: DatabaseError["because"]
}

interface AnyPlace {
  readonly table?: string
  readonly constraint?: string
  readonly column?: string
}

type PlaceIn<C, K extends keyof Constraints> = {
  [T in keyof C & string]: { readonly table: T; readonly constraint: NamesOf<C, T, Constraints[K]> }
}[keyof C & string]

type FactsOf<K, C> = K extends keyof Constraints
  ? unknown extends C
    ? FakeFacts & AnyPlace
    : FakeFacts & (PlaceIn<C, K> | { readonly table?: undefined; readonly constraint?: undefined })
  : FakeFacts & Pick<AnyPlace, "table" | "column">

/** A maker of errors for every kind there is. */
export type FakeErrors<C = unknown> = {
  readonly [K in DatabaseError["kind"]]: (facts?: FactsOf<K, C>) => ErrorOfKind<K>
}

/**
 * Real `DatabaseError`s for tests, without a database: `fake.unique_violation({ table: "users", constraint: "users_email_key" })`. With
 * a generated schema only its constraints compile. Whatever is not said of one is as it usually is.
 */
export function fakeErrors<DB, C>(schema?: Schema<DB, C>): FakeErrors<C>
export function fakeErrors(schema?: Schema<unknown>): unknown {
  return Object.freeze(Object.fromEntries(ALL_KINDS.map((kind) => [kind, makerOf(kind, schema)])))
}

function makerOf(
  kind: ErrorKind,
  schema: Schema<unknown> | undefined,
): (facts?: FakeFacts & AnyPlace) => DatabaseError {
  return ({ name, attempts = 1, because, ...facts } = {}) => {
    const { table, constraint } = facts
    const own =
      table === undefined || constraint === undefined ? undefined : schema?.constraints?.[table]?.own[constraint]
    if (schema?.constraints !== undefined && constraint !== undefined && own === undefined) {
      throw new Error(`The schema knows no constraint "${constraint}" of table "${table ?? ""}"`)
    }
    // As a real one would have it from the schema: all columns, where there are several.
    const naming =
      own === undefined || table === undefined || constraint === undefined
        ? undefined
        : (): Named => ({ table, constraint, columns: own.columns, column: null })
    return toDatabaseError(failureOf(kind, facts), {
      detail: "redact",
      naming,
      attempts,
      because,
      ...(name !== undefined && { query: { sql: "", name, parameterCount: 0 } }),
    })
  }
}
