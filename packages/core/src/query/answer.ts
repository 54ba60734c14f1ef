import type { Settled, StatementResult } from "@kysely-resilient/driver"
import type { CompiledQuery } from "kysely"
import { err, ok, type Result } from "neverthrow"

import type { CallSite } from "../errors/call-site.ts"
import type { ErrorOfKind, QueryError } from "../errors/database-error.ts"
import { localFailure } from "../errors/local-failure.ts"
import type { ErrorKind } from "../errors/redaction.ts"
import { Call, type Plugged } from "./call.ts"
import type { Kit } from "./kit.ts"
import type { Lane } from "./lane.ts"
import type { Query } from "./query.ts"
import { readRunOptions, type RunOptions } from "./run-options.ts"
import { answerOf, type Shape } from "./shapes.ts"

/**
 * One statement, from the query to the Result. Whatever throws on the way is an Err. While it waits, for its turn or for the
 * server, nothing is kept of the query that is not needed: many may wait at once.
 */
export function answer<T, K extends ErrorKind>(
  kit: Kit,
  lane: Lane,
  shape: Shape<T, K>,
  query: Query,
  options: RunOptions | undefined,
  site: CallSite | undefined,
): Promise<Result<T, ErrorOfKind<K> | QueryError>> {
  const call = new Call(kit, lane, site)
  try {
    const said = readRunOptions(options)
    if (!said.ok) return Promise.resolve(err(call.error(localFailure("refused", said.refused))))
    call.hear(said.value)

    const compiled = call.compile(query, shape.instead)
    const obstacle = call.refusalOf(compiled) ?? lane.obstacle()
    if (obstacle instanceof Promise) return sentBehind(obstacle, call, lane, shape, compiled)
    if (obstacle !== undefined) return Promise.resolve(err(call.error(obstacle)))
    return sent(call, lane, shape, compiled)
  } catch (thrown) {
    return Promise.resolve(err(call.threw(thrown)))
  }
}

/** Something else has to end first. */
async function sentBehind<T, K extends ErrorKind>(
  first: Promise<void>,
  call: Call,
  lane: Lane,
  shape: Shape<T, K>,
  compiled: CompiledQuery,
): Promise<Result<T, ErrorOfKind<K> | QueryError>> {
  try {
    let obstacle: ReturnType<Lane["obstacle"]> = first
    while (obstacle instanceof Promise) {
      await obstacle
      obstacle = lane.obstacle()
    }
    if (obstacle !== undefined) return err(call.error(obstacle))
    return await sent(call, lane, shape, compiled)
  } catch (thrown) {
    return err(call.threw(thrown))
  }
}

function sent<T, K extends ErrorKind>(
  call: Call,
  lane: Lane,
  shape: Shape<T, K>,
  compiled: CompiledQuery,
): Promise<Result<T, ErrorOfKind<K> | QueryError>> {
  call.stage = "sent"
  return answered(call, lane, shape, call.pluginsOf(compiled), lane.target.run(compiled, call.said))
}

async function answered<T, K extends ErrorKind>(
  call: Call,
  lane: Lane,
  shape: Shape<T, K>,
  plugged: Plugged | undefined,
  running: Promise<Settled<StatementResult>>,
): Promise<Result<T, ErrorOfKind<K> | QueryError>> {
  try {
    const settled = await running
    call.stage = "answered"
    call.attempts = settled.attempts
    if (!settled.ok) {
      const { value: done } = settled
      const value = await call.despite(async () => done && shape.take(await call.seen(done, plugged)))
      const error = call.error(settled.failure, settled, value)
      lane.failed(settled.failure, error)
      return err(error)
    }
    const seen = plugged === undefined ? answerOf(settled.value) : await call.seen(settled.value, plugged)
    const wrong = shape.refuse?.(seen.rows)
    return wrong === undefined ? ok(shape.take(seen)) : err(call.unfit(wrong))
  } catch (thrown) {
    return err(call.threw(thrown))
  }
}
