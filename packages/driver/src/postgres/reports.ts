import type { PgWire } from "./internals.ts"

/** What the server has reported of its session's settings, kept up to date (ParameterStatus; PostgreSQL manual, 54.2.7). */
export type Reports = ReadonlyMap<string, string>

/** From before the log-in on: most are sent at its end. */
export function reportsOf(wire: PgWire): Reports {
  const reports = new Map<string, string>()
  wire.on("parameterStatus", (message: { readonly parameterName: string; readonly parameterValue: string }) =>
    reports.set(message.parameterName, message.parameterValue),
  )
  return reports
}

/** Both have been reported since PostgreSQL 14. Behind a pooler they are some other session's, and old. */
export function takesWrites(reports: Reports): boolean {
  return reports.get("in_hot_standby") === "off" && reports.get("default_transaction_read_only") === "off"
}
