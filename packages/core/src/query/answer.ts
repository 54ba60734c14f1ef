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
import { answerOf, type Answer, type Shape } from "./shapes.ts"

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
  const plugged = call.pluginsOf(compiled)
  const ended = call.watched(compiled)
  if (ended !== undefined) return sentWatched(call, lane, shape, compiled, ended)
  // Many may wait at once: for the answer is waited here, and not in a function that would be kept with all that it knows.
  return lane.target.run(compiled, call.said).then(
    (settled) => answered(call, lane, shape, plugged, settled),
    (thrown: unknown) => err(call.threw(thrown)),
  )
}

async function sentWatched<T, K extends ErrorKind>(
  call: Call,
  lane: Lane,
  shape: Shape<T, K>,
  compiled: CompiledQuery,
  ended: () => void,
): Promise<Result<T, ErrorOfKind<K> | QueryError>> {
  try {
    const settled = await lane.target.run(compiled, call.said)
    return await answered(call, lane, shape, call.pluginsOf(compiled), settled)
  } catch (thrown) {
    return err(call.threw(thrown))
  } finally {
    ended()
  }
}

/** At once for nearly every answer: only plugins, and a failure with an answer, take time. */
function answered<T, K extends ErrorKind>(
  call: Call,
  lane: Lane,
  shape: Shape<T, K>,
  plugged: Plugged | undefined,
  settled: Settled<StatementResult>,
): Result<T, ErrorOfKind<K> | QueryError> | Promise<Result<T, ErrorOfKind<K> | QueryError>> {
  call.stage = "answered"
  call.attempts = settled.attempts
  if (!settled.ok) return failed(call, lane, shape, plugged, settled)
  call.onlyRead = settled.access === "read"
  if (plugged !== undefined) return seenBy(call, shape, plugged, settled.value)
  try {
    return taken(call, shape, answerOf(settled.value))
  } catch (thrown) {
    return err(call.threw(thrown))
  }
}

async function seenBy<T, K extends ErrorKind>(
  call: Call,
  shape: Shape<T, K>,
  plugged: Plugged,
  result: StatementResult,
): Promise<Result<T, ErrorOfKind<K> | QueryError>> {
  try {
    return taken(call, shape, await call.seen(result, plugged))
  } catch (thrown) {
    return err(call.threw(thrown))
  }
}

function taken<T, K extends ErrorKind>(
  call: Call,
  shape: Shape<T, K>,
  seen: Answer,
): Result<T, ErrorOfKind<K> | QueryError> {
  const wrong = shape.refuse?.(seen.rows)
  return wrong === undefined ? ok(shape.take(seen)) : err(call.unfit(wrong))
}

async function failed<T, K extends ErrorKind>(
  call: Call,
  lane: Lane,
  shape: Shape<T, K>,
  plugged: Plugged | undefined,
  settled: Settled<StatementResult> & { readonly ok: false },
): Promise<Result<T, ErrorOfKind<K> | QueryError>> {
  try {
    const { value: done } = settled
    const value = await call.despite(async () => done && shape.take(await call.seen(done, plugged)))
    const error = call.error(settled.failure, settled, value)
    lane.failed(settled.failure, error)
    return err(error)
  } catch (thrown) {
    return err(call.threw(thrown))
  }
}
