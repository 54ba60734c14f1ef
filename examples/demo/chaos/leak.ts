import { ok } from "neverthrow"

import type { ChaosContext } from "./context.ts"

const FORGOTTEN_MS = 6_000

/** Somebody sends BEGIN by hand, locks a row, thinks for a while, and forgets the rest. */
export async function leak({ store, sleep }: ChaosContext): Promise<void> {
  const options = { name: "forgotten transaction" }
  await store.withConnection(async (session) => {
    await session.query("begin", [], options)
    await session.query("select from accounts order by id limit 1 for update", [], options)
    await sleep(FORGOTTEN_MS)
    return ok(undefined)
  })
}
