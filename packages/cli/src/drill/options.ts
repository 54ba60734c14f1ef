export const SERVERS = ["15", "18"] as const
export const RESOLUTIONS = ["xid", "marker"] as const
export type ServerChoice = (typeof SERVERS)[number]
export type Resolution = (typeof RESOLUTIONS)[number]

/** What can be turned. */
export interface DrillOptions {
  readonly seed: number
  /** How long faults play. */
  readonly seconds: number
  readonly workers: number
  readonly postgres: ServerChoice
  readonly resolution: Resolution
}
