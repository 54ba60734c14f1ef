import { missed, type Fault } from "./fault.ts"

const HELD_S = 0.6
const LOOK_EVERY_MS = 5
/** How long the holders wait for each other, each with a connection in its hands. */
const FILLING_MS = 2_000

/** A report that nobody tested takes every connection there is, and everybody else waits in line. */
export const exhaust: Fault = {
  name: "exhaust",
  title: "Pool exhausted",
  async inject({ store, desk, sleep, now }) {
    const { max } = store.snapshot().pool
    const full = Promise.withResolvers<void>()
    const holders: { count: number; liftedAt: number | undefined } = { count: 0, liftedAt: undefined }
    const hold = () =>
      desk.read("chore", (options) =>
        store.withConnection(async (session) => {
          // A connection is taken by the first statement, not before.
          const taken = await session.query("select 1", [], options)
          if (taken.isErr()) return taken
          if (++holders.count === max) full.resolve()
          await Promise.race([full.promise, sleep(FILLING_MS)])
          const slept = await session.query("select pg_sleep($1)", [HELD_S], options)
          holders.liftedAt ??= now()
          return slept
        }),
      )
    const released = Promise.all(Array.from({ length: max }, hold))
    await Promise.race([full.promise, released])

    // With every connection in the holders' hands, whoever waits is one of the application's operations.
    let othersWait = false
    while (!othersWait && holders.count === max && holders.liftedAt === undefined) {
      othersWait = store.snapshot().pool.waiting > 0
      await sleep(LOOK_EVERY_MS)
    }
    await released
    const { liftedAt } = holders
    if (!othersWait || liftedAt === undefined) return missed
    return { hit: true, liftedAt, recoveredBy: ({ kind, startedAt }) => kind !== "chore" && startedAt < liftedAt }
  },
}
