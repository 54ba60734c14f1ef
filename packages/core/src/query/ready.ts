import type { ReadyReport as DriverReadyReport } from "@kysely-resilient/driver"

import type { SchemaDrift } from "../schema-check/drift.ts"
import type { RunOptions } from "./run-options.ts"

/** What `ready` found. */
export interface ReadyReport extends DriverReadyReport {
  /** With `checkSchema`: what differs between the database and the schema. Nothing of it breaks anything, unless it was only to warn. */
  readonly drift?: readonly SchemaDrift[]
}

export interface ReadyOptions extends Pick<RunOptions, "signal" | "timeoutMs"> {
  /**
   * Compares the database with the schema that `createDatabase` was given. `error`: drift that breaks something is an Err
   * (`schema_drift`). `warn`: drift is a process warning. Default `false`.
   */
  readonly checkSchema?: "error" | "warn" | false
}

export function isCheck(value: unknown): value is ReadyOptions["checkSchema"] {
  return value === undefined || value === false || value === "error" || value === "warn"
}
