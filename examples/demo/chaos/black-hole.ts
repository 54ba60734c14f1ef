import { stall } from "@kysely-resilient/testing"

import { APPLICATION } from "../faults/backends.ts"
import type { ChaosContext } from "./context.ts"

const SWALLOWED_MS = 8_000

/**
 * Something between here and the server has forgotten the connections that there are, as a NAT gateway or a fail-over of a load balancer does:
 * whatever is sent over them is swallowed, nobody is told, and new ones work.
 */
export async function blackHole({ proxy, sleep }: ChaosContext): Promise<void> {
  const rules = proxy.connections
    .filter(({ applicationName }) => applicationName === APPLICATION)
    .map(({ nth }) =>
      proxy.rule({
        when: { from: "client", message: ["Query", "Parse", "Bind", "Execute", "Sync"] },
        do: stall(),
        connection: nth,
      }),
    )
  await sleep(SWALLOWED_MS)
  for (const rule of rules) rule.lift()
}
