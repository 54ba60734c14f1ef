import type { AbortableOperationOptions, CompiledQuery, DatabaseConnection, QueryResult } from "kysely"

import type { Settled, StatementResult } from "../engine.ts"
import { notesOf } from "../execution/annotations.ts"
import type { Lease } from "../execution/lease.ts"
import type { PgConnection } from "../postgres/connection.ts"
import { DriverError } from "./driver-error.ts"

/** A step of a transaction in the form of a query, so that Kysely's `log` shows it as it does with every dialect. */
export type Step = { readonly step: () => Promise<void> }

const steps = new WeakMap<CompiledQuery, () => Promise<void>>()

export function stepQuery(sql: string, step: () => Promise<void>): CompiledQuery {
  const query: CompiledQuery = {
    query: { kind: "RawNode", sqlFragments: [sql], parameters: [] },
    queryId: { queryId: sql },
    sql,
    parameters: [],
  }
  steps.set(query, step)
  return query
}

/** Commands whose tag counts the rows they changed. */
const CHANGES = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"])

/**
 * Kysely's DatabaseConnection over a lease. It holds no physical connection until the first statement, which is why
 * there is nothing to collect before a statement can be cancelled.
 */
export class LeasedConnection implements DatabaseConnection {
  readonly lease: Lease
  #running: { readonly connection: () => PgConnection | undefined } | undefined

  constructor(lease: Lease) {
    this.lease = lease
  }

  async executeQuery<R>(query: CompiledQuery, options?: AbortableOperationOptions): Promise<QueryResult<R>> {
    const step = steps.get(query)
    if (step !== undefined) {
      await step()
      return { rows: [] }
    }
    const running = { connection: () => this.lease.inFlight }
    this.#running = running
    try {
      const settled = await this.lease.run(query, { ...notesOf(query), ...signalOf(options), abortInFlight: false })
      return toQueryResult<R>(settled)
    } finally {
      if (this.#running === running) this.#running = undefined
    }
  }

  async *streamQuery<R>(
    query: CompiledQuery,
    chunkSize: number,
    options?: AbortableOperationOptions,
  ): AsyncIterableIterator<QueryResult<R>> {
    if (!Number.isInteger(chunkSize) || chunkSize < 1) {
      throw new RangeError(
        `The chunk size of a stream must be a whole number of rows, 1 or more; it was ${String(chunkSize)}`,
      )
    }
    for await (const chunk of this.lease.stream(query, chunkSize, { ...notesOf(query), ...signalOf(options) })) {
      if (!chunk.ok) throw new DriverError(chunk.failure, chunk.attempts, chunk.because)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Kysely's caller names the rows
      yield { rows: [...chunk.value] as R[] }
    }
  }

  /** Nothing to ask the server for: what a CancelRequest needs came with the connection. */
  async collectSessionInfo(): Promise<void> {}

  /** A CancelRequest over a socket of its own; the control connection that Kysely offers would wait for a slot of the pool. */
  async cancelQuery(): Promise<void> {
    this.#running?.connection()?.abandon("abort")
  }

  async killSession(): Promise<void> {
    this.#running?.connection()?.kill()
  }
}

function toQueryResult<R>(settled: Settled<StatementResult>): QueryResult<R> {
  if (!settled.ok) throw new DriverError(settled.failure, settled.attempts, settled.because)
  const { rows, command, affected } = settled.value
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Kysely's caller names the rows
    rows: rows as R[],
    ...(CHANGES.has(command) && affected !== undefined && { numAffectedRows: affected }),
  }
}

function signalOf(options: AbortableOperationOptions | undefined): { readonly signal?: AbortSignal } {
  return options?.signal === undefined ? {} : { signal: options.signal }
}
