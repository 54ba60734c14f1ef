import type { LiveEvent } from "../../live/messages.ts"
import { clockTime, count, counted, duration } from "./format.ts"
import { causeOf, unknownIn, type Incident } from "./incidents.ts"

/** What happened, in a few words. */
export function titleOf(incident: Incident): string {
  const { connectionsLost, outageMs, away: isAway, waitingMax, open, from, until, slowS, usualS } = incident
  const back = !isAway && (outageMs > 0 || !open)
  const connections = counted(connectionsLost, "connection")
  const away = outageMs > 0 ? outageMs : until - from
  switch (causeOf(incident)) {
    case "crash":
      return back ? "PostgreSQL crashed and restarted" : "PostgreSQL crashed; it is not back yet"
    case "restart":
      return back ? "PostgreSQL was restarted" : "PostgreSQL is restarting; it is not back yet"
    case "outage":
      return !back ? "PostgreSQL cannot be reached" : `PostgreSQL could not be reached for ${duration(away / 1_000)}`
    case "silent":
      return open
        ? "Connections fell silent: nothing is answered"
        : "Connections fell silent: no answer, and no error either"
    case "terminated":
      return `The server ended ${connectionsLost > 0 ? connections : "connections"} of ours`
    case "cut":
      return `${connectionsLost > 0 ? connections : "Connections"} ended without a word from the server`
    case "exhausted":
      return `All connections were taken${waitingMax > 0 ? `: ${atMost(waitingMax)} waited for one` : ""}`
    case "left-open":
      return "A transaction was left open, and ended for its owner"
    case "deadlock":
      return "Transactions were in each other's way (deadlock)"
    case "conflict":
      return "Transactions conflicted"
    case "limit":
      return "Statements took longer than they may"
    case "slow":
      return usualS === undefined
        ? "Everything took longer"
        : `Every statement took longer: ${duration(slowS)} instead of ${duration(usualS)}`
    case "trouble":
      return "Something went wrong"
  }
}

/** A second may pass between what happens and its news. */
const QUIET_MS = 1_000

/** For how long it went on, and whether it still does. */
export function lengthOf({ from, until, open, quietMs }: Incident): string {
  const lasted = `for ${duration((until - from) / 1_000)}`
  if (!open) return `${lasted}, over`
  return quietMs < QUIET_MS ? `${lasted}, and still going on` : `${lasted}, quiet since then`
}

/** Why it is marked as bad though it may be over. */
export function badgesOf({ failed, unknown }: Pick<Incident, "failed" | "unknown">): readonly string[] {
  return [unknown > 0 ? `${count(unknown)} unknown` : "", failed > 0 ? `${count(failed)} failed` : ""].filter(
    (text) => text !== "",
  )
}

/** How bad it is for those who called. */
export function gravityOf({ failed, unknown, open }: Incident): "good" | "warn" | "bad" {
  if (failed > 0 || unknown > 0) return "bad"
  return open ? "warn" : "good"
}

/** What became of those who called, in one sentence. */
export function verdictOf(incident: Incident): string {
  const { affected, recovered, failed, unknown, peakS, usualS, open } = incident
  if (affected === 0) {
    if (open) return `So far no caller got an error. ${goingOn(incident)}`
    const slow = peakS >= SLOW_S && (usualS === undefined || peakS > 10 * usualS)
    return `No caller got an error, and nothing is unknown${slow ? `; the longest that one had to wait was ${duration(peakS)}` : ""}.`
  }
  const were = `${open ? "So far " : ""}${counted(affected, "operation")} ${affected === 1 ? "was" : "were"} affected`
  if (failed === 0 && unknown === 0) {
    const all = affected === 1 ? "recovered" : "all of them recovered"
    return `${were}, and ${all}: no caller got an error, and nothing is unknown.`
  }
  const told = failed === 0 ? "none failed" : `${count(failed)} failed with an error to the caller`
  const doubt =
    unknown === 0
      ? "nothing is unknown"
      : `of ${count(unknown)} nobody knows whether ${unknown === 1 ? "it was" : "they were"} done (${unknownNames(incident)})`
  return `${were}: ${count(recovered)} recovered, ${told}, ${doubt}.`
}

function goingOn({ waitingNow, retries }: Incident): string {
  const parts = [
    retries > 0 ? `${counted(retries, "retry was", "retries were")} begun` : "",
    waitingNow > 0 ? `${counted(waitingNow, "caller waits", "callers wait")} for a connection` : "",
  ].filter((part) => part !== "")
  return parts.length === 0 ? "What becomes of it is not known yet." : `${parts.join(", and ")}.`
}

/** Who waits for longer notices. */
const SLOW_S = 0.5
const NAMED_MAX = 3

export function unknownNames(incident: Pick<Incident, "events">): string {
  const names = unknownIn(incident)
  const more = names.length - NAMED_MAX
  return names.slice(0, NAMED_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "")
}

/** The numbers beside it. */
export function detailsOf(incident: Incident): readonly string[] {
  const { retries, connectionsLost, foundOut, notFoundOut, outageMs, peakS, usualS, waitingMax, asked } = incident
  const lookedUp = foundOut + notFoundOut
  return [
    asked === undefined ? "" : `caused by “${asked.label}”, pressed on this page at ${clockTime(asked.at_ms)}`,
    connectionsLost > 0 ? `${counted(connectionsLost, "connection")} lost` : "",
    outageMs > 0 ? `nothing could be opened for ${duration(outageMs / 1_000)}` : "",
    retries > 0 ? counted(retries, "retry", "retries") : "",
    lookedUp > 0
      ? `${counted(lookedUp, "unanswered COMMIT")} looked up: ${count(foundOut)} found out, ${count(notFoundOut)} not`
      : "",
    peakS > 0 ? `slowest ${duration(peakS)}${usualS === undefined ? "" : ` (usually ${duration(usualS)})`}` : "",
    waitingMax > 0 ? `${atMost(waitingMax)} waiting for a connection` : "",
  ].filter((text) => text !== "")
}

export function atMost(callers: number): string {
  return callers === 1 ? "one caller" : `up to ${count(callers)} callers`
}

const SAID: Readonly<Partial<Record<LiveEvent["name"], string>>> = {
  "query.failed": "failed",
  "query.retried": "tried again",
  "query.recovered": "succeeded after all",
  "query.abandoned": "given up, and stopped on the server",
  "connection.opened": "connection opened",
  "connection.failed": "no connection",
  "connection.silent": "connection silent, given up",
  "connection.discarded": "connection closed",
  "connection.repaired": "transaction left on a connection ended",
  "session.reset": "session reset",
  "transaction.orphaned": "transaction begun by raw SQL left open, ended",
  "transaction.rolled-back": "transaction rolled back",
  "transaction.rerun": "transaction run again",
  "transaction.recovered": "transaction committed after all",
  "transaction.failed": "transaction failed",
  "transaction.held-too-long": "transaction open for long",
  "connection.held-too-long": "connection held for long",
  "operation.rerun": "function run again",
  "effect.resolved": "unanswered COMMIT: found out",
  "effect.unresolved": "unanswered COMMIT: nobody knows",
  "pool.used-inside": "pool used inside a callback that holds a connection",
  "pool.reset": "pool replaced: every connection anew",
  "pool.outage-began": "nothing can be opened",
  "pool.outage-ended": "connections can be opened again",
  "circuit.opened": "circuit opened: the server is not asked for the moment",
  "circuit.half-opened": "circuit half open: one connection is tried",
  "circuit.closed": "circuit closed again",
  "buggify.struck": "trouble on purpose (buggify)",
  "health.changed": "status",
  "action.started": "pressed on this page",
  others: "other events",
}

/** One event in one line: who, what, why. */
export function lineOf(event: LiveEvent): string {
  const { name, label, summary, kind, sql_state: code, reason, effect, from, to, duration_ms: ms } = event
  if (name === "health.changed") return `status: ${from} → ${to}`
  if (name === "action.started") return `pressed on this page: ${label}`
  const who = label ?? summary
  const why = kind === undefined ? reason : code === undefined ? kind : `${kind} ${code}`
  const effects = name.startsWith("effect.") || effect === "unknown" ? effect : undefined
  const took =
    ms !== undefined && /ended|closed|silent|held|effect|\.recovered/.test(name) ? duration(ms / 1_000) : undefined
  const facts = [why, effects === undefined ? undefined : `effect ${effects.replaceAll("_", " ")}`, took].filter(
    (fact) => fact !== undefined,
  )
  return `${who === undefined ? "" : `${who}: `}${SAID[name] ?? name}${facts.length === 0 ? "" : ` (${facts.join(", ")})`}`
}
