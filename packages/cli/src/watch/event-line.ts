import type { LiveEvent } from "@kysely-resilient/http"

/** What happened in one line: when, what, how often, why, to whom. */
export function eventLine(event: LiveEvent): string {
  const { at_ms, name, count, kind, sql_state, reason, label, summary, effect, from, to, duration_ms } = event
  const why = [kind, sql_state, reason, from !== undefined && to !== undefined ? `${from} → ${to}` : undefined]
  return [
    timeOf(at_ms),
    `${name.replaceAll(/[.-]/g, " ")}${count > 1 ? ` ×${count}` : ""}`,
    why.filter((part) => part !== undefined).join(", "),
    label ?? summary ?? "",
    effect === undefined ? "" : `effect ${effect.replace("_", " ")}`,
    duration_ms === undefined || duration_ms < 1 ? "" : `${Math.round(duration_ms)} ms`,
  ]
    .filter((part) => part !== "")
    .join("  ")
}

/** Of the local day: the person who reads it looks at a clock, too. */
export function timeOf(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 8)
}
