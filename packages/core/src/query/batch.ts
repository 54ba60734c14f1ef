import type { StatementResult } from "@kysely-resilient/driver"
import type { CompiledQuery } from "kysely"
import { err, ok, type Result } from "neverthrow"

import type { CallSite } from "../errors/call-site.ts"
import type { QueryError } from "../errors/database-error.ts"
import { localFailure } from "../errors/local-failure.ts"
import { promised } from "../foundation/promised.ts"
import { Call } from "./call.ts"
import { isWrite } from "./is-write.ts"
import type { Kit } from "./kit.ts"
import type { Lane } from "./lane.ts"
import type { BatchAnswer, Query } from "./query.ts"
import { readRunOptions, type RunOptions } from "./run-options.ts"

export type BatchAnswers<B> = { [K in keyof B]: BatchAnswer<B[K]> }

/** Several statements as one Sync group, from the queries to the Result. Whatever throws on the way is an Err. */
export async function answerBatch<B extends Readonly<Record<string, Query>>>(
  kit: Kit,
  lane: Lane,
  queries: B,
  options: RunOptions | undefined,
  site: CallSite | undefined,
): Promise<Result<BatchAnswers<B>, QueryError>> {
  const call = new Call(kit, lane, site)
  try {
    const said = readRunOptions(options)
    if (!said.ok) return err(call.error(localFailure("refused", said.refused)))
    call.hear(said.value)

    const names = Object.keys(queries)
    const compiled = Object.values(queries).map((query) => call.compile(query))
    const refusal = compiled.map((query) => call.refusalOf(query)).find((found) => found !== undefined)
    let obstacle = refusal ?? lane.obstacle()
    while (obstacle instanceof Promise) {
      await obstacle
      obstacle = lane.obstacle()
    }
    if (obstacle !== undefined) return err(call.error(obstacle))

    call.stage = "sent"
    const settled = await lane.target.batch(compiled, call.said)
    call.stage = "answered"
    call.attempts = settled.attempts
    if (!settled.ok) {
      const { value: done } = settled
      const value = await call.despite(async () => done && entries(call, names, compiled, done))
      const error = call.error(settled.failure, settled, value)
      lane.failed(settled.failure, error)
      return err(error)
    }
    call.onlyRead = settled.access === "read"
    // What `BatchAnswer` promises of each query is what `entry` makes of its answer.
    return ok(promised<BatchAnswers<B>>(await entries(call, names, compiled, settled.value)))
  } catch (thrown) {
    return err(call.threw(thrown))
  }
}

async function entries(
  call: Call,
  names: readonly string[],
  queries: readonly CompiledQuery[],
  results: readonly StatementResult[],
): Promise<Readonly<Record<string, unknown>>> {
  const answers: [string, unknown][] = []
  for (const [index, query] of queries.entries()) {
    const result = results[index]
    if (result === undefined) throw new Error(`bug: a batch of ${queries.length} was answered ${results.length} times`)
    answers.push([names[index] ?? "", await entry(call, query, result)])
  }
  return Object.fromEntries(answers)
}

/** Rows; or how many rows it changed, for a write whose builder knows that it returns none. */
async function entry(call: Call, query: CompiledQuery, result: StatementResult): Promise<unknown> {
  const { rows, affected } = await call.seen(result, call.pluginsOf(query))
  return isWriteWithoutReturning(query) ? { affected } : rows
}

function isWriteWithoutReturning(compiled: CompiledQuery): boolean {
  const { query } = compiled
  return isWrite(compiled) && (!("returning" in query) || query.returning === undefined)
}
