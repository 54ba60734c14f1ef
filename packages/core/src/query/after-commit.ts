import type { Deadline } from "@kysely-resilient/driver"

import type { CallSite } from "../errors/call-site.ts"
import { outsideScope } from "../scope/work-scope.ts"
import { callbackThrew } from "./callback.ts"
import type { Kit } from "./kit.ts"
import { endOf } from "./time.ts"

/**
 * What was to happen once the transaction is committed, in the order of asking. The caller waits for it, but not past the
 * deadline: the COMMIT stands whatever becomes of this.
 */
export async function doAfterCommit(
  kit: Kit,
  todo: readonly (() => unknown)[],
  deadline: Deadline,
  attempts: number,
  site: CallSite | undefined,
): Promise<void> {
  if (todo.length === 0) return
  // It is due though whoever wanted the transaction may have gone.
  const done = outsideScope(() => inOrder(kit, todo, attempts, site))
  await endOf(done, kit.clock, deadline, undefined)
}

async function inOrder(
  kit: Kit,
  todo: readonly (() => unknown)[],
  attempts: number,
  site: CallSite | undefined,
): Promise<void> {
  for (const run of todo) {
    try {
      await run()
    } catch (thrown) {
      callbackThrew(kit, {
        whose: "A function given to afterCommit",
        how: "threw; the transaction is committed all the same",
        thrown,
        effect: "applied",
        attempts,
        site,
        unheard: true,
      })
    }
  }
}
