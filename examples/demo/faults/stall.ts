import { stall as halt } from "@kysely-resilient/testing"

import { missed, type Fault } from "./fault.ts"

const STALLED_MS = 700

/** The network swallows everything for a while, and no connection ends: nobody is told anything. */
export const stall: Fault = {
  name: "stall",
  title: "Network stalled",
  async inject({ proxy, now, sleep }) {
    // Clients only speak when an operation of theirs needs it, so whatever is held up is an operation.
    const rule = proxy.rule({
      when: { from: "client", message: ["Query", "Parse", "Bind", "Execute", "Sync"] },
      do: halt(),
      times: Number.POSITIVE_INFINITY,
    })
    await sleep(STALLED_MS)
    const { hits } = rule
    rule.remove()
    rule.release()
    const liftedAt = now()
    if (hits === 0) return missed
    return { hit: true, liftedAt, recoveredBy: ({ startedAt }) => startedAt < liftedAt }
  },
}
