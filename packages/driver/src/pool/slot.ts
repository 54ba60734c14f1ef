import type { DiscardReason } from "../telemetry/events.ts"

/** The pool's note about one resource. */
export interface Slot<T> {
  readonly resource: T
  readonly id: number
  readonly generation: number
  /** Fixed at birth, with jitter: those opened together do not end together. */
  readonly expiresAt: number
  readonly openedAt: number
  /** When it was last opened or given back; a check does not make it wanted. */
  idleSince: number
  /** When it was last known to work: opened, given back or checked. */
  provenAt: number
  /** When somebody got it last. */
  leasedAt: number
  /** How often it was given back. */
  uses: number
  /** It died while somebody held it. */
  lost: boolean
  /** It does not keep the process alive. */
  resting: boolean
}

/** What the pool is now, as far as it decides the fate of a slot. */
export interface Circumstances {
  readonly now: number
  readonly closed: boolean
  readonly generation: number
  /** There are `max` without it. */
  readonly full: boolean
  readonly usesMax?: number | undefined
}

/** Why a slot must not go back to the idle ones, or undefined if it may. */
export function doomOf(
  slot: Slot<unknown>,
  { now, closed, generation, full, usesMax }: Circumstances,
): DiscardReason | undefined {
  if (closed) return "closing"
  if (slot.lost) return "died"
  if (slot.generation !== generation) return "generation"
  if (now >= slot.expiresAt || (usesMax !== undefined && slot.uses >= usesMax)) return "lifetime"
  if (full) return "surplus"
  return undefined
}

/** A lifetime differs from `maxLifetimeMs` by at most this share. */
const LIFETIME_JITTER_RATIO = 0.1

/** `chance` is in [0, 1). */
export function lifetimeMs(maxLifetimeMs: number, chance: number): number {
  return maxLifetimeMs * (1 - LIFETIME_JITTER_RATIO + 2 * LIFETIME_JITTER_RATIO * chance)
}
