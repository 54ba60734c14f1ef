/**
 * Does this address lead to a server that takes writes? It can change under us: a primary comes back as a standby, or
 * somebody switches default_transaction_read_only on.
 *
 *   unsure ──a session that may write──▶ known ──a write is refused──▶ sought ──a session that may write──▶ known
 *      ▲                                                                 │
 *      └──────────────────── the search has taken too long ──────────────┘
 *
 * While one is sought, a session that only reads is not taken: whoever waits, waits for better. What has never led to
 * a primary, or does not any more, is a standby that its users want, or must put up with.
 */
export type Primary =
  | { readonly state: "unsure" }
  | { readonly state: "known" }
  | { readonly state: "sought"; readonly until: number }

export const unsure: Primary = { state: "unsure" }

/** A session was opened. Is it welcome? */
export function afterOpening(
  primary: Primary,
  takesWrites: boolean,
  now: number,
): { readonly primary: Primary; readonly welcome: boolean } {
  if (takesWrites) return { primary: { state: "known" }, welcome: true }
  if (primary.state !== "sought") return { primary, welcome: true }
  return now < primary.until ? { primary, welcome: false } : { primary: unsure, welcome: true }
}

/** A write was refused because the server takes none. */
export function afterRefusal(primary: Primary, now: number, searchMs: number): Primary {
  return primary.state === "known" ? { state: "sought", until: now + searchMs } : primary
}

/** So long before patience ends, the next attempt to open is made in any case: it still serves whoever waits. */
const LAST_ATTEMPT_MS = 500

/** How long a primary is looked for; readers wait as long, so no longer than they have patience. */
export function searchMsWithin(outageWaitMs: number): number {
  return Math.max(0, outageWaitMs - LAST_ATTEMPT_MS)
}
