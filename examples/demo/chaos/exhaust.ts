import type { ChaosContext } from "./context.ts"

const HELD_S = 4

/** A report that nobody tested takes every connection there is, and everybody else waits in line. */
export async function exhaust({ store }: ChaosContext): Promise<void> {
  const { max } = store.snapshot().pool
  const options = { name: "untested report" }
  await Promise.all(Array.from({ length: max }, () => store.query("select pg_sleep($1)", [HELD_S], options)))
}
