import type { Failure } from "@kysely-resilient/driver"
import { CompiledQuery } from "kysely"
import { err, ok, type Result } from "neverthrow"

import type { CallSite } from "../errors/call-site.ts"
import type { QueryError } from "../errors/database-error.ts"
import { toDatabaseError } from "../errors/to-database-error.ts"
import type { TransactionError } from "../errors/violations.ts"
import { callbackThrew, runCallback } from "./callback.ts"
import type { Kit } from "./kit.ts"
import type { LeaseLane } from "./lease-lane.ts"
import type { Awaitable, ErrOf, OkOf } from "./results.ts"
import type { Run } from "./run.ts"

type Saved<R> = Result<OkOf<R>, ErrOf<R> | TransactionError>

const READ_ONLY = CompiledQuery.raw("set transaction read only")

const RETURNED = "The savepoint is over: its callback has returned, and this came after that"

/** A part of a transaction that may fail alone: it is kept, or undone as if it had never been. */
export async function savepoint<R>(
  kit: Kit,
  run: Run,
  body: (part: Run) => Awaitable<R>,
  site: CallSite | undefined,
  accessMode?: "read only",
): Promise<Saved<R>> {
  const enclosed = await run.lane.enclose((inner) => keepOrUndo(kit, run, inner, body, site, accessMode))
  return enclosed.ok
    ? enclosed.value
    : err(toDatabaseError(enclosed.failure, { detail: kit.errors.detail, attempts: 0, site }))
}

async function keepOrUndo<R>(
  kit: Kit,
  run: Run,
  lane: LeaseLane,
  body: (part: Run) => Awaitable<R>,
  site: CallSite | undefined,
  accessMode: "read only" | undefined,
): Promise<Saved<R>> {
  const lease = lane.target
  const name = lane.nextName()
  const error = (failure: Failure, first?: Error): QueryError =>
    toDatabaseError(failure, { detail: kit.errors.detail, attempts: 1, naming: kit.names?.ofCommit, site, first })

  const begun = await lease.savepoint(name)
  if (!begun.ok) return err(error(begun.failure))

  // Until the savepoint is over, however it ends.
  const narrowed = accessMode === undefined ? undefined : await lease.run(READ_ONLY, { ours: true })
  if (narrowed?.ok === false) return err(error(narrowed.failure))

  const part = run.part(lane, accessMode !== undefined)
  const ended = await runCallback(() => body(part))
  if (ended.end === "ok") lane.close(RETURNED)
  else lane.end(RETURNED)
  await lane.quiet()
  lane.end(RETURNED)

  if (ended.end === "ok") {
    const kept = await lease.releaseSavepoint(name)
    if (kept.ok) {
      run.keep(part)
      return ok(ended.value)
    }
    // A statement in it had failed, which its callback passed over.
    const first = lease.firstFailure && lane.errorOf(lease.firstFailure)
    await undo(lane, name)
    return err(error(kept.failure, first))
  }
  await undo(lane, name)
  if (ended.end === "err") return err(ended.error)
  const { how, thrown } = ended
  return err(
    callbackThrew(kit, {
      whose: "The callback of the savepoint",
      how: `${how}; it was rolled back`,
      thrown,
      effect: "not_applied",
      attempts: run.attempt,
      site,
    }),
  )
}

/** Back to where it began, and the savepoint itself away, so that a loop of them does not nest ever deeper on the server. */
async function undo(lane: LeaseLane, name: string): Promise<void> {
  const undone = await lane.target.rollbackTo(name)
  // If it was not, the transaction has failed; the lease has that on record, and its COMMIT will say so.
  if (undone.ok) await lane.target.releaseSavepoint(name)
}
