import type { CompiledQuery } from "kysely"

import { Exchange } from "../postgres/exchange.ts"
import type { Parameters, Step } from "../postgres/request.ts"
import type { RowDecoder } from "../postgres/row-decoder.ts"
import type { StatementShape } from "../postgres/statement.ts"
import { inTwoFlights } from "./autocommit.ts"
import type { Machine } from "./machine.ts"
import { callLimits, type DoorOptions, type Place } from "./plan-statement.ts"
import type { Plan } from "./plan.ts"

const BEGIN_READ_ONLY = "begin read only"

/** What a stream sends, from its first chunk to its end. */
export class PortalPlans {
  readonly #machine: Machine
  readonly #query: CompiledQuery
  readonly #shape: StatementShape
  readonly #portal: string
  readonly #rowsMax: number
  readonly #comment: string | undefined
  /** The stream brings its own transaction. */
  readonly #own: boolean
  /** Nothing can have been written: the tree proves it, its caller vouches for it, or the transaction is READ ONLY. */
  #reads = false

  constructor(
    machine: Machine,
    stream: {
      query: CompiledQuery
      shape: StatementShape
      portal: string
      rowsMax: number
      own: boolean
      comment: string | undefined
    },
  ) {
    this.#machine = machine
    this.#query = stream.query
    this.#shape = stream.shape
    this.#portal = stream.portal
    this.#rowsMax = stream.rowsMax
    this.#own = stream.own
    this.#comment = stream.comment
  }

  /** The first chunk, with a BEGIN of its own where none is open: READ ONLY unless it is known to write. */
  open(parameters: Parameters, place: Place, options: DoorOptions): Plan {
    const { reads } = this.#shape
    const opening: Step = {
      do: "open-portal",
      sql: this.#query.sql,
      parameters,
      portal: this.#portal,
      rowsMax: this.#rowsMax,
    }
    const within = (begin: string): Step[] => (this.#own ? [{ do: "command", sql: begin }, opening] : [opening])
    const vouched = options.readOnly === true || place.readOnly
    const suspected =
      this.#own && reads === "ask" && options.readOnly !== false && !this.#machine.knownWrites.has(this.#query.sql)
    // No COMMIT has been sent when this fails, so nothing of it can have been applied.
    const { leaves } = this.#shape
    const first = { enclosed: this.#own, repeatable: this.#own, counted: true, rowsDelivered: false, leaves } as const
    const asWrite: Plan = { ...this.#plan(within("begin"), options), ...first, access: "write", phase: "transaction" }
    if (reads !== "proved" && !vouched && !suspected) return asWrite
    return {
      ...this.#plan(within(BEGIN_READ_ONLY), options),
      ...first,
      access: "read",
      phase: this.#own ? "read" : "transaction",
      ifWrite: suspected && !vouched ? asWrite : undefined,
    }
  }

  /** What came of `open`: it may have turned out to write. */
  opened({ request }: Exchange, place: Place, options: DoorOptions): void {
    const enforced =
      request.protocol === "extended" &&
      request.steps.some((step) => step.do === "command" && step.sql === BEGIN_READ_ONLY)
    this.#reads = this.#shape.reads === "proved" || enforced || place.readOnly || options.readOnly === true
  }

  /** Then all that matters of it are its rows. */
  get reads(): boolean {
    return this.#reads
  }

  next(decoder: RowDecoder | undefined, options: DoorOptions): Plan {
    return this.#plan([{ do: "fetch", portal: this.#portal, rowsMax: this.#rowsMax }], options, decoder)
  }

  close(options: DoorOptions): Plan {
    const closing: Step = { do: "close-portal", portal: this.#portal }
    if (!this.#own) return this.#plan([closing], options)
    const plan = this.#plan([closing, { do: "command", sql: "commit" }], options)
    if (this.#shape.reads === "proved") return plan
    const committing: Plan = { ...plan, phase: "commit" }
    return this.#reads ? committing : inTwoFlights(this.#machine, committing, [closing], this.#shape.notifies)
  }

  #plan(steps: readonly Step[], options: DoorOptions, decoder?: RowDecoder): Plan {
    return {
      queryId: this.#query.queryId.queryId,
      sql: this.#query.sql,
      label: options.label,
      comment: this.#comment,
      exchangeOn: () => new Exchange({ protocol: "extended", steps }, decoder),
      access: this.#reads ? "read" : "write",
      phase: "transaction",
      selfCommitting: false,
      enclosed: false,
      repeatable: false,
      ifWrite: undefined,
      leaves: undefined,
      counted: false,
      rowsDelivered: true,
      ...callLimits(this.#machine, options),
    }
  }
}
