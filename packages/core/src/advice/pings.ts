import type { Clock } from "@kysely-resilient/driver"

import type { Pings } from "./examined.ts"

/** One round trip and what it answered. */
export interface Ping {
  readonly durationMs: number
  readonly processId: string
  readonly skewMs: number
}

/** `clock_timestamp()`, because `now()` is the transaction's. */
export const PING =
  "select pg_backend_pid() || ' ' || round(extract(epoch from clock_timestamp())::numeric * 1000, 3) as facts"

/** @param answer what PING answered to a question that was asked at `askedAt` on the clock that only goes forward */
export function pingOf(answer: unknown, askedAt: number, clock: Clock): Ping | undefined {
  if (typeof answer !== "string") return undefined
  const [processId = "", time = ""] = answer.split(" ")
  const durationMs = clock.now() - askedAt
  // The server looked at its clock half way, as far as anybody can tell.
  return { durationMs, processId, skewMs: Number(time) - (clock.wallTime() - durationMs / 2) }
}

export function pingsOf(pings: readonly Ping[]): Pings {
  const sorted = pings.toSorted((one, other) => one.durationMs - other.durationMs)
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]?.durationMs ?? 0
  const [fastest] = sorted
  return {
    count: pings.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    skewMs: fastest?.skewMs ?? 0,
    skewErrorMs: (fastest?.durationMs ?? 0) / 2,
    processes: new Set(pings.map(({ processId }) => processId)).size,
  }
}
