import type { Claim } from "../postgres/claim.ts"
import { Exchange, type Step } from "../postgres/exchange.ts"
import type { Machine } from "./machine.ts"
import type { Plan } from "./plan.ts"
import { markerClaim, markerInsert, proofOn, xidClaim, xidRider } from "./proof.ts"

/**
 * What would end in its own COMMIT in two flights instead: the steps with what proves the COMMIT; then COMMIT. What is lost with the
 * first was not applied, and may be repeated; what became of the second can be found out, with the answer in hand.
 *
 * @param plan the same in one flight: for a connection on which nothing can be proved
 * @param steps without COMMIT
 * @param forced see `xidRider`
 */
export function inTwoFlights(machine: Machine, plan: Plan, steps: readonly Step[], forced: boolean): Plan {
  return {
    ...plan,
    on: (connection) => {
      const proof = proofOn(machine, connection)
      if (proof === "off") return plan
      const { facts } = connection
      const marker = proof === "marker" ? markerClaim(machine, facts) : undefined
      const rider: Step = marker === undefined ? xidRider(facts, forced) : { do: "command", sql: markerInsert(marker) }
      return {
        ...plan,
        phase: "transaction",
        enclosed: true,
        exchangeOn: () => new Exchange({ protocol: "extended", steps: [...steps, rider] }),
        commit: (first) => commitFlight(plan, marker ?? xidClaim(facts, first.learnt)),
      }
    },
  }
}

/** COMMIT for what has been done in the flight before. */
function commitFlight(plan: Plan, claim: Claim | undefined): Plan {
  return {
    ...plan,
    phase: "commit",
    enclosed: true,
    exchangeOn: () => {
      const exchange = new Exchange({ protocol: "simple", sql: "commit" })
      exchange.claim = claim
      return exchange
    },
  }
}
