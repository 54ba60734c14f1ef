import { missed, type Fault } from "./fault.ts"

const HELD_S = 0.6
const LOOK_EVERY_MS = 5
/** How long the holders may take to get hold of every connection. */
const FILLING_MS = 2_000

/** A report that nobody tested takes every connection there is, and everybody else waits in line. */
export const exhaust: Fault = {
  name: "exhaust",
  title: "Pool exhausted",
  async inject({ store, desk, sleep, now }) {
    const { max } = store.snapshot().pool
    let holding = 0
    let liftedAt: number | undefined
    const hold = () =>
      desk.read("chore", (options) =>
        store.withConnection(async (session) => {
          // A connection is taken by the first statement, not before.
          const taken = await session.query("select 1", [], options)
          if (taken.isErr()) return taken
          holding++
          const slept = await session.query("select pg_sleep($1)", [HELD_S], options)
          holding--
          liftedAt ??= now()
          return slept
        }),
      )
    const holders = Promise.all(Array.from({ length: max }, hold))

    // With every connection in the holders' hands, whoever waits is one of the application's operations.
    let othersWait = false
    for (const until = now() + FILLING_MS; !othersWait && liftedAt === undefined && now() < until;) {
      othersWait = holding === max && store.snapshot().pool.waiting > 0
      await sleep(LOOK_EVERY_MS)
    }
    await holders
    const freeAt = liftedAt
    if (!othersWait || freeAt === undefined) return missed
    return { hit: true, liftedAt: freeAt, recoveredBy: ({ kind, startedAt }) => kind !== "chore" && startedAt < freeAt }
  },
}
