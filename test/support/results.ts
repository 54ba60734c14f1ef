import type { Result } from "neverthrow"

/** What is in an Ok; an Err fails the test and is shown, which `_unsafeUnwrap` does not do. */
export function valueOf<T>(result: Result<T, unknown> | undefined): T {
  if (result !== undefined && result.isOk()) return result.value
  throw new Error("it should have been Ok", { cause: result })
}

/** What is in an Err; an Ok fails the test. */
export function errorOf<E>(result: Result<unknown, E> | undefined): E {
  if (result !== undefined && result.isErr()) return result.error
  throw new Error("it should have been an Err", { cause: result })
}
