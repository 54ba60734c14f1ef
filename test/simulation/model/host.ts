import type { Agenda } from "../agenda.ts"
import type { Chance } from "../chance.ts"
import type { Link } from "../network/link.ts"
import type { Words } from "./backend-messages.ts"
import type { Locks } from "./locks.ts"
import type { Storage } from "./storage.ts"
import type { ServerTransaction } from "./transaction.ts"
import type { Wake } from "./waits.ts"
import type { Complaint } from "./words.ts"

/** A moment at which something may be done to a session, by what the session is about to do or has done. */
export type Instant = "opens" | "arrives" | "flushing" | "waits" | "done" | "cancelled"

/** What a Sync group is about. */
export type About = "begin" | "commit" | "rollback" | "savepoint" | "write" | "read" | "other"

export interface ServerSettings {
  readonly accounts: number
  /** COMMIT waits for the standby. */
  readonly synchronous: boolean
  readonly connectionsMax: number
  /** The table for markers is there. */
  readonly markers: boolean
}

/** What a statement that comes next meets: a complaint, a long time, or a word of warning. */
export type Ambush = { readonly complaint: Complaint } | { readonly ms: number } | { readonly notice: Words }

/** One process of the server, as others see it. */
export interface Session {
  readonly processId: number
  readonly secretKey: number
  readonly link: Link
  readonly transaction: ServerTransaction
  readonly ambushes: Ambush[]
  /** When it began, seconds since the epoch. */
  readonly startedAt: string
  readonly awaitsStandby: boolean
  /** Since when it waits for the client, if it does; seconds since the epoch. */
  readonly restingSince: number | undefined
  /** When the client sent what it is doing, or did last. */
  readonly workSentAt: number
  /** It is in the middle of something. */
  readonly busy: boolean
  cancel(): void
  terminate(): void
  /** The end of a wait for somebody else. */
  wake(wake: Wake): void
  /** The whole server goes down. */
  kill(saysGoodbye: boolean): void
}

/** What the server tells whoever plays with it. */
export interface ServerWatch {
  /** What happens then, if anything does. */
  instant(instant: Instant, about: About, session: Session): (() => void) | undefined
  /** The client has done what it must never do. */
  wrong(text: string): void
}

/** What a process needs of its server. */
export interface Host {
  readonly agenda: Agenda
  readonly chance: Chance
  readonly settings: ServerSettings
  readonly watch: ServerWatch
  readonly storage: Storage
  readonly locks: Locks<Session>
  readonly inRecovery: boolean
  readonly sessions: ReadonlyMap<number, Session>
  sessionOf(processId: number): Session | undefined
  began(session: Session): void
  ended(session: Session): void
  /** What keeps somebody out who comes in now. */
  refusal(): Complaint | undefined
  cancel(processId: number, secretKey: number): void
  written(): void
  flushed(): void
  awaitStandby(session: Session): void
  awaitStandbyNoMore(session: Session): void
}
