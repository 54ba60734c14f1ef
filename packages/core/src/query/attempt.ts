import { err, ok, ResultAsync, type Err, type Result } from "neverthrow"

import { passedOn } from "../dropped/watched.ts"
import type { CallbackThrew } from "../errors/bug.ts"
import { localFailure } from "../errors/local-failure.ts"
import { toDatabaseError } from "../errors/to-database-error.ts"
import { promised } from "../foundation/promised.ts"
import { blame } from "./callback.ts"
import { open, type ErrOf, type OkOf } from "./results.ts"

/** What a body returns: a plain value as it is, a Result opened. */
type Attempted<R> = R extends { isOk(): boolean; isErr(): boolean } ? OkOf<R> : R

/**
 * Do-notation that cleans up: `yield*` an operation to get its value, or to leave with its Err.
 *
 * ```ts
 * const found = await attempt(async function* () {
 *   await using file = await open(path)
 *   const user = yield* db.one(byEmail(email))
 *   return yield* db.all(postsOf(user.id))
 * })
 * ```
 *
 * Unlike neverthrow's `safeTry` it unwinds the body on an Err, so `finally` and `await using` run; it takes plain values
 * as well as Results as what the body returns; and it never rejects: what the body throws is `callback_threw`.
 */
export function attempt<Y extends Err<never, unknown>, R>(
  body: () => AsyncGenerator<Y, R, undefined>,
): ResultAsync<Attempted<R>, ErrOf<Y> | ErrOf<R> | CallbackThrew> {
  return new ResultAsync(drive(body))
}

async function drive<Y extends Err<never, unknown>, R>(
  body: () => AsyncGenerator<Y, R, undefined>,
): Promise<Result<Attempted<R>, ErrOf<Y> | ErrOf<R> | CallbackThrew>> {
  try {
    const generator = body()
    const step = await generator.next()
    if (step.done !== true) {
      const yielded = open<Y>(step.value)
      await unwind(generator)
      if (yielded.is === "err") return passedOn(err(yielded.error))
      return err(threw("yielded something that is no Err; write yield* before an operation", undefined))
    }
    const returned = open<R>(step.value)
    if (returned.is === "err") return passedOn(err(returned.error))
    // What is no Result is the value itself; `Attempted` says so of the type.
    return ok(promised<Attempted<R>>(returned.is === "ok" ? returned.value : step.value))
  } catch (thrown) {
    return err(threw("threw", thrown))
  }
}

/** How often a `finally` may yield while the body is left; a body that never ends must not hold its caller. */
const UNWINDING_STEPS_MAX = 100

/** Leaves the body: its `finally` blocks run. The Err that it was left with counts, whatever they do. */
async function unwind(generator: AsyncGenerator<unknown, unknown, undefined>): Promise<void> {
  try {
    for (let step = 1; step <= UNWINDING_STEPS_MAX; step += 1) {
      const { done } = await generator.return(undefined)
      if (done === true) return
    }
  } catch {
    // Thrown while cleaning up after an error; the error is the news.
  }
}

function threw(how: string, thrown: unknown): CallbackThrew {
  const failure = localFailure("callback_threw", blame("The callback of attempt", how), {
    cause: thrown,
    effect: "unknown",
  })
  return toDatabaseError(failure, { detail: "redact", attempts: 1 })
}
