import type { ServerResponse } from "node:http"

import type { Result, ResultAsync } from "neverthrow"

import { respond, type Answers, type Others } from "../respond.ts"
import { send } from "./fetch.ts"

/**
 * `respond` for a response of `node:http`: writes a Result of core's as JSON, or as `application/problem+json`.
 *
 * ```ts
 * app.get("/users", (request, response) => reply(response, db.all(db.selectFrom("users").selectAll())))
 * ```
 */
export async function reply<T, E>(
  outgoing: ServerResponse,
  result: Result<T, E> | ResultAsync<T, E>,
  ...how: [Others<E>] extends [never]
    ? [answers?: Answers<T>]
    : [answers: Answers<T>, otherwise: (error: Others<E>) => Response]
): Promise<void> {
  await send(await respond(result, ...how), outgoing)
}
