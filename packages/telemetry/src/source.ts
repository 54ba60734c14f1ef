import type { DriverSnapshot, Observer } from "@kysely-resilient/driver"

/** What telemetry needs of a database: a `Database` of core is one. It is listened to and looked at, and never asked anything. */
export interface Source {
  /** Tells every event, until the function that it returns is called. */
  observe(listener: Observer): () => void
  snapshot(): DriverSnapshot
  health?(): { readonly status: "healthy" | "degraded" | "critical" }
  advise?(): readonly { readonly code: string; readonly severity: string }[]
}
