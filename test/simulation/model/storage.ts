import { complaints } from "./words.ts"

/** What a committed transaction has done. */
export type Change =
  | { readonly to: "ledger"; readonly token: string }
  | { readonly to: "balances"; readonly account: number; readonly by: number }
  | { readonly to: "entries"; readonly key: string; readonly value: string }
  | { readonly to: "markers"; readonly id: string; readonly state: string; readonly affected?: string }

/** One record of the write-ahead log. */
interface LogRecord {
  readonly xid: number
  /** Undefined: it only shows that the xid has been used. */
  readonly changes: readonly Change[] | undefined
  /** Whoever waited for it has been told, or could have been. */
  completed: boolean
}

/** By what one life of a server is told from another. */
export interface Life {
  readonly systemIdentifier: string
  readonly timeline: number
  readonly startedAt: number
  readonly statisticsResetAt: number
}

export type XidStatus = "in progress" | "committed" | "aborted"

const FIRST_XID = 700

/**
 * What survives: a log of which only the flushed part outlives a crash, and what it adds up to. Xids are handed out
 * from memory: after a crash those that the flushed log does not show are handed out once more, which makes an xid alone a trap.
 */
export class Storage {
  readonly accounts: number
  #log: LogRecord[] = []
  #flushed = 0
  #replicated = 0
  #nextXid = FIRST_XID
  #inProgress = new Set<number>()
  #committed = new Set<number>()
  ledger = new Map<string, number>()
  entries = new Map<string, string>()
  markers = new Map<string, { readonly state: string; readonly affected?: string | undefined }>()
  balances: number[] = []
  /** How often each balance has been changed. */
  versions: number[] = []
  /** What was committed as far as the server's settings promise, and lost all the same. */
  readonly forgotten = new Set<string>()
  /** What was on the disk of a server that is gone, and waited for the standby that has taken over. */
  readonly stood = new Set<string>()
  /** Committed here, and its wait for the standby cut short: by where in the log it stands. */
  readonly unconfirmed = new Map<string, number>()
  life: Life

  constructor(accounts: number, life: Life) {
    this.accounts = accounts
    this.life = life
    this.#clear()
  }

  get end(): number {
    return this.#log.length
  }

  get flushed(): number {
    return this.#flushed
  }

  get replicated(): number {
    return this.#replicated
  }

  /** Xids of this life that somebody holds. */
  get open(): ReadonlySet<number> {
    return this.#inProgress
  }

  /** It is, or was before a standby took over, on this server's disk, though perhaps not yet for others to see: a COMMIT that waits for the standby. */
  stands(token: string): boolean {
    if (this.stood.has(token)) return true
    return this.#log.some(
      ({ changes }, at) =>
        at < this.#flushed && changes?.some((change) => change.to === "ledger" && change.token === token) === true,
    )
  }

  assignXid(): number {
    const xid = this.#nextXid
    this.#nextXid += 1
    this.#inProgress.add(xid)
    this.#log.push({ xid, changes: undefined, completed: true })
    return xid
  }

  /** Where the log ends then. */
  writeCommit(xid: number, changes: readonly Change[]): number {
    this.#log.push({ xid, changes, completed: false })
    return this.#log.length
  }

  flush(upTo: number): void {
    this.#flushed = Math.max(this.#flushed, Math.min(upTo, this.#log.length))
  }

  replicate(upTo: number): void {
    this.#replicated = Math.max(this.#replicated, Math.min(upTo, this.#flushed))
  }

  /** Others see it from now on. */
  complete(at: number, confirmed: boolean): void {
    const record = this.#log[at - 1]
    if (record?.changes === undefined) throw new Error(`model: no commit ends at ${at}`)
    record.completed = true
    this.#inProgress.delete(record.xid)
    this.#committed.add(record.xid)
    this.#apply(record.changes)
    if (confirmed) return
    for (const change of record.changes) if (change.to === "ledger") this.unconfirmed.set(change.token, at)
  }

  abort(xid: number): void {
    this.#inProgress.delete(xid)
  }

  /** As pg_xact_status() sees it. */
  statusOf(xid: number): XidStatus {
    if (xid >= this.#nextXid) throw complaints.future(xid)
    if (this.#inProgress.has(xid)) return "in progress"
    return this.#committed.has(xid) ? "committed" : "aborted"
  }

  /** Memory is gone; `kept` of the log is still there, which is at least what was flushed. */
  recover(kept: number, life: Life): void {
    this.#restart(Math.max(kept, this.#flushed), life)
  }

  /** The standby takes over, with what it has got of the log. */
  promote(life: Life): void {
    this.#restart(this.#replicated, life)
  }

  #restart(kept: number, life: Life): void {
    const flushed = this.#flushed - kept
    for (const [at, { completed, changes }] of this.#log.splice(kept).entries()) {
      const gone = completed ? this.forgotten : at < flushed ? this.stood : undefined
      for (const change of changes ?? []) if (change.to === "ledger") gone?.add(change.token)
    }
    this.life = life
    this.#flushed = this.#log.length
    this.#replicated = Math.min(this.#replicated, this.#log.length)
    this.#inProgress.clear()
    this.#committed.clear()
    this.#nextXid = FIRST_XID
    this.#clear()
    for (const record of this.#log) {
      this.#nextXid = Math.max(this.#nextXid, record.xid + 1)
      if (record.changes === undefined) continue
      this.#committed.add(record.xid)
      record.completed = true
      this.#apply(record.changes)
    }
  }

  #clear(): void {
    this.ledger = new Map()
    this.entries = new Map()
    this.markers = new Map()
    this.balances = Array.from({ length: this.accounts }, () => 100)
    this.versions = Array.from({ length: this.accounts }, () => 0)
  }

  #apply(changes: readonly Change[]): void {
    for (const change of changes) {
      switch (change.to) {
        case "ledger":
          this.ledger.set(change.token, (this.ledger.get(change.token) ?? 0) + 1)
          break
        case "balances":
          this.balances[change.account] = (this.balances[change.account] ?? 0) + change.by
          this.versions[change.account] = (this.versions[change.account] ?? 0) + 1
          break
        case "entries":
          this.entries.set(change.key, change.value)
          break
        case "markers":
          this.markers.set(change.id, { state: change.state, affected: change.affected })
          break
      }
    }
  }
}
