import type { Injection } from "./faults/fault.ts"
import type { Appearance } from "./schedule.ts"
import type { Scoreboard } from "./scoreboard.ts"

/** How long a fault may try to hit something. Each try is short; on a busy machine it takes a few. */
const HITTING_MAX_MS = 10_000
/** How long what was hurt may take to work again before the next fault comes all the same; the report will say so. */
const RECOVERING_MAX_MS = 10_000
const LOOK_EVERY_MS = 5

/** Who makes things happen during a play. */
export interface Stagehand {
  /** One try at a fault, by its name. */
  readonly inject: (fault: string) => Promise<Injection>
  readonly board: Scoreboard
  /** Ends the play at the next opportunity. */
  readonly signal: AbortSignal
  /** Told the name of the fault that is on, and undefined when it is over. */
  readonly onFault: (fault: string | undefined) => void
  /** The scoreboard's clock. */
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<unknown>
}

/** Plays the whole schedule, and on until `playMs` have passed. */
export async function play(schedule: readonly Appearance[], playMs: number, hand: Stagehand): Promise<void> {
  const { now, sleep, signal } = hand
  const beganAt = now()
  const waitUntil = async (atMs: number) => {
    while (!signal.aborted && now() - beganAt < atMs) await sleep(LOOK_EVERY_MS)
  }
  for (const { fault, atMs } of schedule) {
    await waitUntil(atMs)
    if (signal.aborted) return
    await strike(fault, hand)
  }
  await waitUntil(playMs)
}

/** Hurts until it hits, then waits until what was hurt works again; both within limits. */
export async function strike(fault: string, { inject, board, signal, onFault, now, sleep }: Stagehand): Promise<void> {
  onFault(fault)
  try {
    const episode = board.beginEpisode(fault)
    for (const until = now() + HITTING_MAX_MS; !episode.hit && now() < until && !signal.aborted;) {
      const injection = await inject(fault)
      if (injection.hit) episode.lifted(injection.liftedAt, injection.recoveredBy)
      else await sleep(LOOK_EVERY_MS)
    }
    episode.giveUp(now())
    const recovered = () => !episode.hit || episode.recoveryMs !== undefined
    for (const until = now() + RECOVERING_MAX_MS; !recovered() && now() < until && !signal.aborted;) {
      await sleep(LOOK_EVERY_MS)
    }
  } finally {
    onFault(undefined)
  }
}
