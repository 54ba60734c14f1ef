import { AssertionError } from "node:assert"
import { inspect } from "node:util"

import { describe, isDatabaseError } from "@kysely-resilient/core"
import type { Result } from "neverthrow"

/** What is in an Ok. An Err fails the test, and is told in full. */
export function expectOk<T>(result: Result<T, unknown>): T {
  if (result.isOk()) return result.value
  throw failedAssertion(`It should have been Ok, and is an Err: ${told(result.error)}`, expectOk)
}

type KeysOf<E> = E extends object ? keyof E : never
type ValueOf<E, K> = E extends object ? (K extends keyof E ? E[K] : never) : never

/** Fields of an error that may be wanted: of any member of the union. */
type Wanted<E> = { readonly [K in KeysOf<E>]?: ValueOf<E, K> }

/** The members of a union that can have what is wanted. */
type Matching<E, W> = E extends object
  ? W extends { readonly [K in keyof W]: K extends keyof E ? E[K] : never }
    ? E
    : never
  : never

/**
 * What is in an Err that has all that is wanted: its `kind`, and whatever else of its fields. An Ok fails the test, and so does an
 * Err that is different; it is told in full.
 *
 * ```ts
 * const error = expectErr(await db.exec(insert), { kind: "unique_violation", constraint: "users_email_key" })
 * ```
 */
export function expectErr<E>(result: Result<unknown, E>): E
export function expectErr<E, const W extends Wanted<E>>(result: Result<unknown, E>, wanted: W): Matching<E, W>
export function expectErr(result: Result<unknown, unknown>, wanted: object = {}): unknown {
  if (result.isOk()) {
    const what = Object.keys(wanted).length === 0 ? "" : ` with ${inspect(wanted)}`
    throw failedAssertion(
      `It should have been an Err${what}, and is Ok: ${inspect(result.value, { depth: 3 })}`,
      expectErr,
    )
  }
  const { error } = result
  const fields = Object.entries(wanted)
  if (fields.every(([name, value]) => same(fieldOf(error, name), value))) return error
  const actual = Object.fromEntries(fields.map(([name]) => [name, fieldOf(error, name)]))
  throw failedAssertion(`It should have been an Err with ${inspect(wanted)}, and is: ${told(error)}`, expectErr, {
    expected: wanted,
    actual,
  })
}

function fieldOf(error: unknown, name: string): unknown {
  return typeof error === "object" && error !== null ? Reflect.get(error, name) : undefined
}

function same(actual: unknown, wanted: unknown): boolean {
  return Object.is(actual, wanted) || (typeof wanted === "object" && inspect(actual) === inspect(wanted))
}

function told(error: unknown): string {
  if (!isDatabaseError(error)) return inspect(error)
  const { query } = error
  return query === undefined ? describe(error) : `${describe(error)}\n${query.sql}`
}

/** With the place of the caller, and not of this file. */
function failedAssertion(
  message: string,
  stackStartFn: (...parameters: never[]) => unknown,
  values: { readonly expected?: unknown; readonly actual?: unknown } = {},
): AssertionError {
  return new AssertionError({ message, stackStartFn, operator: stackStartFn.name, ...values })
}
