import type { ReportedAdvice } from "@kysely-resilient/core"

import { askedBefore } from "./asked.ts"
import { clockTime, duration } from "./format.ts"
import type { Incident } from "./incidents.ts"
import type { Model } from "./model.ts"
import { atMost } from "./words.ts"

/** Advice as the page shows it: with what it knows besides. */
export interface Advised extends ReportedAdvice {
  /** A button of the page that was pressed just before: that was it. */
  readonly cause?: string
}

/** What is left to do whoever did it. */
const LEFT_TO_DO: ReadonlySet<string | undefined> = new Set(["UNRESOLVED_EFFECTS", "UNCONFIRMED_COMMITS"])

const RANK = { critical: 0, warning: 1, info: 2 } as const

/** What there is to advise, worst first: what the process knows from memory, and what an examination of the server has found. */
export function advisedIn(
  { report, events, database }: Pick<Model, "report" | "events" | "database">,
  incidents: readonly Incident[],
): readonly Advised[] {
  const own = (report?.recommendations ?? []).map((one) => explained(measured(one, incidents), events, incidents))
  return [...own, ...(database?.advice ?? [])].toSorted((one, other) => RANK[one.severity] - RANK[other.severity])
}

/** Whether somebody should do something now, and not just know. */
export function isUrgent({ severity, passed }: ReportedAdvice): boolean {
  return severity === "critical" && passed !== true
}

/** What becomes too much becomes so within so long: the last connections are replaced when the incident is over. */
const AFTER_MS = 4_000

/** Who pressed the button need not look for the cause. */
function explained(advice: ReportedAdvice, events: Model["events"], incidents: readonly Incident[]): Advised {
  const { since, code } = advice
  const at = since === undefined ? Number.NaN : Date.parse(since)
  const incident = incidents.find(({ from, until }) => from <= at && at <= until + AFTER_MS)
  const before = askedBefore(events, at)
  // What has only just begun is not seen as an incident yet.
  const asked = incident ? incident.asked : incidents.some((one) => one.asked === before) ? undefined : before
  if (asked === undefined) return advice
  const cause = `Caused on purpose: “${asked.label}” was pressed on this page at ${clockTime(asked.at_ms)}.`
  if (LEFT_TO_DO.has(code)) return { ...advice, cause }
  const { sql: _, ...rest } = advice
  return { ...rest, action: "", cause }
}

/** When an outage was over, its incident knows exactly: one outage is not of two lengths on one page. */
function measured(advice: ReportedAdvice, incidents: readonly Incident[]): ReportedAdvice {
  const { code, passed, since } = advice
  if (code !== "SERVER_UNREACHABLE" || passed !== true || since === undefined) return advice
  const at = Date.parse(since)
  const incident = incidents.find(({ from, until, outageMs }) => from <= at && at <= until && outageMs > 0)
  if (incident === undefined) return advice
  const { outageMs, waitingMax } = incident
  // Who waited for less than a second may not have been seen.
  const waited = waitingMax === 0 ? "" : `; ${atMost(waitingMax)} waited`
  return { ...advice, message: `No connection could be opened for ${duration(outageMs / 1_000)}${waited}` }
}
