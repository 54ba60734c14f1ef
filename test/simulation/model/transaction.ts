import type { Change } from "./storage.ts"

/** One transaction on the server, from its first statement to its end. */
export class ServerTransaction {
  /** BEGIN was said; else it ends with the Sync group. */
  explicit: boolean
  failed = false
  readOnly = false
  /** REPEATABLE READ or stricter. */
  strict = false
  xid: number | undefined
  changes: Change[] = []
  savepoints: { readonly name: string; readonly changes: number }[] = []
  /** Versions of the balances when its snapshot was taken. */
  snapshot: readonly number[] | undefined
  statementTimeoutMs = 0
  lockTimeoutMs = 0
  /** synchronous_commit = local: it waits for no standby. */
  localCommit = false
  /** A constraint that is checked at COMMIT, and will not hold. */
  deferredFailure = false
  /** On whose behalf its statements are. */
  owner: string | undefined

  constructor(explicit: boolean) {
    this.explicit = explicit
  }

  get status(): "I" | "T" | "E" {
    if (!this.explicit) return "I"
    return this.failed ? "E" : "T"
  }

  savepoint(name: string): void {
    this.savepoints.push({ name, changes: this.changes.length })
  }

  /** False if there is none of that name. */
  release(name: string): boolean {
    const at = this.savepoints.findLastIndex((savepoint) => savepoint.name === name)
    if (at < 0) return false
    this.savepoints.length = at
    return true
  }

  rollbackTo(name: string): boolean {
    const at = this.savepoints.findLastIndex((savepoint) => savepoint.name === name)
    const savepoint = this.savepoints[at]
    if (savepoint === undefined) return false
    this.savepoints.length = at + 1
    this.changes.length = savepoint.changes
    this.failed = false
    return true
  }
}
