import type { Settled, StatementResult } from "../engine.ts"
import type { Failure } from "../failure/failure.ts"
import type { Exchange, Reply } from "../postgres/exchange.ts"

/** Not sent, and nothing a repetition would change. */
export function refuse(failure: Failure): Settled<never> & { readonly ok: false } {
  return { ok: false, failure, attempts: 0, because: "not-transient" }
}

export function mapSettled<A, B>(settled: Settled<A>, map: (value: A) => B): Settled<B> {
  if (settled.ok) {
    const { value, attempts, access } = settled
    return access === undefined
      ? { ok: true, value: map(value), attempts }
      : { ok: true, value: map(value), attempts, access }
  }
  const failed = failedLike(settled)
  return settled.value === undefined ? failed : { ...failed, value: map(settled.value) }
}

/** The same end, of something else: without the value that was computed. */
export function failedLike({
  failure,
  attempts,
  because,
  journal,
}: Settled<unknown> & { readonly ok: false }): Settled<never> & { readonly ok: false } {
  return { ok: false, failure, attempts, because, ...(journal !== undefined && { journal }) }
}

const NOTHING: StatementResult = { rows: [], command: "", affected: undefined }

/** Of a text with several statements, the last one's. */
export function lastResult(exchange: Exchange): StatementResult {
  return resultOf(exchange.replies.at(-1))
}

export function allResults(exchange: Exchange): readonly StatementResult[] {
  return exchange.replies.map(resultOf)
}

/** The empty statement has no reply of its own. */
function resultOf(reply: Reply | undefined): StatementResult {
  return reply === undefined ? NOTHING : { rows: reply.rows, command: reply.command, affected: reply.affected }
}
