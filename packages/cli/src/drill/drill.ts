import { setTimeout as sleep } from "node:timers/promises"

import { audit } from "./audit.ts"
import { Crew } from "./crew.ts"
import { Desk } from "./desk.ts"
import { balancesAmiss, selfCheck, tokensHeld } from "./evidence.ts"
import { faults } from "./faults/all.ts"
import { PATIENCE_MS } from "./judge.ts"
import { askLater, judgeLater } from "./later.ts"
import { Ledger } from "./ledger.ts"
import { Memory } from "./memory.ts"
import { Meter } from "./meter.ts"
import type { DrillOptions } from "./options.ts"
import { play } from "./play.ts"
import type { Moment } from "./progress.ts"
import { closed, recoveryOf } from "./recovery.ts"
import { scheduleOf } from "./schedule.ts"
import { Scoreboard } from "./scoreboard.ts"
import { ServerHand } from "./server-hand.ts"
import { LIMIT_MS, openStore } from "./store.ts"
import type { Facts } from "./summary.ts"
import { openWorld, type World } from "./world.ts"

/** Whoever runs a drill. */
export interface DrillWatcher {
  /** Rejections and exceptions that nobody handled, since the drill began. */
  readonly unhandled: readonly string[]
  /** Ends the play early; what has been told until then is checked all the same. */
  readonly signal: AbortSignal
  /** Shows what `look` sees until it is disposed of. */
  readonly show: (look: () => Moment) => Disposable
}

/** Beyond its deadline and its grace: then it hangs, and the drill goes on without its answer. */
const REST_MAX_MS = LIMIT_MS + 10_000
const CLOSE_MAX_MS = 10_000

/** One drill, START HERE: callers at work, faults at play, and then callers and database are compared. */
export async function runDrill(options: DrillOptions, watcher: DrillWatcher): Promise<Facts> {
  const { seed, seconds, workers, postgres, resolution } = options
  const now = (): number => performance.now()
  await using world = await openWorld(postgres, resolution)
  const overlooked = await selfCheck(world.admin)

  const ledger = new Ledger()
  const board = new Scoreboard(faults)
  const meter = new Meter()
  const server = new ServerHand(world.server, now)
  const desk = new Desk({
    ledger,
    board,
    now,
    onEnd: (label) => meter.forget(label),
    outageMs: (from, until) => server.outageMs(from, until),
  })
  const store = openStore(world.applicationUrl, resolution, (event) => {
    desk.observe(event)
    meter.observe(event)
  })
  const crew = new Crew({ store, desk, seed, workers })
  const troubles: string[] = []
  const beganAt = now()
  const unhandledBefore = watcher.unhandled.length
  let doing = ""
  using _shown = watcher.show(() => ({
    seed,
    seconds,
    elapsedMs: now() - beganAt,
    doing: doing === "" ? board.playing.join(" and ") : doing,
    total: board.total,
    hits: board.hits,
  }))
  using memory = new Memory(now)

  crew.start()
  await play(scheduleOf(faults, seed), beganAt + seconds * 1_000, {
    context: {
      store,
      admin: world.admin,
      visitor: world.visitor,
      server,
      proxy: world.proxy,
      desk,
      sleep: (ms) => sleep(ms),
    },
    board,
    now,
    signal: watcher.signal,
    onTrouble: (fault, error) => void troubles.push(`${fault}: ${String(error)}`),
  })

  doing = "waiting for the last answers"
  await lift(world)
  await crew.rest(REST_MAX_MS)
  const heap = memory.report()

  doing = "demanding full recovery"
  const asked = await askLater(store, desk.unknown)
  const recovery = await recoveryOf(store, world.admin)
  const { hung } = desk
  const leakedConnections = await closed(store, world.admin, CLOSE_MAX_MS)

  doing = "comparing what was told with what is there"
  return await world.admin.during(async (session) => {
    const held = await tokensHeld(session)
    return {
      options,
      version: world.server.version,
      elapsedMs: now() - beganAt,
      total: board.total,
      faults: board.faults,
      p95RecoveryMs: board.p95RecoveryMs,
      audit: audit(ledger, held),
      balancesAmiss: await balancesAmiss(session),
      avoidable: desk.avoidable,
      unknown: judgeLater(
        asked,
        held,
        resolution,
        ({ operation: { startedAt, endedAt, outcome } }) =>
          outcome === "asked" ||
          (resolution === "xid" && server.restartedBetween(startedAt, endedAt)) ||
          server.outageMs(startedAt, endedAt) >= PATIENCE_MS,
      ),
      wrong: desk.wrong,
      hung,
      late: desk.late,
      overlooked,
      unhandled: watcher.unhandled.slice(unhandledBefore),
      recovery,
      leakedConnections,
      retryAmplification: meter.retryAmplification,
      longestOutageMs: server.outageMs(beganAt, now()),
      heap,
      troubles,
    }
  })
}

/** Whatever a fault may have left behind because the drill was ended in the middle of it. */
async function lift({ proxy, server }: World): Promise<void> {
  proxy.clearRules()
  proxy.resumeAll()
  await proxy.listen()
  await server.ready()
}
