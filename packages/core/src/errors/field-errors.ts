import { isDatabaseError } from "./database-error.ts"
import type { ConstraintOf, ViolationOf } from "./violations.ts"

/** What to say beside a field of a form. */
export interface FieldMessage {
  readonly field: string
  readonly message: string
}

/** By constraint: the message, which belongs to the constraint's first column, or the field and the message. */
export type FieldMessages<E> = [ConstraintOf<E>] extends [never]
  ? SayWhichError
  : { readonly [N in ConstraintOf<E> & string]?: MessageFor<ViolationOf<E, N>> }

interface SayWhichError {
  readonly 'which error is it? Write fieldErrors<InsertError<typeof schema, "users">>({ … }), or fieldErrors(error, { … })': never
}

type MessageFor<V> = V extends { readonly columns: readonly [string, ...string[]] }
  ? string | FieldMessage
  : FieldMessage

/** By field, what is wrong with it: for a form, or as the `errors` of `toProblem`. */
export type FieldErrors = Readonly<Record<string, string>>

/**
 * What a form shows beside its fields; undefined for an error that is not about one. The names of the constraints are checked against
 * the error's type: `fieldErrors(error, { users_email_key: "Email already used" })` gives `{ email: "Email already used" }`. A constraint
 * without a column, on an expression perhaps, wants `{ field, message }`.
 *
 * Without an error it gives the function, whose error's type comes from where it is passed, as in `.mapErr(fieldErrors({ … }))`, or is
 * given: `fieldErrors<InsertError<typeof schema, "users">>({ … })`.
 */
export function fieldErrors<E>(messages: FieldMessages<E>): (error: E) => FieldErrors | undefined
export function fieldErrors<E>(error: E, messages: FieldMessages<E>): FieldErrors | undefined
export function fieldErrors(
  ...given: readonly [unknown, Messages] | readonly [Messages]
): FieldErrors | undefined | ((error: unknown) => FieldErrors | undefined) {
  if (given.length === 2) return fieldsOf(given[0], given[1])
  const [messages] = given
  return (error) => fieldsOf(error, messages)
}

type Messages = Readonly<Record<string, string | FieldMessage | undefined>>

function fieldsOf(error: unknown, messages: Messages): FieldErrors | undefined {
  if (!isDatabaseError(error) || error.category !== "constraint" || error.constraint === null) return undefined
  if (!Object.hasOwn(messages, error.constraint)) return undefined
  const said = messages[error.constraint]
  if (typeof said === "object") return { [said.field]: said.message }
  const [field] = error.columns
  return said === undefined || field === undefined ? undefined : { [field]: said }
}
