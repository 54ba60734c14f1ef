import { err, ok, type Result } from "neverthrow"

import type { CallbackThrew } from "../errors/bug.ts"
import type { QueryError } from "../errors/database-error.ts"
import { localFailure } from "../errors/local-failure.ts"
import { Call } from "./call.ts"
import { callbackThrew } from "./callback.ts"
import type { Kit } from "./kit.ts"
import type { Lane } from "./lane.ts"
import { open, type Awaitable, type ErrOf } from "./results.ts"
import { chunksOf, type StreamWork } from "./stream.ts"

type Visit<Row, R> = (row: Row) => Awaitable<R>

type Visited<R> =
  | { readonly end: "ok"; readonly rows: number }
  | { readonly end: "err"; readonly error: QueryError | ErrOf<R> }
  | { readonly end: "threw"; readonly thrown: unknown }

/** Row after row through the visitor. It is waited for only where it answers a promise. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- what the query promised, and the visitor takes
export async function visitRows<Row, R>(
  kit: Kit,
  lane: Lane,
  work: StreamWork & { readonly visit: Visit<Row, R> },
): Promise<Result<{ readonly rows: number }, QueryError | ErrOf<R> | CallbackThrew>> {
  const { visit, site } = work
  const call = new Call(kit, lane, site)
  if (typeof visit !== "function") {
    return err(call.error(localFailure("refused", "forEach takes a callback: db.forEach(query, (row) => …, options)")))
  }
  const visited = await visitAll(chunksOf<Row>(kit, lane, work, call), visit)
  if (visited.end === "ok") return ok({ rows: visited.rows })
  if (visited.end === "err") return err(visited.error)
  // By now the stream is closed, and it is known what became of a write.
  const { effect, attempts } = call
  const whose = "The callback of forEach"
  return err(callbackThrew(kit, { whose, how: "threw", thrown: visited.thrown, effect, attempts, site }))
}

async function visitAll<Row, R>(
  chunks: AsyncIterable<Result<readonly Row[], QueryError>>,
  visit: Visit<Row, R>,
): Promise<Visited<R>> {
  let rows = 0
  for await (const chunk of chunks) {
    if (chunk.isErr()) return { end: "err", error: chunk.error }
    for (const row of chunk.value) {
      try {
        const answer = visit(row)
        const opened = open<R>(isPromise(answer) ? await answer : answer)
        if (opened.is === "err") return { end: "err", error: opened.error }
      } catch (thrown) {
        return { end: "threw", thrown }
      }
      rows += 1
    }
  }
  return { end: "ok", rows }
}

function isPromise<R>(answer: Awaitable<R>): answer is PromiseLike<R> {
  return typeof answer === "object" && answer !== null && "then" in answer && typeof answer.then === "function"
}
