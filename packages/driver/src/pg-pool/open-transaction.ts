import type { Machine } from "../execution/machine.ts"
import { takesXid } from "../execution/plan-statement.ts"
import { markerClaim, markerInsert, proofOn, xidClaim } from "../execution/proof.ts"
import type { Claim } from "../postgres/claim.ts"
import type { PgConnection } from "../postgres/connection.ts"
import { Exchange } from "../postgres/exchange.ts"
import type { StatementShape } from "../postgres/statement.ts"

/** What is remembered of a transaction that its user manages by hand, so that its COMMIT can be looked for if nobody answers it. */
export class OpenTransaction {
  readonly #machine: Machine
  readonly #connection: PgConnection
  /** Its number, or that it has none so far. */
  #claim: Claim | undefined
  /** Something ran in it behind which nobody asked for its number. */
  #unasked: boolean

  constructor(machine: Machine, connection: PgConnection, { onlyBegun }: { readonly onlyBegun: boolean }) {
    this.#machine = machine
    this.#connection = connection
    this.#unasked = !onlyBegun
  }

  /** Its number proves its COMMIT here, and is not known yet. */
  get wantsXid(): boolean {
    const numbered = this.#claim !== undefined && this.#claim.by !== "nothing"
    return !numbered && proofOn(this.#machine, this.#connection) === "xid"
  }

  /** It has to be asked for by itself before COMMIT. */
  get unasked(): boolean {
    return this.#unasked && this.wantsXid
  }

  note(learnt: Exchange["learnt"], shape: StatementShape | undefined): void {
    if (learnt !== undefined) {
      this.#claim = xidClaim(this.#connection, learnt)
      this.#unasked = this.#claim === undefined
    } else if (this.wantsXid && (shape === undefined || !shape.single || takesXid(shape))) this.#unasked = true
  }

  /** COMMIT in its user's own words, with what proves it. */
  commit(sql: string): Exchange {
    const { facts } = this.#connection
    const proof = proofOn(this.#machine, this.#connection)
    const marker = proof === "marker" ? markerClaim(this.#machine, facts) : undefined
    const text = marker === undefined ? sql : `${markerInsert(marker)}; ${sql}`
    const exchange = new Exchange({ protocol: "simple", sql: text })
    exchange.claim = marker ?? (proof === "xid" && !this.#unasked ? (this.#claim ?? { by: "nothing" }) : undefined)
    return exchange
  }
}
