import { delay } from "@kysely-resilient/testing"

import type { ChaosContext } from "./context.ts"

const DELAY_MS = 200
const DELAYED_MS = 8_000

/** The server has moved to another continent, for a while. */
export async function slowNetwork({ proxy, sleep }: ChaosContext): Promise<void> {
  const rule = proxy.rule({
    when: { from: "client", message: ["Query", "Sync"] },
    do: delay(DELAY_MS),
    times: Number.POSITIVE_INFINITY,
  })
  await sleep(DELAYED_MS)
  rule.lift()
}
