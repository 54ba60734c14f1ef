import { deadlineAfter, type StatementOptions } from "@kysely-resilient/driver"
import { err, ok, type Result } from "neverthrow"

import type { CallSite } from "../errors/call-site.ts"
import type { TransactionError } from "../errors/database-error.ts"
import { localFailure } from "../errors/local-failure.ts"
import { toDatabaseError } from "../errors/to-database-error.ts"
import { callbackThrew, runCallback } from "./callback.ts"
import type { Kit } from "./kit.ts"
import { PinnedLane } from "./lease-lane.ts"
import type { Awaitable, ErrOf, OkOf } from "./results.ts"
import { endOf } from "./time.ts"

const OVER = "The connection was given back: its callback has returned, or its time was up, and this came after that"

/** One connection for a while. It goes back clean, whatever its callback did and however long that takes. */
export async function holdConnection<R>(
  kit: Kit,
  said: Pick<StatementOptions, "signal" | "timeoutMs">,
  body: (lane: PinnedLane) => Awaitable<R>,
  site: CallSite | undefined,
): Promise<Result<OkOf<R>, ErrOf<R> | TransactionError>> {
  const { signal, timeoutMs } = said
  const deadline = timeoutMs === undefined ? undefined : deadlineAfter(kit.clock, timeoutMs)
  const context = { detail: kit.errors.detail, attempts: 1, site }
  const lease = kit.engine.lease()
  const lane = new PinnedLane(lease)
  const ended = await endOf(runCallback(() => body(lane)), kit.clock, deadline, signal)
  lane.end(OVER)
  switch (ended.end) {
    case "deadline":
    case "aborted": {
      void lease.release()
      const what = ended.end === "deadline" ? `was not done within ${timeoutMs} ms` : "was ended by its signal"
      const kind = ended.end === "deadline" ? "deadline_exceeded" : "aborted"
      const failure = localFailure(kind, `The callback of withConnection ${what}`, { effect: "unknown" })
      return err(toDatabaseError(failure, context))
    }
    case "ok":
      await lease.release()
      return ok(ended.value)
    case "err":
      await lease.release()
      return err(ended.error)
    case "threw": {
      await lease.release()
      const { how, thrown } = ended
      const whose = "The callback of withConnection"
      return err(callbackThrew(kit, { whose, how, thrown, effect: "unknown", attempts: 1, site }))
    }
  }
}
