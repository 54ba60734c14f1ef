/** The matrix: every named instant of the protocol, in every kind of statement, hit by every fault. */
import { INSTANTS, type Instant } from "@kysely-resilient/testing"

/**
 * `read as text` is raw SQL, which travels in a READ ONLY transaction of its own; `write` answers with rows, `counted write` with their
 * number; `commit` is a transaction of one statement, so that its COMMIT is next.
 */
export type Kind =
  | "read"
  | "read as text"
  | "write"
  | "counted write"
  | "transaction"
  | "commit"
  | "savepoint"
  | "stream"

/**
 * `blackhole` swallows everything until the caller's deadline, with nobody looking for it; `silence` is the same with time enough to be
 * found out. `FATAL` is a real one (pg_terminate_backend, 57P01), except where no session is there yet to be terminated.
 */
export const FAULTS = ["FIN", "RST", "blackhole", "silence", "FATAL"] as const
export type Fault = (typeof FAULTS)[number]

/** Through core's Results, and through Kysely itself, which throws and does not run a transaction again. */
export const DOORS = ["core", "kysely"] as const
export type Door = (typeof DOORS)[number]

/** How unknown effects are resolved. */
export const MODES = ["off", "xid", "marker"] as const
export type Mode = (typeof MODES)[number]

export interface Cell {
  readonly kind: Kind
  readonly fault: Fault
  readonly instant: Instant
  readonly door: Door
  readonly mode: Mode
}

export function cellsOf(kind: Kind, door: Door, mode: Mode): readonly Cell[] {
  return FAULTS.flatMap((fault) => INSTANTS.map((instant) => ({ kind, fault, instant, door, mode })))
}

export function nameOf({ fault, instant }: Cell): string {
  return `${fault} when ${instant.when} (${instant.name})`
}
