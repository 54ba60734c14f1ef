import type { Agenda } from "../agenda.ts"
import type { Chance } from "../chance.ts"
import type { Link, Peer } from "../network/link.ts"
import type { Listener } from "../network/network.ts"
import { Backend } from "./backend.ts"
import type { Host, ServerSettings, ServerWatch, Session } from "./host.ts"
import { Locks } from "./locks.ts"
import { Storage } from "./storage.ts"
import { complaints, type Complaint } from "./words.ts"

/** Handing the log to the disk, every so often, and to the standby. */
const WAL_WRITER_MS = 200

/**
 * PostgreSQL as far as the driver can tell it from the real one: sessions, transactions, a log that a crash can shorten, a
 * standby that can take over. The only thing in this project that pretends to be PostgreSQL.
 */
export class Server implements Listener, Host {
  readonly agenda: Agenda
  readonly chance: Chance
  readonly settings: ServerSettings
  readonly watch: ServerWatch
  readonly storage: Storage
  readonly locks: Locks<Session> = new Locks((session) => session.wake("go"))
  readonly sessions = new Map<number, Session>()
  /** Those that are still being let in, too. */
  readonly #all = new Set<Session>()
  /** starting: it answers, and lets nobody in. */
  state: "up" | "starting" | "down" = "up"
  /** A standby that has not been promoted yet. */
  inRecovery = false
  /** Fewer than the settings say, for a while. */
  connectionsMax: number
  standbyAway = false
  readonly #waitingForStandby = new Set<Session>()
  #processes = 4_000
  #walWriterDue = false
  #replicationDue = false

  constructor(agenda: Agenda, chance: Chance, settings: ServerSettings, watch: ServerWatch) {
    this.agenda = agenda
    this.chance = chance
    this.settings = settings
    this.watch = watch
    this.connectionsMax = settings.connectionsMax
    const life = { systemIdentifier: "7400000000000000001", timeline: 1, startedAt: 1, statisticsResetAt: 1 }
    this.storage = new Storage(settings.accounts, life)
  }

  get listening(): boolean {
    return this.state !== "down"
  }

  accept(link: Link): Peer {
    this.#processes += 1
    const backend = new Backend(this, link, this.#processes)
    this.#all.add(backend)
    return backend
  }

  /** Somebody has changed the log; it is flushed in a while if nobody does so before. */
  written(): void {
    if (this.#walWriterDue) return
    this.#walWriterDue = true
    this.agenda.soon(this.chance.between(1, WAL_WRITER_MS), "server", () => {
      this.#walWriterDue = false
      this.storage.flush(this.storage.end)
      this.flushed()
    })
  }

  /** There is more that the standby can have. */
  flushed(): void {
    if (this.#replicationDue || this.standbyAway) return
    this.#replicationDue = true
    this.agenda.soon(this.chance.between(0.2, 4), "server", () => {
      this.#replicationDue = false
      if (this.standbyAway) return
      this.storage.replicate(this.storage.flushed)
      const waiting = [...this.#waitingForStandby]
      for (const session of waiting) session.wake("go")
    })
  }

  awaitStandby(session: Session): void {
    this.#waitingForStandby.add(session)
    this.flushed()
  }

  awaitStandbyNoMore(session: Session): void {
    this.#waitingForStandby.delete(session)
  }

  setStandbyAway(away: boolean): void {
    this.standbyAway = away
    if (!away) this.flushed()
  }

  terminate(processId: number): boolean {
    const session = this.sessions.get(processId)
    session?.terminate()
    return session !== undefined
  }

  cancel(processId: number, secretKey: number): void {
    const session = this.sessions.get(processId)
    if (session !== undefined && session.secretKey === secretKey) session.cancel()
  }

  /** Every session ends, memory is lost, and what was flushed is recovered. `whole`: the postmaster too. */
  crash({ downMs, whole, saysGoodbye }: { downMs: number; whole: boolean; saysGoodbye: boolean }): void {
    const { end, flushed } = this.storage
    this.#killAll(saysGoodbye)
    const life = this.storage.life
    const now = this.agenda.now()
    this.storage.recover(this.chance.whole(flushed, end), {
      ...life,
      startedAt: whole ? now : life.startedAt,
      statisticsResetAt: now,
    })
    this.#restartAfter(downMs, whole ? "down" : "starting")
  }

  /** The primary is gone for good; the standby serves, first read-only and then promoted. */
  failOver({ downMs, recoveryMs }: { downMs: number; recoveryMs: number }): void {
    this.#killAll(false)
    const { life } = this.storage
    const now = this.agenda.now()
    this.storage.promote({ ...life, timeline: life.timeline + 1, startedAt: now - 1_000, statisticsResetAt: now - 900 })
    this.inRecovery = recoveryMs > 0
    this.agenda.soon(downMs + recoveryMs, "server", () => {
      this.inRecovery = false
    })
    this.#restartAfter(downMs, "down")
  }

  get processes(): number {
    return this.#all.size
  }

  sessionOf(processId: number): Session | undefined {
    return this.sessions.get(processId)
  }

  began(session: Session): void {
    this.sessions.set(session.processId, session)
  }

  ended(session: Session): void {
    this.#all.delete(session)
    this.sessions.delete(session.processId)
    this.#waitingForStandby.delete(session)
  }

  refusal(): Complaint | undefined {
    if (this.state === "starting") return complaints.startingUp()
    return this.sessions.size >= this.connectionsMax ? complaints.tooMany() : undefined
  }

  #killAll(saysGoodbye: boolean): void {
    const all = [...this.#all]
    for (const session of all) session.kill(saysGoodbye)
    this.locks.clear()
    this.#waitingForStandby.clear()
  }

  #restartAfter(downMs: number, state: "down" | "starting"): void {
    this.state = state
    this.agenda.soon(downMs, "server", () => {
      this.state = "up"
    })
  }
}
