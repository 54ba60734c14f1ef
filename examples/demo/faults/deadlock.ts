import { setTimeout as sleep } from "node:timers/promises"

import { transfer, type Order } from "../app/transfers.ts"
import { shuffled } from "../random.ts"
import { missed, type Fault } from "./fault.ts"
import { FAULT_WORKER } from "./worker.ts"

/** How long one waits for the other to hold its first account; somebody else may be in its way. */
const MEETING_MS = 500
/** The server looks for deadlocks after `deadlock_timeout`. */
const NEWS_MS = 3_000

/** Two people pay each other at the same moment, and each holds the account that the other needs. */
export const deadlock: Fault = {
  name: "deadlock",
  title: "Deadlock",
  async inject({ store, desk, rivals, watch, random, now }) {
    const [one, other] = shuffled(rivals, random)
    if (one === undefined || other === undefined) return missed
    const meeting = meetingOfTwo()
    const pay = (order: Order) =>
      desk.write("transfer", FAULT_WORKER, (entry, options) =>
        transfer(store, order, entry, {
          ...options,
          lock: "as written",
          approve: (attempt) => (attempt === 1 ? meeting() : Promise.resolve()),
        }),
      )

    const resolvedAt = watch
      .next((event) => event.name === "transaction.rerun" && event.failure.kind === "deadlock_detected", NEWS_MS)
      .then((event) => (event === undefined ? undefined : now()))
    await Promise.all([pay({ from: one, to: other, amount: "1.00" }), pay({ from: other, to: one, amount: "1.00" })])
    const liftedAt = await resolvedAt
    if (liftedAt === undefined) return missed
    return { hit: true, liftedAt, recoveredBy: ({ kind, retried }) => kind === "transfer" && retried }
  },
}

/** Both go on once both are here, or once one has waited for too long. */
function meetingOfTwo(): () => Promise<void> {
  let arrived = 0
  const both = Promise.withResolvers<void>()
  return () => {
    if (++arrived === 2) both.resolve()
    return Promise.race([both.promise, sleep(MEETING_MS)])
  }
}
