import type { Audit } from "./audit.ts"
import type { DrillOptions } from "./options.ts"
import type { Later } from "./later.ts"
import type { HeapReport } from "./memory.ts"
import type { Recovery } from "./recovery.ts"
import type { FaultScore, Tally } from "./scoreboard.ts"

/** Everything that was found out. */
export interface Facts {
  readonly options: DrillOptions
  /** As the server says it. */
  readonly version: string
  readonly elapsedMs: number
  readonly total: Tally
  readonly faults: readonly FaultScore[]
  readonly p95RecoveryMs: number
  readonly audit: Audit
  readonly balancesAmiss: readonly string[]
  /** The first of the errors that should have been hidden, in words. */
  readonly avoidable: readonly string[]
  /** Those that nobody knew the effect of, and what was said of them later. */
  readonly unknown: readonly Later[]
  readonly wrong: readonly string[]
  readonly hung: number
  readonly late: readonly string[]
  /** What the checks themselves did not find of what was planted. */
  readonly overlooked: readonly string[]
  readonly unhandled: readonly string[]
  readonly recovery: Recovery
  /** Connections that the server had after `close()`; undefined: it did not close. */
  readonly leakedConnections: number | undefined
  readonly retryAmplification: number
  readonly longestOutageMs: number
  readonly heap: HeapReport
  /** What faults could not do. */
  readonly troubles: readonly string[]
}

/** One thing that must be true for the drill to count as passed. */
export interface Check {
  readonly what: string
  readonly ok: boolean
  /** The figures behind it. */
  readonly detail: string
}

/** The last line. */
export interface DrillSummary {
  readonly ok: boolean
  readonly seed: number
  readonly seconds: number
  readonly workers: number
  readonly postgres: string
  readonly resolution: string
  readonly operations: number
  readonly surfaced: { readonly needed: number; readonly avoidable: number }
  /** Not those whose callers had too little time to be told: these are `unknownAtDeadline`. */
  readonly unknown: number
  readonly unknownAtDeadline: number
  readonly resolved: number
  readonly lost: number
  readonly duplicated: number
  readonly phantoms: number
  readonly torn: number
  readonly wrong: number
  readonly hung: number
  readonly unhandled: number
  readonly leakedConnections: number
  readonly openTransactions: number
  readonly retried: number
  readonly retryAmplification: number
  readonly worstRecoveryMs: number
  readonly p95RecoveryMs: number
  /** Until everybody who was under way when a fault ended had an answer: back-off waits included. */
  readonly worstSettledMs: number
  /** The longest that the server was gone, on this machine. */
  readonly longestOutageMs: number
  readonly heap: HeapReport
  readonly faults: readonly Omit<FaultScore, "title">[]
  /** Empty if `ok`; else what was not true, with the figures. */
  readonly failed: readonly string[]
}

/** A second more or less says nothing of a short drill; over minutes it does. */
const HEAP_JUDGED_FROM_S = 240
const GROWTH_MAX_MB_PER_MINUTE = 0.5
const NAMED_MAX = 3

export function conclude(facts: Facts): readonly Check[] {
  const { audit, recovery, total, unknown, options, heap } = facts
  const unexcused = unknown.filter(({ excused }) => !excused)
  const wrongly = unknown.filter(({ right }) => !right)
  const hits = facts.faults.reduce((sum, one) => sum + one.hits, 0)
  return [
    { what: "faults hit running operations", ok: hits > 0, detail: `${hits} times` },
    none("the checks find what is planted", facts.overlooked, "lost, doubled, torn, phantom, a wrong balance"),
    none("nothing was lost", audit.lost, `${audit.acknowledged} acknowledged writes`),
    none("nothing was done twice", audit.duplicated, `${audit.announced} writes`),
    none("nothing that failed happened all the same", audit.phantoms, "none"),
    none("nothing was done by half", audit.torn, "none"),
    none("the money adds up", facts.balancesAmiss, "every account"),
    none("no answer was wrong", facts.wrong, `${total.operations} operations`),
    none(
      "no caller saw an avoidable error",
      facts.avoidable,
      `${total.asked} that they asked for, ${total.needed} needed`,
    ),
    none(
      "no effect stayed unknown",
      unexcused.map(({ words }) => words),
      `${unknown.length} at a deadline, or while the server restarted`,
    ),
    none(
      "whatever was said later of unknown effects is right",
      wrongly.map(({ words }) => words),
      `${unknown.length} asked`,
    ),
    none("nobody was left hanging", [...facts.late, ...audit.unanswered], "every operation was answered in time"),
    none("no rejection went unhandled", facts.unhandled, "none"),
    {
      what: "everything works again",
      ok: recovery.freshQueryMs !== undefined && recovery.busy === 0,
      detail: `a fresh query after ${recovery.freshQueryMs ?? "too many"} ms, ${recovery.busy} connections busy`,
    },
    {
      what: "no transaction and no lock is left",
      ok: recovery.openTransactions === 0,
      detail: `${recovery.openTransactions} on the server`,
    },
    {
      what: "no connection is left",
      ok: facts.leakedConnections === 0 && recovery.strangers === 0,
      detail: `${recovery.strangers} unknown to the pool, ${facts.leakedConnections ?? "not even closed"} after close()`,
    },
    {
      what: "memory stays flat",
      ok: options.seconds < HEAP_JUDGED_FROM_S || heap.growthMbPerMinute <= GROWTH_MAX_MB_PER_MINUTE,
      detail: `${heap.firstMb} MB, at most ${heap.maxMb}, in the end ${heap.lastMb}; ${heap.growthMbPerMinute} MB per minute`,
    },
  ]
}

export function summarize(facts: Facts, checks: readonly Check[]): DrillSummary {
  const { options, audit, total, recovery, faults } = facts
  const worst = (key: "recoveryMs" | "settledMs"): number => Math.max(0, ...faults.map((one) => one[key] ?? 0))
  return {
    ok: checks.every(({ ok }) => ok),
    seed: options.seed,
    seconds: options.seconds,
    workers: options.workers,
    postgres: facts.version,
    resolution: options.resolution,
    operations: total.operations,
    surfaced: { needed: total.asked + total.needed, avoidable: total.avoidable },
    unknown: total.unknown,
    unknownAtDeadline: facts.unknown.length - total.unknown,
    resolved: total.resolved,
    lost: audit.lost.length,
    duplicated: audit.duplicated.length,
    phantoms: audit.phantoms.length,
    torn: audit.torn.length,
    wrong: facts.wrong.length + facts.balancesAmiss.length,
    hung: facts.hung,
    unhandled: facts.unhandled.length,
    leakedConnections: (facts.leakedConnections ?? recovery.busy) + Math.abs(recovery.strangers),
    openTransactions: recovery.openTransactions,
    retried: total.retried,
    retryAmplification: facts.retryAmplification,
    worstRecoveryMs: worst("recoveryMs"),
    p95RecoveryMs: facts.p95RecoveryMs,
    worstSettledMs: worst("settledMs"),
    longestOutageMs: Math.round(facts.longestOutageMs),
    heap: facts.heap,
    faults: faults.map(({ title: _, ...rest }) => rest),
    failed: checks.filter(({ ok }) => !ok).map(({ what, detail }) => `${what}: ${detail}`),
  }
}

function none(what: string, found: readonly string[], otherwise: string): Check {
  const named = found.slice(0, NAMED_MAX).join("; ") + (found.length > NAMED_MAX ? "; …" : "")
  const ok = found.length === 0
  return { what, ok, detail: ok ? otherwise : `not so for ${found.length}: ${named}` }
}
