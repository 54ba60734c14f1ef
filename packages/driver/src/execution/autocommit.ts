import type { Claim } from "../postgres/claim.ts"
import { Exchange } from "../postgres/exchange.ts"
import type { Parameters, Step } from "../postgres/request.ts"
import { MARKER_TABLE } from "../postgres/marker-table.ts"
import type { Machine } from "./machine.ts"
import type { Plan } from "./plan.ts"
import { markerClaim, markerInsert, proofOn, xidClaim, xidRider } from "./proof.ts"
import { commitOn } from "./transaction.ts"

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
        commit: (first) =>
          commitFlight(plan, () =>
            marker === undefined
              ? commitOn(machine, connection, xidClaim(connection, first.learnt))
              : commitFor(marker),
          ),
      }
    },
  }
}

/** A write whose answer is a number, which can be kept in its marker. */
export interface CountedWrite {
  readonly sql: string
  readonly parameters: Parameters
  readonly command: string
}

/**
 * In one flight where a marker can prove it: the statement, its marker and the number of rows in it are one statement, which is
 * either done or not. So the number is known even if the answer is lost. Elsewhere in two.
 *
 * @param plan in one flight, as it is
 * @param twoFlights of the same
 */
export function countedInMarker(machine: Machine, plan: Plan, twoFlights: Plan, write: CountedWrite): Plan {
  return {
    ...plan,
    ifNotCounted: twoFlights,
    on: (connection) => {
      if (proofOn(machine, connection) !== "marker") return twoFlights.on?.(connection) ?? plan
      const claim = markerClaim(machine, connection.facts)
      const step: Step = {
        do: "count",
        sql: withMarker(write.sql, write.parameters.length + 1),
        parameters: [...write.parameters, claim.id],
        command: write.command,
      }
      return {
        ...plan,
        exchangeOn: () => {
          const exchange = new Exchange({ protocol: "extended", steps: [step] })
          exchange.claim = claim
          return exchange
        },
      }
    },
  }
}

/** What is in a WITH and changes data is done to its end, and once, whoever reads from it (PostgreSQL manual, 7.8.4). */
function withMarker(sql: string, parameter: number): string {
  return (
    `with kysely_resilient_written as (${sql} returning 1), kysely_resilient_marker as (insert into ${MARKER_TABLE} (id, affected) ` +
    `select $${parameter}::uuid, count(*) from kysely_resilient_written returning affected) ` +
    "select affected::text from kysely_resilient_marker"
  )
}

/** COMMIT for what has been done in the flight before. */
function commitFlight(plan: Plan, exchangeOn: () => Exchange): Plan {
  return {
    ...plan,
    phase: "commit",
    enclosed: true,
    exchangeOn,
  }
}

/** Its marker is already written. */
function commitFor(claim: Claim): Exchange {
  const exchange = new Exchange({ protocol: "simple", sql: "commit" })
  exchange.claim = claim
  return exchange
}
