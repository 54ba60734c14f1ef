import { setTimeout as sleep } from "node:timers/promises"

import { Company } from "./company.ts"
import type { Facts } from "./conclusion.ts"
import { balancesHeld, connectionsLeft, entriesHeld, leftBehind, selfCheck, signalsHeld } from "./evidence.ts"
import { faults } from "./faults/all.ts"
import { audit, Ledger } from "./ledger.ts"
import { play } from "./play.ts"
import { planSchedule, playMsOf } from "./schedule.ts"
import { OPENING_CENTS, type Stage } from "./stage.ts"
import { wrongMonths } from "./truth.ts"
import type { View } from "./view.ts"

export interface RunOptions {
  readonly seed: number
  readonly seconds: number
  /** Rejections and exceptions that nobody handled so far. */
  readonly unhandled: readonly string[]
  readonly signal: AbortSignal
  /** Milliseconds since the demo was started, set-up included. */
  readonly elapsedMs: () => number
  /** Shows what `look` sees until it is disposed of. */
  readonly show: (look: () => View) => Disposable
}

/** Busy, and still enough pause for two processors to do something else in between. */
const THINK_MS = 4
/** Longer than this, and it is a leak. */
const CALM_MAX_MS = 2_000
const LOOK_EVERY_MS = 20

/** The play from its first operation to the last check. Undefined if it was interrupted. */
export async function run(stage: Stage, options: RunOptions): Promise<Facts | undefined> {
  const { seed, seconds, signal, show, unhandled, elapsedMs } = options
  const ledger = new Ledger()
  using company = new Company(stage, { seed, thinkMs: THINK_MS, ledger, signal })
  const { store, crew, board, hand } = company
  let doing = "Does the check find what was planted?"
  const display = show(() => company.view({ seed, seconds, elapsedMs: elapsedMs(), doing }))

  try {
    const selfChecked = await selfCheck(store)
    doing = "Readers, writers, transfers, and faults"
    const playMs = playMsOf(seconds)
    crew.start()
    const names = faults.map(({ name }) => name)
    await play(planSchedule(names, seed, playMs), playMs, hand)
    doing = "Waiting for the last answers"
    await crew.rest()
    if (signal.aborted) return undefined

    doing = "Comparing what was told with what is there"
    const pool = await calm(
      async () => store.snapshot().pool,
      ({ leased, waiting }) => leased + waiting === 0,
    )
    const server = await calm(
      async () => need(await leftBehind(stage.admin)),
      ({ transactions, locks }) => transactions + locks === 0,
    )
    await store.close()
    const connectionsAfterClose = await calm(
      async () => need(await connectionsLeft(stage.admin)),
      (count) => count === 0,
    )
    const stored = need(await signalsHeld(stage.admin))
    return {
      seed,
      seconds,
      total: board.total,
      faults: board.faults,
      audit: audit(ledger.told, need(await entriesHeld(stage.admin))),
      balances: need(await balancesHeld(stage.admin, OPENING_CENTS)),
      signals: { stored: stored.length, wrongRuns: wrongMonths(stage.truth, stored, crew.signalled) },
      avoidable: company.desk.avoidable,
      wrongReads: crew.wrongReads,
      selfCheck: selfChecked,
      leaks: {
        leased: pool.leased,
        waiting: pool.waiting,
        openTransactions: server.transactions,
        heldLocks: server.locks,
        connectionsAfterClose,
      },
      unhandled: [...unhandled],
      elapsedMs: elapsedMs(),
    }
  } finally {
    await crew.rest()
    await store.close()
    display[Symbol.dispose]()
  }
}

/** What is left once everything has had its time to end. A backend notices a little later that its client is gone. */
async function calm<T>(look: () => Promise<T>, isCalm: (seen: T) => boolean): Promise<T> {
  for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
    const seen = await look()
    if (isCalm(seen) || waitedMs >= CALM_MAX_MS) return seen
    await sleep(LOOK_EVERY_MS)
  }
}

/** Backstage nothing is hurt any more: an error here ends the demo. */
function need<T>(result: { isOk(): boolean } & ({ readonly value: T } | { readonly error: unknown })): T {
  if ("value" in result) return result.value
  throw result.error
}
