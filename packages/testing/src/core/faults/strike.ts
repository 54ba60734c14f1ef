import type { Engine, Failure, LeaseHandle, Settled } from "@kysely-resilient/core/testing"

import { failureOf } from "../failures.ts"
import { failed, failureOfFault, isDone, isMeant, type Fault } from "./fault.ts"
import type { Take } from "./line.ts"

type Statements = Pick<Engine, "run" | "batch" | "stream">

/** Puts the faults before an engine's own methods, and before those of the connections that it gives. */
export function strikeEngine(engine: Engine, take: Take): void {
  const lease = engine.lease.bind(engine)
  Object.assign(engine, statementsOf(engine, take), {
    lease: (options: Parameters<Engine["lease"]>[0]) => struckLease(lease(options), take),
  })
}

/** A transaction with a failed statement in it has failed, as on the server, until it is rolled back to before. */
function struckLease(lease: LeaseHandle, take: Take): LeaseHandle {
  const begin = lease.begin.bind(lease)
  const commit = lease.commit.bind(lease)
  const rollback = lease.rollback.bind(lease)
  const savepoint = lease.savepoint.bind(lease)
  const rollbackTo = lease.rollbackTo.bind(lease)
  let open = false
  let struck: Failure | undefined
  const savepoints = new Map<string, Failure | undefined>()
  const statements = statementsOf(lease, take, {
    refusal: () =>
      open && struck !== undefined ? failureOf("transaction_aborted", { phase: "transaction" }) : undefined,
    note: (failure) => {
      if (open) struck ??= failure
    },
    inTransaction: () => open,
  })
  const own = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(lease), "firstFailure")
  Object.defineProperty(lease, "firstFailure", {
    get: (): Failure | undefined => struck ?? (own?.get?.call(lease) satisfies Failure | undefined),
  })
  return Object.assign(lease, statements, {
    begin(settings: Parameters<LeaseHandle["begin"]>[0]): void {
      open = true
      struck = undefined
      savepoints.clear()
      begin(settings)
    },
    async commit(): Promise<Settled<void>> {
      open = false
      if (struck !== undefined) {
        await rollback("failed")
        return failed(failureOf("transaction_aborted", { phase: "commit" }))
      }
      const fault = take(({ phase }) => phase === "commit")
      if (fault === undefined) return commit()
      struck = failureOfFault(fault, true)
      if (!isDone(fault)) {
        await rollback("failed")
        return failed(struck)
      }
      const committed = await commit()
      return committed.ok ? failed(struck) : committed
    },
    async rollback(reason: Parameters<LeaseHandle["rollback"]>[0]): Promise<void> {
      open = false
      await rollback(reason)
    },
    async savepoint(name: string): Promise<Settled<void>> {
      if (struck !== undefined) return failed(failureOf("transaction_aborted", { phase: "transaction" }))
      savepoints.set(name, struck)
      return savepoint(name)
    },
    async rollbackTo(name: string): Promise<Settled<void>> {
      // A conflict, or a lost connection, takes the whole transaction with it.
      if (struck !== undefined && struck.retry === "never") struck = savepoints.get(name)
      if (struck !== undefined) return failed(failureOf("transaction_aborted", { phase: "transaction" }))
      return rollbackTo(name)
    },
  })
}

interface Surroundings {
  /** Why nothing is run now. */
  readonly refusal: () => Failure | undefined
  readonly note: (failure: Failure) => void
  readonly inTransaction: () => boolean
}

const ALONE: Surroundings = { refusal: () => undefined, note: () => {}, inTransaction: () => false }

function statementsOf(
  target: Statements,
  take: Take,
  { refusal, note, inTransaction }: Surroundings = ALONE,
): Statements {
  const run = target.run.bind(target)
  const batch = target.batch.bind(target)
  const stream = target.stream.bind(target)
  const faultFor = (statements: readonly { readonly sql: string }[], label: string | undefined): Fault | undefined =>
    take((fault) => fault.phase !== "commit" && statements.some(({ sql }) => isMeant(fault, { sql, label })))

  const struck = async <T>(fault: Fault, work: () => Promise<Settled<T>>): Promise<Settled<T>> => {
    const failure = failureOfFault(fault, inTransaction())
    // It really happens first, if it is to have happened; an error of its own comes first, too.
    const settled = isDone(fault) ? await work() : undefined
    if (settled?.ok === false) return settled
    note(failure)
    const { effect } = failure
    return effect === "applied_locally" && settled !== undefined
      ? { ...failed(failure), value: settled.value }
      : failed(failure)
  }
  const refused = (): (Settled<never> & { readonly ok: false }) | undefined => {
    const why = refusal()
    return why === undefined ? undefined : failed(why)
  }

  return {
    run: async (statement, options) => {
      const work = (): ReturnType<typeof run> => run(statement, options)
      const fault = refusal() === undefined ? faultFor([statement], options?.label) : undefined
      return fault === undefined ? (refused() ?? work()) : struck(fault, work)
    },
    batch: async (statements, options) => {
      const work = (): ReturnType<typeof batch> => batch(statements, options)
      const fault = refusal() === undefined ? faultFor(statements, options?.label) : undefined
      return fault === undefined ? (refused() ?? work()) : struck(fault, work)
    },
    async *stream(statement, chunkSize, options) {
      const fault = refusal() === undefined ? faultFor([statement], options?.label) : undefined
      const why = refused()
      if (why !== undefined) yield why
      else if (fault === undefined) yield* stream(statement, chunkSize, options)
      else yield await struck<never>(fault, async () => failed(failureOfFault(fault, inTransaction())))
    },
  }
}
