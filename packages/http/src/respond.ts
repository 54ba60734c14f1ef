import { isDatabaseError, toProblem, type DatabaseError, type ProblemOptions } from "@kysely-resilient/core"
import type { Result, ResultAsync } from "neverthrow"

/** What is not the database's, for its application to answer. */
export type Others<E> = Exclude<E, DatabaseError>

/** How a Result becomes a response. */
export interface Answers<T> extends ProblemOptions {
  /** Default: 200 with the value as JSON, a bigint as text; 204 for undefined. */
  readonly ok?: (value: T) => Response
  /** Told of every error of the database that is answered with 500 or more: the answer has none of its words. */
  readonly log?: (error: DatabaseError) => void
}

/**
 * A Result of core's as an HTTP response: the value as JSON, an error of the database as `application/problem+json` (RFC 9457) with `Retry-After` where
 * it helps to come again. Errors of the application's own are answered by `otherwise`, which is asked for where there are any.
 *
 * ```ts
 * return respond(db.one(byId(id)))
 * return respond(transfer(db, body), { ok: (made) => jsonResponse(made, { status: 201 }) }, (no) => jsonResponse(no, { status: 409 }))
 * ```
 */
export async function respond<T, E>(
  result: Result<T, E> | ResultAsync<T, E>,
  ...[answers, otherwise]: [Others<E>] extends [never]
    ? [answers?: Answers<T>]
    : [answers: Answers<T>, otherwise: (error: Others<E>) => Response]
): Promise<Response> {
  const { ok = jsonOf, log, ...problem } = answers ?? {}
  const outcome = await result
  return outcome.match(
    (value) => ok(value),
    (error) => {
      if (isDatabaseError(error)) return problemResponse(error, problem, log)
      if (otherwise === undefined)
        throw new TypeError("respond was given an error that is not the database's, and no way to answer it")
      // What is no error of the database is one of the others; the compiler does not take one for an open type.
      const answer: (error: never) => Response = otherwise
      return Reflect.apply(answer, undefined, [error])
    },
  )
}

/** An error of the database as a response. 499 has no body: whoever asked has gone. */
export function problemResponse(
  error: DatabaseError,
  options: ProblemOptions = {},
  log?: (error: DatabaseError) => void,
): Response {
  const problem = toProblem(error, options)
  if (problem.status >= 500) log?.(error)
  if (problem.status === 499) return new Response(null, { status: 499 })
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" })
  if (problem.retryAfter !== undefined) headers.set("retry-after", String(problem.retryAfter))
  return new Response(textOf(problem), { status: problem.status, headers })
}

/** A value as a response of JSON; int8 is a bigint, which JSON has no form for, and travels as text. */
export function jsonResponse(
  value: unknown,
  init: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): Response {
  const headers = new Headers({ "content-type": "application/json", ...init.headers })
  return new Response(textOf(value), { status: init.status ?? 200, headers })
}

function jsonOf(value: unknown): Response {
  return value === undefined ? new Response(null, { status: 204 }) : jsonResponse(value)
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === "bigint" ? member.toString() : member))
}
