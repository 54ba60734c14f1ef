import { deadlineAfter, type StatementOptions } from "@kysely-resilient/driver"
import { err, ok, type Result } from "neverthrow"

import type { CallSite } from "../errors/call-site.ts"
import { localFailure } from "../errors/local-failure.ts"
import { toDatabaseError } from "../errors/to-database-error.ts"
import type { TransactionError } from "../errors/violations.ts"
import { holding } from "../scope/held.ts"
import { currentScope, type WorkScope } from "../scope/work-scope.ts"
import { callbackThrew, runCallback } from "./callback.ts"
import type { Kit } from "./kit.ts"
import { PinnedLane } from "./lease-lane.ts"
import type { Awaitable, ErrOf, OkOf } from "./results.ts"
import { endOf } from "./time.ts"

const OVER = "The connection was given back: its callback has returned, or its time was up, and this came after that"

const GIVEN_UP = { deadline: "deadline_exceeded", aborted: "aborted", closed: "pool_closed" } as const
const HOW = { aborted: "was ended by its signal", closed: "was not done when the database was closed" } as const

/** Each of its statements has told for itself what became of it; of the whole nobody can say. */
const UNKNOWN = { effect: "unknown" } as const

/** One connection for a while. It goes back clean, whatever its callback did and however long that takes. */
export async function holdConnection<R>(
  kit: Kit,
  said: Pick<StatementOptions, "signal" | "timeoutMs">,
  body: (lane: PinnedLane) => Awaitable<R>,
  site: CallSite | undefined,
): Promise<Result<OkOf<R>, ErrOf<R> | TransactionError>> {
  const scope = currentScope()
  const signal = scope === undefined ? said.signal : scope.holdSignal(said.signal)
  const timeoutMs = shortest(said.timeoutMs, scope)
  const deadline = timeoutMs === undefined ? undefined : deadlineAfter(kit.clock, timeoutMs)
  const lease = kit.pool.lease("connection", site)
  const lane = new PinnedLane(lease)
  const leave = scope?.enter("connection", undefined, site)
  const ended = await endOf(
    holding(kit.engine, lease, "connection", () => runCallback(() => body(lane))),
    kit.clock,
    deadline,
    signal,
    kit.closing,
  )
  leave?.()
  lane.end(OVER)
  if (ended.end === "deadline" || ended.end === "aborted" || ended.end === "closed") {
    void lease.release().catch(() => {})
    const what = ended.end === "deadline" ? `was not done within ${timeoutMs} ms` : HOW[ended.end]
    const kind = GIVEN_UP[ended.end]
    return err(
      toDatabaseError(localFailure(kind, `The callback of withConnection ${what}`, UNKNOWN), {
        detail: kit.errors.detail,
        attempts: 1,
        site,
      }),
    )
  }
  await lease.release()
  if (ended.end === "ok") return ok(ended.value)
  if (ended.end === "err") return err(ended.error)
  const { how, thrown } = ended
  return err(
    callbackThrew(kit, { whose: "The callback of withConnection", how, thrown, ...UNKNOWN, attempts: 1, site }),
  )
}

/** As long as it may take, and as the work may that it is part of. */
function shortest(timeoutMs: number | undefined, scope: WorkScope | undefined): number | undefined {
  const left = scope?.remainingMs
  return left === undefined || left === Number.POSITIVE_INFINITY ? timeoutMs : Math.min(left, timeoutMs ?? left)
}
