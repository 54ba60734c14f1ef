import type { BalanceAudit } from "./balances.ts"
import type { Audit } from "./ledger.ts"
import type { FaultScore, Tally } from "./scoreboard.ts"
import { grouped } from "./view.ts"

/** Everything that was found out, once the play is over. */
export interface Facts {
  readonly seed: number
  readonly seconds: number
  readonly elapsedMs: number
  readonly total: Tally
  readonly faults: readonly FaultScore[]
  readonly audit: Audit
  /** `halfDone`: transfers without their entry in the ledger, and entries without their transfer. */
  readonly balances: BalanceAudit & { readonly halfDone: readonly string[] }
  /** The first of the errors that should have been hidden, in words. */
  readonly avoidable: readonly string[]
  /** Signals that are stored, and runs whose signals are not those that the file itself gives. */
  readonly signals: { readonly stored: number; readonly wrongRuns: readonly string[] }
  /** Reads that came back without an error and with the wrong rows. */
  readonly wrongReads: readonly string[]
  /** What the same check said of rows that were lost and doubled on purpose before the play began. */
  readonly selfCheck: { readonly plantedLossFound: boolean; readonly plantedDoubleFound: boolean }
  /** Rejections and exceptions that nobody handled. */
  readonly unhandled: readonly string[]
  readonly leaks: Leaks
}

/** What should all be zero once the application rests, and once it is closed. */
export interface Leaks {
  readonly leased: number
  readonly waiting: number
  readonly openTransactions: number
  readonly heldLocks: number
  readonly connectionsAfterClose: number
}

/** One thing that must be true for the run to count as passed. */
export interface Check {
  readonly what: string
  readonly ok: boolean
  /** The figures behind it. */
  readonly detail: string
}

/** What `--json` prints, on one line. */
export interface Summary {
  readonly ok: boolean
  readonly seed: number
  readonly seconds: number
  readonly elapsedMs: number
  readonly operations: number
  readonly retried: number
  readonly resolved: number
  readonly surfaced: { readonly needed: number; readonly avoidable: number }
  readonly unknown: number
  readonly lost: number
  readonly duplicated: number
  readonly phantom: number
  readonly unanswered: number
  readonly unhandled: number
  readonly leaked: number
  readonly faults: readonly {
    readonly name: string
    readonly hits: number
    readonly affected: number
    readonly retried: number
    readonly resolved: number
    readonly surfaced: { readonly needed: number; readonly avoidable: number }
    readonly unknown: number
    readonly recoveryMs: number | null
  }[]
  /** Empty if `ok`; else what was not true, with the figures. */
  readonly failed: readonly string[]
}

/** How many ids a sentence names before it only counts. */
const NAMED_MAX = 3

export function conclude(facts: Facts): readonly Check[] {
  const { audit, balances, signals, faults, total, leaks, selfCheck } = facts
  const missed = faults.filter(({ hits }) => hits === 0).map(({ name }) => name)
  const unrecovered = faults.filter((fault) => fault.unrecovered > 0).map(({ name }) => name)
  const unknownWrites = audit.unknown.applied + audit.unknown.absent
  return [
    none("every fault hit a running operation", missed, `${faults.length} faults`),
    none("whatever was hurt worked again", unrecovered, `after ${worstRecovery(faults)} ms at the latest`),
    {
      what: "no caller saw an avoidable error",
      ok: total.surfaced.avoidable === 0,
      detail: [`${total.surfaced.needed} needed, ${total.surfaced.avoidable} avoidable`, ...facts.avoidable].join(
        "\n      ",
      ),
    },
    {
      what: "the ledger check finds lost and doubled rows",
      ok: selfCheck.plantedLossFound && selfCheck.plantedDoubleFound,
      detail: "planted before the play",
    },
    none("nothing was lost", audit.lost, `${grouped(audit.acknowledged)} acknowledged writes`),
    none("nothing was done twice", audit.duplicated, `${grouped(audit.held)} writes, each there once`),
    none("nothing that failed happened all the same", audit.phantom, `${unknownWrites} unknown: once or not at all`),
    none("every caller got an answer", audit.unanswered, `${grouped(total.operations)} operations`),
    {
      what: "the money adds up",
      ok: moneyAddsUp(balances),
      detail: moneyAddsUp(balances)
        ? `${balances.accounts} accounts, each to the cent`
        : `${balances.wrong.length} of ${balances.accounts} accounts wrong, ${balances.halfDone.length} transfers half done`,
    },
    none("the signals are those of the file", signals.wrongRuns, `${grouped(signals.stored)} signals`),
    none("no read gave wrong or missing rows", facts.wrongReads, "each compared with the file"),
    none("no rejection went unhandled", facts.unhandled, "none"),
    {
      what: "no connection, transaction or lock is left",
      ok: Object.values(leaks).every((count) => count === 0),
      detail: Object.values(leaks).every((count) => count === 0)
        ? "none"
        : Object.entries(leaks).map(([name, count]) => `${name} ${count}`).join(", "), // prettier-ignore
    },
  ]
}

export function summarize(facts: Facts, checks: readonly Check[]): Summary {
  const { audit, total, leaks } = facts
  return {
    ok: checks.every(({ ok }) => ok),
    seed: facts.seed,
    seconds: facts.seconds,
    elapsedMs: Math.round(facts.elapsedMs),
    operations: total.operations,
    retried: total.retried,
    resolved: total.resolved,
    surfaced: total.surfaced,
    unknown: total.unknown,
    lost: audit.lost.length,
    duplicated: audit.duplicated.length,
    phantom: audit.phantom.length,
    unanswered: audit.unanswered.length,
    unhandled: facts.unhandled.length,
    leaked: Object.values(leaks).reduce((sum, count) => sum + count, 0),
    faults: facts.faults.map(({ name, hits, affected, retried, resolved, surfaced, unknown, recoveryMs }) => ({
      name,
      hits,
      affected,
      retried,
      resolved,
      surfaced,
      unknown,
      recoveryMs: recoveryMs ?? null,
    })),
    failed: checks.filter(({ ok }) => !ok).map(({ what, detail }) => `${what}: ${detail}`),
  }
}

function moneyAddsUp({ accounts, wrong, halfDone, total, expectedTotal }: Facts["balances"]): boolean {
  return accounts > 0 && wrong.length === 0 && halfDone.length === 0 && total === expectedTotal
}

function none(what: string, found: readonly string[], otherwise: string): Check {
  const named = found.slice(0, NAMED_MAX).join(", ") + (found.length > NAMED_MAX ? ", …" : "")
  return {
    what,
    ok: found.length === 0,
    detail: found.length === 0 ? otherwise : `not so for ${found.length}: ${named}`,
  }
}

function worstRecovery(faults: readonly FaultScore[]): number {
  return Math.max(0, ...faults.map(({ recoveryMs }) => recoveryMs ?? 0))
}
