import type { DatabaseError } from "@kysely-resilient/core"
import { jsonResponse, problemResponse } from "@kysely-resilient/http"
import type { ResultAsync } from "neverthrow"

import type { BadInput } from "./input.ts"

/** What an application's own rules refuse. */
export interface Refusal {
  readonly kind: "refusal"
  readonly status: 404 | 409 | 422
  readonly title: string
  readonly errors?: Readonly<Record<string, string>>
}

export function refusal(status: Refusal["status"], title: string, errors?: Refusal["errors"]): Refusal {
  return { kind: "refusal", status, title, ...(errors !== undefined && { errors }) }
}

export type Failed = DatabaseError | BadInput | Refusal

/** Everything that a route may end with, as a response: no error is forgotten, for the compiler counts them. */
export async function answer<T>(status: number, result: ResultAsync<T, Failed>): Promise<Response> {
  return result.match(
    (value) => json(status, value),
    (error) => failure(error),
  )
}

function failure(error: Failed): Response {
  switch (error.kind) {
    case "bad_input":
      return problem(422, { title: "The request is not understood", status: 422, errors: error.errors })
    case "refusal":
      return problem(error.status, { title: error.title, status: error.status, errors: error.errors })
    default:
      // The database's own story is for our log; the answer has none of it.
      return problemResponse(error, {}, ({ message }) => console.error(message))
  }
}

export function json(status: number, value: unknown): Response {
  return jsonResponse(value, { status })
}

function problem(status: number, body: object): Response {
  return jsonResponse(body, { status, headers: { "content-type": "application/problem+json" } })
}
