import { err, ok, type Result } from "neverthrow"

import type { CallSite } from "../errors/call-site.ts"
import type { ErrorOfKind, QueryError } from "../errors/database-error.ts"
import { localFailure } from "../errors/local-failure.ts"
import type { ErrorKind } from "../errors/redaction.ts"
import { Call } from "./call.ts"
import type { Kit } from "./kit.ts"
import type { Lane } from "./lane.ts"
import type { Query } from "./query.ts"
import { readRunOptions, type RunOptions } from "./run-options.ts"
import type { Shape } from "./shapes.ts"

/** One statement, from the query to the Result. Whatever throws on the way is an Err. */
export async function answer<T, K extends ErrorKind>(
  kit: Kit,
  lane: Lane,
  shape: Shape<T, K>,
  query: Query,
  options: RunOptions | undefined,
  site: CallSite | undefined,
): Promise<Result<T, ErrorOfKind<K> | QueryError>> {
  const call = new Call(kit, site)
  try {
    const said = readRunOptions(options)
    if (!said.ok) return err(call.error(localFailure("refused", said.refused)))
    call.said = said.value

    const compiled = call.compile(query, shape.instead)
    let obstacle = lane.refusalOf(compiled) ?? lane.obstacle()
    while (obstacle instanceof Promise) {
      await obstacle
      obstacle = lane.obstacle()
    }
    if (obstacle !== undefined) return err(call.error(obstacle))

    call.stage = "sent"
    const settled = await lane.target.run(compiled, call.said)
    call.stage = "answered"
    call.attempts = settled.attempts
    if (!settled.ok) {
      const { value: done } = settled
      const value = await call.despite(async () => done && shape.take(await call.seen(done, compiled)))
      const error = call.error(settled.failure, settled.because, value)
      lane.failed(settled.failure, error)
      return err(error)
    }

    const seen = await call.seen(settled.value, compiled)
    const wrong = shape.refuse?.(seen.rows)
    return wrong === undefined ? ok(shape.take(seen)) : err(call.error(wrong))
  } catch (thrown) {
    return err(call.threw(thrown))
  }
}
