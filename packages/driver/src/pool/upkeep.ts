import type { DiscardReason } from "../telemetry/events.ts"
import type { Slot } from "./slot.ts"

export interface UpkeepRules {
  readonly idleTimeoutMs: number
  /** How many may go without falling below `min`; negative if there are too few already. */
  readonly spare: number
}

export interface UpkeepPlan<T> {
  readonly discards: readonly { readonly slot: Slot<T>; readonly reason: DiscardReason }[]
  /** When there is something to do again if nothing else happens; Infinity if never. */
  readonly nextAt: number
}

/**
 * Which idle ones have to go: those whose life is over, whatever `min` says (they are replaced), and of the others those
 * that nobody has wanted for `idleTimeoutMs`, the longest unwanted first, down to `min`.
 */
export function planUpkeep<T>(
  idle: readonly Slot<T>[],
  now: number,
  { idleTimeoutMs, spare }: UpkeepRules,
): UpkeepPlan<T> {
  const expired = idle.filter((slot) => now >= slot.expiresAt)
  const alive = idle.filter((slot) => now < slot.expiresAt).toSorted((a, b) => a.idleSince - b.idleSince)
  const mayGo = alive.slice(0, Math.max(0, spare - expired.length))
  const unwanted = mayGo.filter((slot) => now >= slot.idleSince + idleTimeoutMs)
  return {
    discards: [
      ...expired.map((slot) => ({ slot, reason: "lifetime" as const })),
      ...unwanted.map((slot) => ({ slot, reason: "idle" as const })),
    ],
    nextAt: Math.min(
      ...alive.slice(unwanted.length).map((slot) => slot.expiresAt),
      ...mayGo.slice(unwanted.length).map((slot) => slot.idleSince + idleTimeoutMs),
    ),
  }
}
