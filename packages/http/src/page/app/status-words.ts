import type { ResilienceReport } from "@kysely-resilient/core"

import { clockTime } from "./format.ts"
import type { Incident } from "./incidents.ts"

/** Why the status is what it is; and where nothing is going on any more, why it is not yet healthy and by when it will be. */
export function whyOf(
  { resilience: { status }, reasons, recovers_at: recoversAt }: ResilienceReport,
  incidents: readonly Pick<Incident, "open">[],
): string {
  if (status === "healthy") return "All is well."
  const why = reasons.map(({ message }) => message).join(" · ")
  if (recoversAt === null || incidents.some(({ open }) => open)) return `${why}.`
  const over = incidents.length > 0 ? "It is over, and counts for a while" : "It counts for a while"
  return `${over}: ${lowerFirst(why)}. If nothing more goes wrong, healthy by ${clockTime(Date.parse(recoversAt))}.`
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
