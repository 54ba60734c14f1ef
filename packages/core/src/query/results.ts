import type { Result } from "neverthrow"

import { promised } from "../foundation/promised.ts"

export type Awaitable<T> = T | PromiseLike<T>

/** What a callback answers: any mix of Ok and Err, of one or of several types. */
export type AnyResult = Result<unknown, unknown>

/** Of a union of Ok and Err: what is in the Ok ones. */
export type OkOf<R> = R extends { isOk(): boolean; readonly value: infer T } ? T : never

/** Of a union of Ok and Err: what is in the Err ones. */
export type ErrOf<R> = R extends { isErr(): boolean; readonly error: infer E } ? E : never

/** A Result opened; `other` is no Result at all, which types forbid and JavaScript does not. */
export type Opened<R> =
  | { readonly is: "ok"; readonly value: OkOf<R> }
  | { readonly is: "err"; readonly error: ErrOf<R> }
  | { readonly is: "other" }

/** Looks into a Result, be it of another copy of neverthrow. Throws what its getters throw. */
export function open<R>(answer: R): Opened<R> {
  const result: unknown = answer
  if (typeof result !== "object" || result === null || !("isOk" in result) || typeof result.isOk !== "function") {
    return { is: "other" }
  }
  // `OkOf` and `ErrOf` say of the type what is found here of the value.
  if ("value" in result && result.isOk() === true) return { is: "ok", value: promised<OkOf<R>>(result.value) }
  if ("error" in result) return { is: "err", error: promised<ErrOf<R>>(result.error) }
  return { is: "other" }
}
