import type { Fault, FaultContext, Injection } from "./faults/fault.ts"
import { seededRandom } from "./random.ts"
import type { Entry } from "./schedule.ts"
import type { Scoreboard } from "./scoreboard.ts"

/** How long whoever was under way when a fault ended may take before the next one comes all the same. */
const SETTLING_MAX_MS = 20_000
const LOOK_EVERY_MS = 5

export interface Stage {
  readonly context: Omit<FaultContext, "random" | "alone">
  readonly board: Scoreboard
  readonly now: () => number
  /** Ends the play at the next opportunity. */
  readonly signal: AbortSignal
  /** Told of what a fault could not do; that is the drill's trouble, and not the driver's. */
  readonly onTrouble: (fault: string, error: unknown) => void
}

/** Plays entry after entry until `untilAt`. */
export async function play(schedule: Iterable<Entry>, untilAt: number, stage: Stage): Promise<void> {
  const { context, now, signal } = stage
  for (const { faults, gapMs } of schedule) {
    await context.sleep(Math.min(gapMs, Math.max(0, untilAt - now())))
    if (now() >= untilAt || signal.aborted) return
    await strike(faults, stage)
  }
}

/** All of an entry at once; then everybody who was under way gets the answer that the driver's patience allows. */
async function strike(faults: Entry["faults"], stage: Stage): Promise<void> {
  const { board, now, context } = stage
  const episodes = faults.map(({ fault }) => board.begin(fault.name, now()))
  await Promise.all(
    faults.map(async ({ fault, seed }, index) => {
      const injection = await inject(
        fault,
        { ...context, random: seededRandom(seed), alone: faults.length === 1 },
        stage,
      )
      const episode = episodes[index]
      if (episode !== undefined && injection !== "hurt") episode[injection] = true
    }),
  )
  // Of two at once, the shorter one cannot be recovered from while the other lasts.
  const liftedAt = now()
  for (const episode of episodes) episode.liftedAt = liftedAt
  const settled = (): boolean =>
    !context.desk.hasRunningSince(liftedAt) && episodes.every(({ recoveredAt }) => recoveredAt !== undefined)
  while (!settled() && now() - liftedAt < SETTLING_MAX_MS) await context.sleep(LOOK_EVERY_MS)
  for (const episode of episodes) board.end(episode, now())
}

async function inject(fault: Fault, context: FaultContext, { onTrouble }: Stage): Promise<Injection> {
  try {
    return await fault.inject(context)
  } catch (error) {
    onTrouble(fault.name, error)
    return "missed"
  }
}
