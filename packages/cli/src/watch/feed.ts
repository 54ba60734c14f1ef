import type { LiveMessage, LiveSample } from "@kysely-resilient/http"
import type { ResilienceReport } from "@kysely-resilient/core"
import { setTimeout as pause } from "node:timers/promises"

import { askEndpoint, type Endpoint } from "../endpoint.ts"
import { EventStream } from "./stream.ts"

/** A sample, from the stream or from two reports: those know less. */
export type Sample = Omit<LiveSample, "retries" | "surfaced_errors" | "since_last"> &
  Partial<Pick<LiveSample, "retries" | "surfaced_errors">> & {
    readonly since_last: Pick<LiveSample["since_last"], "queries" | "failed" | "p95_s"> & { readonly wait_s?: number }
  }

/**
 * What a feed tells: a message of the stream; a report that was asked for, since there is no stream; that nothing is heard at the moment; or
 * that nothing will be.
 */
export type Told =
  | { readonly what: "message"; readonly message: LiveMessage }
  | { readonly what: "asked"; readonly report: ResilienceReport; readonly sample: Sample; readonly why: string }
  | { readonly what: "lost"; readonly why: string }
  | { readonly what: "refused"; readonly why: string }

export interface Pace {
  /** Until a lost stream is asked for again: as long as it asks browsers to wait. */
  readonly againMs: number
  /** A stream that says nothing for so long is none. */
  readonly silenceMs: number
  /** Between two reports, where there is no stream. */
  readonly askMs: number
  /** Until a stream is tried again. */
  readonly askForMs: number
}

const USUAL_PACE: Pace = { againMs: 2_000, silenceMs: 15_000, askMs: 2_000, askForMs: 30_000 }

/**
 * How an endpoint's database is doing, for as long as the signal lets it. The event stream, lost, is asked for again from the last message
 * on; where there is none the report is asked for instead, now and then. Never rejects.
 */
export async function* feed(
  endpoint: Endpoint,
  signal: AbortSignal,
  pace: Pace = USUAL_PACE,
): AsyncGenerator<Told, void> {
  const stream = new EventStream(endpoint, pace.silenceMs)
  while (!signal.aborted) {
    const messages = stream.read(signal)
    let step = await messages.next()
    for (; step.done !== true; step = await messages.next()) yield { what: "message", message: step.value }
    if (signal.aborted) return
    const { next, why } = step.value
    if (next === "refused") return yield { what: "refused", why }
    if (next === "none") {
      const refused = yield* ask(endpoint, why, signal, pace)
      if (refused) return
      continue
    }
    yield { what: "lost", why }
    await pause(pace.againMs, undefined, { signal }).catch(() => {})
  }
}

/** True if there is nobody to ask. */
async function* ask(
  endpoint: Endpoint,
  why: string,
  signal: AbortSignal,
  { askMs, askForMs }: Pace,
): AsyncGenerator<Told, boolean> {
  let before: ResilienceReport | undefined
  for (let askedMs = 0; askedMs < askForMs && !signal.aborted; askedMs += askMs) {
    const answered = await askEndpoint(endpoint, signal)
    if (signal.aborted) return false
    switch (answered.what) {
      case "report":
        yield { what: "asked", report: answered.report, sample: sampleOf(answered.report, before), why }
        before = answered.report
        break
      case "unreachable":
        yield { what: "lost", why: answered.why }
        break
      case "status":
        yield { what: "refused", why: `${endpoint.url.href} wants a token: --token, or RESILIENCE_TOKEN` }
        return true
      case "misunderstood":
        yield { what: "refused", why: answered.why }
        return true
    }
    await pause(askMs, undefined, { signal }).catch(() => {})
  }
  return false
}

/** Numbers per second need two reports; a process that began anew counts from 0. */
export function sampleOf(report: ResilienceReport, before: ResilienceReport | undefined): Sample {
  const { resilience, window, pool, circuit, retries, checked_at } = report
  const elapsedS = before === undefined ? 0 : (Date.parse(checked_at) - Date.parse(before.checked_at)) / 1_000
  const perSecond = (count: "total_queries" | "failed_queries"): number => {
    const more = resilience.metrics[count] - (before?.resilience.metrics[count] ?? 0)
    return elapsedS > 0 && more > 0 ? Math.round(more / elapsedS) : 0
  }
  const { p50_s, p95_s, p99_s, success_ratio } = window
  return {
    at_ms: Date.parse(checked_at),
    status: resilience.status,
    ...resilience.metrics,
    success_ratio,
    p50_s,
    p95_s,
    p99_s,
    pool,
    circuit: circuit.state,
    retry_budget: retries.budget_left,
    since_last: { queries: perSecond("total_queries"), failed: perSecond("failed_queries"), p95_s },
  }
}
