import type { Fault, FaultContext } from "./faults/fault.ts"
import type { Appearance } from "./schedule.ts"
import type { Scoreboard } from "./scoreboard.ts"

/** How long a fault may try to hit something. Each try is short; on a busy machine it takes a few. */
const HITTING_MAX_MS = 10_000
/** How long what was hurt may take to work again before the next fault comes all the same; the report will say so. */
const RECOVERING_MAX_MS = 10_000
const LOOK_EVERY_MS = 5

/** What is going on, for whoever looks. */
export interface Stagehand {
  readonly context: FaultContext
  readonly board: Scoreboard
  readonly signal: AbortSignal
  /** The name of the fault that is on, or undefined in between. */
  readonly onFault: (fault: string | undefined) => void
}

/** Plays the whole schedule; stops between two faults when `signal` fires. */
export async function play(
  schedule: readonly Appearance[],
  faults: readonly Fault[],
  hand: Stagehand,
  playMs: number,
): Promise<void> {
  const { now, sleep } = hand.context
  const beganAt = now()
  const waitUntil = async (atMs: number) => {
    while (!hand.signal.aborted && now() - beganAt < atMs) await sleep(LOOK_EVERY_MS)
  }
  for (const { fault: name, atMs } of schedule) {
    await waitUntil(atMs)
    if (hand.signal.aborted) return
    const fault = faults.find((one) => one.name === name)
    if (fault !== undefined) await strike(fault, hand)
  }
  await waitUntil(playMs)
}

/** Hurts until it hits, then waits until what was hurt works again; both within limits. */
export async function strike(fault: Fault, { context, board, signal, onFault }: Stagehand): Promise<void> {
  const { now, sleep } = context
  onFault(fault.name)
  const episode = board.beginEpisode(fault.name)
  for (const until = now() + HITTING_MAX_MS; !episode.hit && now() < until && !signal.aborted;) {
    const injection = await fault.inject(context)
    if (injection.hit) episode.lifted(injection.liftedAt, injection.recoveredBy)
    else await sleep(LOOK_EVERY_MS)
  }
  for (const until = now() + RECOVERING_MAX_MS; needsTime(episode) && now() < until && !signal.aborted;) {
    await sleep(LOOK_EVERY_MS)
  }
  onFault(undefined)
}

function needsTime({ hit, recoveryMs }: { readonly hit: boolean; readonly recoveryMs: number | undefined }): boolean {
  return hit && recoveryMs === undefined
}
