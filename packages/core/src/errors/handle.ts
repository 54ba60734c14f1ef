import { err, type Result, type ResultAsync } from "neverthrow"

import { promised } from "../foundation/promised.ts"
import type { ConstraintOf, ViolationOf } from "./violations.ts"

/** What a handler may answer: a Result, a ResultAsync, or a promise of a Result. */
type Answer = Result<unknown, unknown> | ResultAsync<unknown, unknown> | Promise<Result<unknown, unknown>>

/** What `.orElse` gets: what the handler answers, and of the other errors what they were. */
type Handled<R, Rest> =
  R extends Result<infer T, infer E>
    ? Result<T, E | Rest>
    : R extends PromiseLike<Result<infer T, infer E>>
      ? ResultAsync<T, E | Rest>
      : never

/**
 * For `.orElse(…)`: handles the violation of one constraint, which leaves the error's type. A constraint that the statement cannot
 * violate does not compile.
 *
 * ```ts
 * const added = await db.one(addUser(email)).orElse(catchConstraint("users_email_key", () => err("taken")))
 * ```
 */
export function catchConstraint<E, N extends ConstraintOf<E> & string, R extends Answer>(
  name: N,
  handle: (error: ViolationOf<E, N>) => R,
): (error: E) => Handled<R, Exclude<E, { readonly constraint: N }>> {
  return caught((error) => has(error, "constraint", name), handle)
}

/** For `.orElse(…)`: handles one kind of error, which leaves the error's type. */
export function catchKind<E, K extends KindOf<E> & string, R extends Answer>(
  kind: K,
  handle: (error: Extract<E, { readonly kind: K }>) => R,
): (error: E) => Handled<R, Exclude<E, { readonly kind: K }>> {
  return caught((error) => has(error, "kind", kind), handle)
}

type KindOf<E> = E extends { readonly kind: infer K } ? K : never

/**
 * What is not the handler's is passed on as an Err. Of an async handler the type says ResultAsync, which only `.orElse` of one takes: it
 * awaits whatever it is given.
 */
function caught<R extends Answer, Rest>(
  matches: (error: unknown) => boolean,
  handle: (error: never) => R,
): (error: unknown) => Handled<R, Rest> {
  // `matches` looks at the value as the types of the callers do at its type.
  return (error) => promised(matches(error) ? handle(promised<never>(error)) : err(error))
}

function has(error: unknown, field: string, value: unknown): boolean {
  return typeof error === "object" && error !== null && Reflect.get(error, field) === value
}

/** For the end of a `switch` that handles everything: it compiles as long as that is so. */
export function assertNever(value: never): never {
  const kind: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "kind") : undefined
  throw new Error(typeof kind === "string" ? `Nothing handles the kind "${kind}"` : "Nothing handles this value")
}
