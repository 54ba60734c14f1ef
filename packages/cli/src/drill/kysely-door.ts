import { DriverError } from "@kysely-resilient/driver"
import { err, ok, type Result } from "neverthrow"

import type { Trouble } from "./trouble.ts"

/** What Kysely's door throws, as a value. Anything but the driver's own error is a surprise, and says so. */
export async function tried<T>(work: () => Promise<T>): Promise<Result<T, Trouble>> {
  try {
    return ok(await work())
  } catch (error) {
    if (error instanceof DriverError) return err(error)
    return err({ kind: "threw", effect: "unknown", because: undefined, attempts: 1, message: String(error) })
  }
}

/** At Kysely's door nobody runs a transaction again but its caller: may, and should, this one be? */
export function worthAnotherRun(trouble: Trouble): boolean {
  return trouble instanceof DriverError && trouble.effect === "not_applied" && trouble.failure.retry === "transaction"
}
