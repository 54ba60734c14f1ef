import type { Failure } from "../failure/failure.ts"
import { unreachable } from "../foundation/invariant.ts"
import { withoutLiterals } from "../foundation/literals.ts"
import type { DriverEvent } from "./events.ts"

/** How much of a statement's text a line shows. */
const SQL_LENGTH_MAX = 80

/**
 * What happened, with its numbers, in one line for a log; `undefined` for what needs nobody's attention. Holds no row
 * data and no parameter: of a statement it shows the caller's label, or the text without its literals.
 */
export function logLine(event: DriverEvent): string | undefined {
  const said = describeEvent(event)
  return said === undefined ? undefined : `${new Date(event.at).toISOString()} kysely-resilient ${event.name}: ${said}`
}

/** The same without its moment and its name. */
export function describeEvent(event: DriverEvent): string | undefined {
  const said = describe(event)
  return said === undefined ? undefined : oneLine(said)
}

function describe(event: DriverEvent): string | undefined {
  switch (event.name) {
    case "query.failed":
      if (!concernsOperators(event.failure, event.because)) return undefined
      return (
        `${statement(event)} failed after ${tries(event.attempts)} and ${ms(event.durationMs)}: ${reason(event.failure)}; ` +
        `effect ${event.failure.effect}, not tried again: ${event.because}`
      )
    case "query.retried":
      return `${statement(event)} failed at try ${event.attempt} and is tried again after ${ms(event.delayMs)}: ${reason(event.failure)}`
    case "query.abandoned":
      return (
        `nobody waits for ${statement(event)} any more (${event.reason}); ` +
        (event.confirmed ? "the server stopped it" : "the server did not confirm that it stopped")
      )
    case "connection.failed":
      return `no connection after ${ms(event.durationMs)}: ${reason(event.failure)}`
    case "connection.discarded": {
      const why = DISCARDS[event.reason]
      if (why === undefined) return undefined
      return `connection ${event.connectionId} ${why}${event.failure === undefined ? "" : `: ${reason(event.failure)}`}`
    }
    case "connection.silent":
      return `connection ${event.connectionId} was silent for ${ms(event.silentMs)} while its server had nothing to do for it (${event.found}); it is given up`
    case "connection.repaired":
      return `connection ${event.connectionId} came back with ${event.found === "E" ? "a failed" : "an open"} transaction; ended by ${event.by}`
    case "transaction.orphaned":
      return `connection ${event.connectionId} came back with a transaction that raw SQL had begun; ${event.action}`
    case "transaction.rolled-back":
      return event.reason === "deadline" ? "a transaction reached its deadline and was rolled back" : undefined
    case "transaction.rerun":
      return `transaction${event.label === undefined ? "" : ` ${event.label}`} failed at run ${event.attempt} and is run again after ${ms(event.delayMs)}: ${reason(event.failure)}`
    case "transaction.failed":
      return `transaction${event.label === undefined ? "" : ` ${event.label}`} failed after ${tries(event.attempts)} and ${ms(event.durationMs)}: ${reason(event.failure)}; effect ${event.failure.effect}, not run again: ${event.because}`
    case "operation.rerun":
      return `${event.label ?? "a resilient function"} failed at run ${event.attempt} and is run again after ${ms(event.delayMs)}: ${reason(event.failure)}`
    case "effect.resolved":
      return `a COMMIT${of(event.label)} that nobody answered: ${event.effect}, known ${event.late ? "only " : ""}after ${ms(event.durationMs)}`
    case "effect.unresolved":
      return `a COMMIT${of(event.label)} that nobody answered: unknown after ${ms(event.durationMs)}, because ${event.why}`
    case "transaction.held-too-long": {
      const { label, heldMs, working, takenBy } = event
      const by = takenBy === undefined ? "" : `; begun ${takenBy.trim().split("\n", 1)[0]}`
      return `transaction${label === undefined ? "" : ` ${label}`} is open for ${ms(heldMs)} and ${working ? "runs a statement" : "runs nothing"}${by}`
    }
    case "connection.held-too-long": {
      const { heldMs, working, takenBy } = event
      const by = takenBy === undefined ? "" : `; taken ${takenBy.trim().split("\n", 1)[0]}`
      return `a connection is held for ${ms(heldMs)} and ${working ? "runs a statement" : "runs nothing"}${by}`
    }
    case "pool.used-inside": {
      const { what, inside, sql, label, callSite } = event
      const name =
        sql === undefined ? (label ?? `a ${what}`) : statement({ sql, ...(label !== undefined && { label }) })
      const handle = inside === "transaction" ? "tx" : "the session it was given"
      return `${name} ran outside of the ${inside} that its callback holds${callSite === undefined ? "" : `, at ${callSite}`}; write ${handle} instead of db`
    }
    case "pool.reset":
      return `all connections are being replaced; generation ${event.generation}`
    case "pool.outage-began":
      return `no connection can be opened: ${reason(event.failure)}`
    case "pool.outage-ended":
      return `connections can be opened again, after ${ms(event.durationMs)}`
    case "buggify.struck":
      return `${event.kind}${event.connectionId === undefined ? "" : ` on connection ${event.connectionId}`}, on purpose`
    case "circuit.opened":
      return `the circuit is open, the server is not asked for the moment: ${reason(event.failure)}`
    case "circuit.closed":
      return `the circuit is closed again, after ${ms(event.durationMs)}`
    case "circuit.half-opened":
    case "query.succeeded":
    case "connection.opened":
    case "session.reset":
    case "transaction.committed":
    case "transaction.recovered":
      return undefined
    default:
      return unreachable(event)
  }
}

function of(label: string | undefined): string {
  return label === undefined ? "" : ` of ${label}`
}

/** Losses only; the other reasons are housekeeping. */
const DISCARDS: Readonly<Partial<Record<Extract<DriverEvent, { name: "connection.discarded" }>["reason"], string>>> = {
  died: "was lost",
  failed: "was closed after a failure",
  abandoned: "was closed because its statement could not be stopped",
  "not-clean": "was closed because its session could not be cleaned",
}

/** A caller learns of its own mistakes and conflicts; an operator wants to know when the database or a limit let it down. */
function concernsOperators(failure: Failure, because: string): boolean {
  if (failure.kind === "aborted") return false
  if (failure.blame !== "statement" || failure.effect === "unknown") return true
  return because !== "not-transient" && because !== "in-transaction"
}

/** What went wrong, in words that quote no row: the server's own about itself, and of those about a statement only their kind. */
export function safeReason(failure: Failure): string {
  return oneLine(reason(failure))
}

/** The server's words about a statement may quote a row's values; its words about itself do not. */
function reason(failure: Failure): string {
  const code = failure.sqlState ?? failure.errno
  const kind = code === undefined ? failure.kind : `${failure.kind} (${code})`
  return failure.blame === "statement" || mayQuote(failure) ? kind : `${kind}: ${failure.message}`
}

/** Whatever the blame: a function raises any condition in any words, and what throws at a value may have it in its message. */
const QUOTING: ReadonlySet<Failure["kind"]> = new Set([
  "client_error",
  "decode_failed",
  "encode_failed",
  "server_error",
])

function mayQuote({ kind, routine, cause }: Failure): boolean {
  if (QUOTING.has(kind) || routine === "exec_stmt_raise") return true
  // CONTEXT: it comes from inside of a function, or from another server by way of one.
  return typeof cause === "object" && cause !== null && "where" in cause && cause.where !== undefined
}

function statement(info: { readonly sql: string; readonly label?: string }): string {
  if (info.label !== undefined) return info.label
  const bare = oneLine(withoutLiterals(info.sql))
  return bare.length <= SQL_LENGTH_MAX ? `"${bare}"` : `"${bare.slice(0, SQL_LENGTH_MAX)}…"`
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim()
}

function ms(durationMs: number): string {
  return `${Math.round(durationMs)} ms`
}

function tries(attempts: number): string {
  return attempts === 1 ? "1 try" : `${attempts} tries`
}
