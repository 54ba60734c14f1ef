import { err, ok, type Result } from "neverthrow"

import type { CallbackThrew } from "../errors/bug.ts"
import type { QueryError } from "../errors/database-error.ts"
import { callbackThrew } from "./callback.ts"
import type { Kit } from "./kit.ts"
import type { Lane } from "./lane.ts"
import { open, type Awaitable, type ErrOf } from "./results.ts"
import { chunksOf, type StreamWork } from "./stream.ts"

/** Row after row through the visitor. It is waited for only where it answers a promise. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- what the query promised, and the visitor takes
export async function visitRows<Row, R>(
  kit: Kit,
  lane: Lane,
  work: StreamWork & { readonly visit: (row: Row) => Awaitable<R> },
): Promise<Result<{ readonly rows: number }, QueryError | ErrOf<R> | CallbackThrew>> {
  const { visit, site } = work
  let rows = 0
  for await (const chunk of chunksOf<Row>(kit, lane, work)) {
    if (chunk.isErr()) return err(chunk.error)
    for (const row of chunk.value) {
      try {
        const answer = visit(row)
        const opened = open<R>(isPromise(answer) ? await answer : answer)
        if (opened.is === "err") return err(opened.error)
      } catch (thrown) {
        const whose = "The callback of forEach"
        return err(callbackThrew(kit, { whose, how: "threw", thrown, effect: lane.effect, attempts: 1, site }))
      }
      rows += 1
    }
  }
  return ok({ rows })
}

function isPromise<R>(answer: Awaitable<R>): answer is PromiseLike<R> {
  return typeof answer === "object" && answer !== null && "then" in answer && typeof answer.then === "function"
}
