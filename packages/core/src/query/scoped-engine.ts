import type {
  Engine,
  LeaseHandle,
  Session as DriverSession,
  Settled,
  StatementOptions,
  StatementResult,
  StreamChunk,
  Told,
} from "@kysely-resilient/driver"
import type { CompiledQuery } from "kysely"

import { captureCallSite, framesOf, placeOf, type CallSite } from "../errors/call-site.ts"
import { heldOf } from "../scope/held.ts"
import { currentCall, type Patience } from "../scope/resilient-call.ts"
import { CountedLease } from "./counted-lease.ts"
import { CountedSession } from "./counted-session.ts"

type Use = Omit<Extract<Told, { name: "pool.used-inside" }>, "name">

/**
 * The engine as the running code sees it: who asks it for a connection inside of a callback that holds one already is told
 * so, and waits as one who holds something.
 */
export class ScopedEngine implements DriverSession {
  readonly #engine: Engine
  readonly #callSites: boolean
  readonly #patience: Patience

  constructor(patience: Patience, callSites: boolean) {
    this.#engine = patience.engine
    this.#callSites = callSites
    this.#patience = patience
  }

  run(statement: CompiledQuery, options?: StatementOptions): Promise<Settled<StatementResult>> {
    return this.#target.run(statement, this.#inside([statement], options))
  }

  batch(
    statements: readonly CompiledQuery[],
    options?: StatementOptions,
  ): Promise<Settled<readonly StatementResult[]>> {
    return this.#target.batch(statements, this.#inside(statements, options))
  }

  stream(statement: CompiledQuery, chunkSize: number, options?: StatementOptions): AsyncIterable<StreamChunk> {
    return this.#target.stream(statement, chunkSize, this.#inside([statement], options))
  }

  /** @param begun it is another run of what was begun before */
  lease(
    what: "transaction" | "connection",
    site: CallSite | undefined,
    { label, begun = false }: { readonly label?: string | undefined; readonly begun?: boolean } = {},
  ): LeaseHandle {
    const within = this.outer(what, site, label)
    // A transaction is watched by itself, from its BEGIN on.
    const watched = site === undefined ? {} : { takenBy: () => framesOf(site) }
    const lease = this.#engine.lease({ within, begun, ...(what === "connection" && { watched }) })
    const call = currentCall()
    return call === undefined ? lease : new CountedLease(lease, call, this.#patience)
  }

  /** The lease in whose callback the running code asks for something more. */
  outer(what: "transaction" | "connection", site: CallSite | undefined, label?: string): LeaseHandle | undefined {
    const held = heldOf(this.#engine)
    if (held !== undefined) this.#tell({ what, inside: held.what, ...(label !== undefined && { label }) }, site)
    return held?.lease
  }

  get #target(): DriverSession {
    const call = currentCall()
    return call === undefined ? this.#engine : new CountedSession(this.#engine, call, this.#patience)
  }

  #inside(statements: readonly CompiledQuery[], options: StatementOptions | undefined): StatementOptions | undefined {
    const held = heldOf(this.#engine)
    if (held === undefined) return options
    const site = this.#callSites ? siteHere() : undefined
    const sql = statements.map((statement) => statement.sql).join(";\n")
    const label = options?.label
    this.#tell({ what: "statement", inside: held.what, sql, ...(label !== undefined && { label }) }, site)
    return { ...options, within: held.lease }
  }

  #tell(use: Use, site: CallSite | undefined): void {
    const callSite = placeOf(site)
    if (this.#callSites && use.inside === "transaction") warnOnce(use, callSite)
    this.#engine.tell({ name: "pool.used-inside", ...use, ...(callSite !== undefined && { callSite }) })
  }
}

/** The places that were warned of. A program has not many, and one that makes them up must not fill the memory. */
const warned = new Set<string>()
const WARNED_MAX = 1_000

/** In development, where somebody can still change it: once for each place in the program. */
function warnOnce({ what, label }: Use, callSite: string | undefined): void {
  const where = `${callSite === undefined ? "" : ` at ${callSite}`}${label === undefined ? "" : ` ("${label}")`}`
  if (warned.has(where) || warned.size === WARNED_MAX) return
  warned.add(where)
  const used = what === "statement" ? "A statement" : `A ${what}`
  process.emitWarning(
    `${used} of the database was begun inside the callback of a transaction${where}: it is not part of that transaction, and waits ` +
      "for another connection. Use the handle that the callback was given",
    { type: "KyselyResilientWarning", code: "USED_INSIDE" },
  )
}

function siteHere(): CallSite {
  return captureCallSite(siteHere)
}
