import type { Awaited } from "../postgres/connection.ts"

/** Reason to doubt that a silent connection will ever be heard again. */
export type Doubt =
  /** There is no such session any more, or no such server. */
  | { readonly backend: "gone" }
  /** It waits for us to say something, since `since`. */
  | { readonly backend: "at-rest"; readonly since: string }
  /** It is stuck in telling us something. */
  | { readonly backend: "unheard" }

/** What the server's own list of sessions shows of one. */
export type BackendSight =
  | Doubt
  /** It is working, or waiting for a lock, or for a standby. */
  | { readonly backend: "at-work" }
  /** Nobody can say. */
  | { readonly backend: "unclear" }

/**
 * A connection that waits for its server's answer and hears nothing.
 *
 * Most of the time the statement just takes long. If not, the network has swallowed it, or its answer, and nobody will ever
 * say so. Then the server, asked over another connection, has nothing to do for it; twice, because an answer may be on its way.
 */
export interface Silence {
  readonly awaited: Awaited
  /** When it was first seen. */
  readonly since: number
  /** Not before is it worth a look. */
  readonly lookAt: number
  /** What the last look has seen, if that was reason to doubt. */
  readonly doubt: Doubt | undefined
  /** Looks that have seen it at work. */
  readonly excuses: number
}

/** Looked at more and more rarely, but at last this often: a statement of hours may lose its connection at any time. Milliseconds. */
const LOOK_PAUSE_MAX_MS = 30_000

/** Undefined: it awaits nothing. */
export function silenceOf(
  awaited: Awaited | undefined,
  before: Silence | undefined,
  now: number,
  stallMs: number,
): Silence | undefined {
  if (awaited === undefined) return undefined
  const same = before?.awaited.uses === awaited.uses && before.awaited.heardBytes === awaited.heardBytes
  if (same) return before
  return { awaited, since: now, lookAt: now + stallMs / 2, doubt: undefined, excuses: 0 }
}

/** After a look at it. `lost`: it is over with the connection. */
export function afterLook(
  silence: Silence,
  sight: BackendSight,
  now: number,
  stallMs: number,
): { readonly silence: Silence; readonly lost: Doubt["backend"] | undefined } {
  if (sight.backend === "at-work" || sight.backend === "unclear") {
    const pauseMs = Math.min(LOOK_PAUSE_MAX_MS, stallMs * 2 ** Math.min(silence.excuses, 20))
    const excuses = silence.excuses + 1
    return { silence: { ...silence, doubt: undefined, lookAt: now + pauseMs, excuses }, lost: undefined }
  }
  // The second look is due when the connection has been silent for as long as is said to be enough, and not at once.
  const lookAt = Math.max(silence.since + 0.9 * stallMs, now + stallMs / 4)
  return {
    silence: { ...silence, doubt: sight, lookAt },
    lost: sameDoubt(silence.doubt, sight) ? sight.backend : undefined,
  }
}

/** At rest since the same moment: it has not been at work in between. */
function sameDoubt(before: Doubt | undefined, now: Doubt): boolean {
  if (before?.backend !== now.backend) return false
  return before.backend !== "at-rest" || now.backend !== "at-rest" || before.since === now.since
}
