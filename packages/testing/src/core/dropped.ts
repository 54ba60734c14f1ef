import type { Unseen } from "@kysely-resilient/core/testing"

/** The same in every copy of `@kysely-resilient/core`. */
const ALL = Symbol.for("@kysely-resilient/core.unseen.1")

/** What is said of the Errs that nobody has looked at until now; each is said once. */
export async function takeDropped(): Promise<readonly string[]> {
  // What was still on its way when the test ended.
  await new Promise((resolve) => setImmediate(resolve))
  const all: unknown = Reflect.get(globalThis, ALL)
  if (!(all instanceof Set)) return []
  const unseen: readonly Unseen[] = [...all]
  all.clear()
  return unseen.flatMap((one) => one.dropped()?.message ?? [])
}

/** Fails the test that runs, if there is one to report. */
export async function refuseDropped(): Promise<void> {
  const messages = await takeDropped()
  if (messages.length > 0) throw new Error(messages.join("\n"))
}
