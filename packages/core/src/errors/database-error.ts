import type { AnyAvailabilityError } from "./availability.ts"
import type { AnyBugError, CallbackThrew, SchemaDrifted } from "./bug.ts"
import type { AnyConflictError } from "./conflict.ts"
import type { AnyConstraintError } from "./constraint.ts"
import { isErrorObject } from "./error-object.ts"
import type { AnyLimitError } from "./limit.ts"
import type { AnyRequestError } from "./request.ts"
import type { DecodeFailed, NoRow, TooManyRows } from "./result.ts"

/** What any statement can fail with. A discriminated union on `kind`, with the small closed `category` above it. */
export type QueryError = AnyConstraintError | OtherError

/** What has nothing to do with the constraints of a schema. */
export type OtherError =
  | AnyConflictError
  | AnyLimitError
  | AnyAvailabilityError
  | AnyRequestError
  | DecodeFailed
  | AnyBugError

/**
 * Every error of this library: a real `Error`, and a discriminated union on `kind`. `error instanceof DatabaseError` and
 * `isDatabaseError(error)` ask the same, and hold across copies of this package.
 */
export type DatabaseError = QueryError | NoRow | TooManyRows | CallbackThrew | SchemaDrifted

/** The members of one kind: `ErrorOfKind<"unique_violation">`. */
export type ErrorOfKind<K extends DatabaseError["kind"]> = Extract<DatabaseError, { readonly kind: K }>

/** For `instanceof` only: errors are made by failing operations. */
export const DatabaseError: { [Symbol.hasInstance](value: unknown): value is DatabaseError } = {
  [Symbol.hasInstance]: isDatabaseError,
}

/** Is it an error of this library? */
export function isDatabaseError(value: unknown): value is DatabaseError {
  return isErrorObject(value)
}
