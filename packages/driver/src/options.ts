import type { Observer } from "./telemetry/events.ts"

/** Placeholder until the options are written; see the contract. */
export interface DriverOptions {
  readonly connection?: string | object
  readonly pool?: object
  readonly timeouts?: { readonly connectMs?: number; readonly queryMs?: number; readonly cancelMs?: number }
  readonly observer?: Observer
}
