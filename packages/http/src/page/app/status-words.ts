import type { ResilienceReport } from "@kysely-resilient/core"

import { clockTime, counted } from "./format.ts"
import type { Incident } from "./incidents.ts"

/** Why the status is what it is; and where nothing is going on any more, why it is not yet healthy and by when it will be. */
export function whyOf(
  { resilience: { status }, reasons, recovers_at: recoversAt }: ResilienceReport,
  incidents: readonly Pick<Incident, "open" | "unknown">[],
): string {
  if (status === "healthy") return [wellOf(incidents), doubtOf(incidents)].filter((part) => part !== "").join(" ")
  const why = reasons.map(({ message }) => message).join(" · ")
  if (recoversAt === null) return `${why}.`
  const going = incidents.length === 0 || incidents.some(({ open }) => open)
  const said =
    going || reasons.every(({ code }) => code === "RECOVERING") ? why : `It is over, and counts for a while: ${why}`
  return `${said}. If nothing more goes wrong, healthy by ${clockTime(Date.parse(recoversAt))}.`
}

/** The status is that of the server; what its callers do to themselves does not make it worse. */
function wellOf(incidents: readonly Pick<Incident, "open">[]): string {
  return incidents.some(({ open }) => open)
    ? "The server is there; something goes on all the same."
    : "All is well now."
}

/** What time does not heal. */
function doubtOf(incidents: readonly Pick<Incident, "unknown">[]): string {
  const unknown = incidents.reduce((sum, incident) => sum + incident.unknown, 0)
  return unknown === 0
    ? ""
    : `Of ${counted(unknown, "write")} nobody knows whether ${unknown === 1 ? "it was" : "they were"} done.`
}
