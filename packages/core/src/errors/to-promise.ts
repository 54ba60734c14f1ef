import type { Result, ResultAsync } from "neverthrow"

/**
 * For the edges where a framework wants a promise: resolves with what is in an Ok, rejects with what is in an Err.
 *
 * ```ts
 * app.get("/users/:id", (request) => toPromise(db.one(userById(request.params.id))))
 * ```
 */
export async function toPromise<T>(
  result: Result<T, unknown> | ResultAsync<T, unknown> | PromiseLike<Result<T, unknown>>,
): Promise<T> {
  const settled = await result
  if (settled.isOk()) return settled.value
  throw settled.error
}
