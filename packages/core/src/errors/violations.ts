import type {
  CheckViolation,
  ExclusionViolation,
  ForeignKeyViolation,
  IntegrityConstraintViolation,
  NotNullViolation,
  UniqueViolation,
} from "./constraint.ts"
import type { CallbackThrew } from "./bug.ts"
import type { OtherError, QueryError } from "./database-error.ts"

/** What a schema, a database or a session says of its constraints; what is none of them says it itself. */
export type ConstraintsOf<S> = "~types" extends keyof S
  ? S extends { readonly "~types"?: { readonly constraints: infer C } }
    ? C
    : unknown
  : S

/** The tables whose constraints are known. */
export type ConstrainedTable<S> = keyof ConstraintsOf<S> & string

/**
 * What an INSERT into a table can fail with: `InsertError<typeof schema, "users">`, or `InsertError<typeof db, "users">`. A violation
 * of each of its own constraints by name, with its columns; of any other, as one of a trigger's, with `constraint: null`.
 */
export type InsertError<S, T extends ConstrainedTable<S>> =
  | OwnViolation<ConstraintsOf<S>, T>
  | NotNullViolation<RequiredColumn<ConstraintsOf<S>, T> | null>
  | UnnamedViolation
  | OtherError

/** What an UPDATE or a MERGE of a table can fail with: what an INSERT can, and the foreign keys that point there. */
export type UpdateError<S, T extends ConstrainedTable<S>> =
  | OwnViolation<ConstraintsOf<S>, T>
  | InboundViolation<ConstraintsOf<S>, T>
  | NotNullViolation<RequiredColumn<ConstraintsOf<S>, T> | null>
  | UnnamedViolation
  | OtherError

/**
 * What a DELETE from a table can fail with: the foreign keys that point there. Where such a key is ON DELETE SET NULL, its column may
 * refuse null.
 */
export type DeleteError<S, T extends ConstrainedTable<S>> =
  | InboundViolation<ConstraintsOf<S>, T>
  | NotNullViolation<InboundColumn<ConstraintsOf<S>, T> | null>
  | UnnamedViolation
  | OtherError

/**
 * What a callback's operation can fail with of itself: a transaction, a savepoint, a pinned connection. Constraints that are checked
 * at COMMIT only are the transaction's own: `TransactionError<typeof schema>` has them by name.
 */
export type TransactionError<S = unknown> =
  unknown extends ConstraintsOf<S> ? QueryError | CallbackThrew : CommitError<ConstraintsOf<S>>

type CommitError<C> =
  | { [T in keyof C]: DeferredViolation<Part<C, T, "own">, T> }[keyof C]
  | NotNullViolation<null>
  | UnnamedViolation
  | OtherError
  | CallbackThrew

/** The names of the constraints that an error's type knows. */
export type ConstraintOf<E> = E extends { readonly constraint: infer N } ? Exclude<N, null> : never

/** The members of an error's type for one constraint. */
export type ViolationOf<E, N> = E extends { readonly constraint: infer Name } ? (N extends Name ? E : never) : never

/** A violation of something that the schema does not promise. */
type UnnamedViolation =
  | UniqueViolation<null>
  | ForeignKeyViolation<null>
  | CheckViolation<null>
  | ExclusionViolation<null>
  | IntegrityConstraintViolation<null>

/** By the word that a schema has for the kind of a constraint. */
interface ByKind<N extends string, Columns extends readonly string[], T extends string> {
  readonly unique: UniqueViolation<N, Columns, T>
  readonly check: CheckViolation<N, Columns, T>
  readonly exclusion: ExclusionViolation<N, Columns, T>
  readonly foreign_key: ForeignKeyViolation<N, Columns, T>
}

type Part<C, T extends keyof C, P extends string> = C[T] extends { readonly [K in P]: infer Found } ? Found : never

type Violation<N, D, T> = D extends {
  readonly kind: infer K extends keyof ByKind<"", [], "">
  readonly columns: infer Columns extends readonly string[]
}
  ? ByKind<N & string, Columns, T & string>[K]
  : never

// Per table of a union of tables: a DELETE's type does not tell its target from what it uses.

type OwnViolation<C, T> = { [K in T & keyof C]: Own<Part<C, K, "own">, K> }[T & keyof C]
type Own<P, T> = { [N in keyof P]: Violation<N, P[N], T> }[keyof P]

type InboundViolation<C, T> = { [K in T & keyof C]: Inbound<Part<C, K, "inbound">> }[T & keyof C]
type Inbound<P> = { [N in keyof P]: P[N] extends { readonly table: infer T } ? Violation<N, P[N], T> : never }[keyof P]

type DeferredViolation<P, T> = {
  [N in keyof P]: P[N] extends { readonly deferrable: true } ? Violation<N, P[N], T> : never
}[keyof P]

type RequiredColumn<C, T> = { [K in T & keyof C]: Part<C, K, "notNull"> & string }[T & keyof C]

type InboundColumn<C, T> = { [K in T & keyof C]: ColumnsOf<Part<C, K, "inbound">> }[T & keyof C]
type ColumnsOf<P> = {
  [N in keyof P]: P[N] extends { readonly columns: readonly (infer Name)[] } ? Name : never
}[keyof P] &
  string
