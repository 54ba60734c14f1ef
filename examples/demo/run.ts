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
/** How long a closed connection's backend may take to notice. */
const LEAVING_MS = 2_000
const LOOK_EVERY_MS = 20

/** The play from its first operation to the last check. Undefined if it was interrupted. */
export async function run(stage: Stage, options: RunOptions): Promise<Facts | undefined> {
  const { seed, seconds, signal, show, unhandled, elapsedMs } = options
  const ledger = new Ledger()
  using company = new Company(stage, { seed, thinkMs: THINK_MS, ledger, signal })
  const { store, crew, board, hand } = company
  let doing = "Does the check find what was planted?"
  using _display = show(() => company.view({ seed, seconds, elapsedMs: elapsedMs(), doing }))

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
    const pool = store.snapshot().pool
    const server = need(await leftBehind(stage.admin))
    await store.close()
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
      unhandled: [...unhandled],
      leaks: {
        leased: pool.leased,
        waiting: pool.waiting,
        openTransactions: server.transactions,
        heldLocks: server.locks,
        connectionsAfterClose: await connectionsAfterClose(stage),
      },
      elapsedMs: elapsedMs(),
    }
  } finally {
    await crew.rest()
    await store.close()
  }
}

async function connectionsAfterClose({ admin }: Stage): Promise<number> {
  for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
    const left = need(await connectionsLeft(admin))
    if (left === 0 || waitedMs >= LEAVING_MS) return left
    await sleep(LOOK_EVERY_MS)
  }
}

/** Backstage nothing is hurt any more: an error here ends the demo. */
function need<T>(result: { isOk(): boolean } & ({ readonly value: T } | { readonly error: unknown })): T {
  if ("value" in result) return result.value
  throw result.error
}
