import type { ResilienceReport } from "@kysely-resilient/core"

import { clockTime, counted } from "./format.ts"
import type { Incident } from "./incidents.ts"
import { unknownNames } from "./words.ts"

type Told = Pick<Incident, "open" | "unknown" | "events">

/** Why the status is what it is; and where nothing is going on any more, why it is not yet healthy and by when it will be. */
export function whyOf(
  { resilience: { status }, reasons, recommendations, recovers_at: recoversAt }: ResilienceReport,
  incidents: readonly Pick<Told, "open" | "unknown">[],
): string {
  if (status === "healthy") return wellOf(incidents, recommendations)
  const why = reasons.map(({ message }) => message).join("; ")
  if (recoversAt === null) return `${why}.`
  const at = clockTime(Date.parse(recoversAt))
  if (reasons.every(({ code }) => code === "RECOVERING")) return `${why}: at ${at}, if all goes well.`
  const going = incidents.length === 0 || incidents.some(({ open }) => open)
  return `${going ? why : `It is over, and counts for a while: ${why}`}. If nothing more goes wrong, healthy by ${at}.`
}

/** The status is that of the server; what its callers do to themselves does not make it worse. */
function wellOf(
  incidents: readonly Pick<Told, "open" | "unknown">[],
  advice: ResilienceReport["recommendations"],
): string {
  if (incidents.some(({ open }) => open)) return "The server is there; something goes on all the same."
  if (incidents.some(({ unknown }) => unknown > 0)) return "The server is well; something is left for a person to do."
  return advice.some(({ severity, passed }) => severity !== "info" && passed !== true)
    ? "The server is there; something is recommended all the same."
    : "All is well now."
}

/** What time does not heal, and a person has to see to; whatever the status is. */
export function doubtOf(incidents: readonly Pick<Told, "unknown" | "events">[]): string {
  const doubtful = incidents.filter(({ unknown }) => unknown > 0)
  const unknown = doubtful.reduce((sum, incident) => sum + incident.unknown, 0)
  if (unknown === 0) return ""
  const names = unknownNames({ events: doubtful.flatMap(({ events }) => events) })
  return `Of ${counted(unknown, "write")} (${names}) nobody knows whether ${unknown === 1 ? "it was" : "they were"} done: what to do`
}
