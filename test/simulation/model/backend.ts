import { readFrontendMessages, type FrontendMessage } from "../../support/frontend-messages.ts"
import type { Link, Peer } from "../network/link.ts"
import * as say from "./backend-messages.ts"
import { controlOf, tagOf, type Control } from "./control.ts"
import type { About, Ambush, Host, Instant, Session } from "./host.ts"
import { factAbout } from "./facts.ts"
import type { Answer, Statement, StatementHost, Values } from "./statement.ts"
import { factsOf, splitTop, statementOf } from "./statements.ts"
import type { Change, Storage } from "./storage.ts"
import { ServerTransaction } from "./transaction.ts"
import type { Wait, Wake, Work } from "./waits.ts"
import { Complaint, complaints, notices } from "./words.ts"

const CANCEL_REQUEST = 80_877_102

/** How long somebody waits for a lock before it looks whether it waits for itself. */
const DEADLOCK_TIMEOUT_MS = 20

interface Portal {
  readonly columns: readonly say.Column[]
  readonly answer: Answer
  sent: number
}

/** One session of the server: a process that does what it is told, one Sync group after the other. */
export class Backend implements Peer, Session, StatementHost {
  readonly link: Link
  readonly processId: number
  readonly secretKey: number
  readonly startedAt: string
  workSentAt = 0
  transaction = new ServerTransaction(false)
  readonly #server: Host
  readonly #inbox: { readonly bytes: Buffer; readonly sentAt: number }[] = []
  readonly #portals = new Map<string, Portal>()
  #life: Work<void> | undefined
  #waiting: Wait | undefined
  #timers: { cancel(): void }[] = []
  #out: Buffer[] = []
  #hungUp = false
  #over = false
  #reportedRecovery = false
  #kept: string | undefined
  #cancelled = false
  #dying = false
  #mute = false
  #restedAt = 0
  #statementEndsAt = Number.POSITIVE_INFINITY
  readonly ambushes: Ambush[] = []

  constructor(server: Host, link: Link, processId: number) {
    this.#server = server
    this.link = link
    this.processId = processId
    this.startedAt = String(server.agenda.wallTime() / 1_000)
    this.secretKey = server.chance.whole(1, 1_000_000_000)
  }

  get storage(): Storage {
    return this.#server.storage
  }

  /** It is in the middle of something. */
  get busy(): boolean {
    return this.#life !== undefined && this.#waiting?.for !== "input"
  }

  get restingSince(): number | undefined {
    return this.#waiting?.for === "input" ? this.#restedAt : undefined
  }

  get awaitsStandby(): boolean {
    return this.#waiting?.for === "standby"
  }

  // What comes over the network.

  receive(bytes: Buffer, sentAt: number): void {
    if (this.#hungUp || this.#over) return
    if (this.#life === undefined) return this.#greet(bytes)
    this.#inbox.push({ bytes, sentAt })
    if (this.#waiting?.for === "input") return this.#advance("go")
    if (this.#inbox.length > 1 || bytes[0] !== 0x58) {
      this.#server.watch.wrong("a connection was given something to do while it was doing something else")
    }
  }

  hungUp(): void {
    this.#hungUp = true
    if (this.#life === undefined) return this.#leave()
    if (this.#waiting?.for === "input") this.#advance("go")
  }

  // Signals.

  cancel(): void {
    if (this.#life === undefined || this.#waiting?.for === "input") return
    if (this.#interruptible) this.#advance("cancel")
    else this.#cancelled = true
  }

  terminate(): void {
    if (this.#life === undefined) return
    if (this.#interruptible || this.#waiting?.for === "input") this.#advance("die")
    else this.#dying = true
  }

  /** The end of a wait for somebody else. */
  wake(wake: Wake): void {
    if (this.#waiting?.for === "lock" || this.#waiting?.for === "standby") this.#advance(wake)
  }

  /** The whole server goes down. */
  kill(saysGoodbye: boolean): void {
    this.#life = undefined
    this.#stopWaiting()
    if (saysGoodbye && this.#server.chance.maybe(0.7)) {
      this.link.say(Buffer.concat([...this.#out, say.noticeResponse(notices.crash)]))
    }
    this.#leave(this.#server.chance.maybe(0.5) ? "reset" : "end")
  }

  // What statements do.

  get markers(): boolean {
    return this.#server.settings.markers
  }

  fact(expression: string): string | null | undefined {
    return factAbout(expression, {
      server: this.#server,
      transaction: this.transaction,
      processId: this.processId,
      startedAt: this.startedAt,
      assignXid: () => (this.transaction.xid ??= this.#assignXid()),
    })
  }

  facts(list: string): (string | null)[] {
    return factsOf(this, list)
  }

  others(): readonly Session[] {
    return [...this.#server.sessions.values()].filter((session) => session !== this)
  }

  signal(session: Session): void {
    this.#server.agenda.soon(this.#server.chance.between(0, 1), "server", () => session.terminate())
  }

  #assignXid(): number {
    this.#server.written()
    return this.storage.assignXid()
  }

  write(change: Change): void {
    this.transaction.xid ??= this.#assignXid()
    this.transaction.changes.push(change)
  }

  *lock(key: string): Work<void> {
    const { locks } = this.#server
    while (!locks.take(key, this)) {
      yield* this.#moment("waits", "write")
      if (locks.take(key, this)) return
      yield* this.#pause({ for: "lock", key, timeoutMs: this.transaction.lockTimeoutMs })
    }
  }

  *commitMidway(): Work<void> {
    yield* this.#commit()
    this.transaction = new ServerTransaction(false)
    this.transaction.readOnly = this.#server.inRecovery
  }

  witness(owner: string): void {
    const { transaction } = this
    const wrong = (text: string): void => this.#server.watch.wrong(`${text}: "${owner}"`)
    if (transaction.owner !== undefined && transaction.owner !== owner) {
      wrong(`a statement ran in the transaction of "${transaction.owner}"`)
    }
    transaction.owner = owner
    if (this.#kept !== undefined && this.#kept !== owner) wrong(`a statement met what "${this.#kept}" has left`)
    if (owner.startsWith("T") && !transaction.explicit) wrong("a statement of a transaction ran outside of it")
  }

  keep(owner: string | undefined): void {
    this.#kept = owner
  }

  // Its life.

  #recoveryReport(): Buffer {
    this.#reportedRecovery = this.#server.inRecovery
    return say.parameterStatus("in_hot_standby", this.#reportedRecovery ? "on" : "off")
  }

  #greet(bytes: Buffer): void {
    if (bytes.readInt32BE(4) === CANCEL_REQUEST) {
      const [processId, secretKey] = [bytes.readInt32BE(8), bytes.readInt32BE(12)]
      const target = this.#server.sessionOf(processId)
      if (target !== undefined) this.#server.watch.instant("cancelled", "other", target)?.()
      this.#server.agenda.soon(this.#server.chance.between(0, 1), "server", () => {
        if (target?.busy === true && target.workSentAt > this.link.dialedAt) {
          this.#server.watch.wrong(`a cancel request hit what was sent after it, in session ${processId}`)
        }
        this.#server.cancel(processId, secretKey)
        this.#leave()
      })
      return
    }
    this.#life = this.#live()
    this.#waiting = { for: "time", ms: 0 }
    this.#advance("go")
  }

  *#live(): Work<void> {
    const server = this.#server
    yield* this.#moment("opens", "other")
    yield { for: "time", ms: server.chance.between(0, 2), deaf: true }
    const refusal = server.refusal()
    if (refusal !== undefined) return this.#part(refusal.words)
    server.began(this)
    this.#tell(
      say.AUTHENTICATION_OK,
      say.parameterStatus("server_version", "18.4"),
      say.parameterStatus("IntervalStyle", "postgres"),
      say.parameterStatus("default_transaction_read_only", "off"),
      this.#recoveryReport(),
      say.backendKeyData(this.processId, this.secretKey),
      say.readyForQuery("I"),
    )
    this.#flush()
    try {
      for (;;) {
        if (this.#inbox.length === 0) {
          if (this.#hungUp) return this.#part(undefined)
          if (this.#dying) throw complaints.terminated()
          const wake = yield { for: "input" }
          this.#cancelled = false
          if (wake === "die") throw complaints.terminated()
          continue
        }
        const next = this.#inbox.shift()
        if (next === undefined) continue
        this.workSentAt = next.sentAt
        const messages = readFrontendMessages(next.bytes)
        if (messages[0]?.type === "terminate") return this.#part(undefined)
        yield* this.#serve(messages)
      }
    } catch (error) {
      if (!(error instanceof Complaint)) throw error
      this.#part(error.words)
    }
  }

  /** The session ends; whatever was open in it is rolled back. */
  #part(words: say.Words | undefined): void {
    this.#rollback()
    if (words !== undefined) this.#tell(say.errorResponse(words))
    this.#flush()
    this.#life = undefined
    this.#leave()
  }

  #leave(how: "reset" | "end" = "end"): void {
    this.#over = true
    this.link.close(how)
    this.#server.ended(this)
  }

  *#serve(messages: readonly FrontendMessage[]): Work<void> {
    const about = aboutOf(messages)
    yield* this.#moment("arrives", about)
    try {
      if (messages[0]?.type === "query") yield* this.#simple(messages[0].sql)
      else yield* this.#extended(messages)
    } catch (error) {
      if (!(error instanceof Complaint) || error.words.severity !== "ERROR") throw error
      this.#failed(error)
    }
    this.#statementEndsAt = Number.POSITIVE_INFINITY
    yield* this.#moment("done", about)
    if (this.#server.inRecovery !== this.#reportedRecovery) this.#tell(this.#recoveryReport())
    this.#tell(say.readyForQuery(this.transaction.status))
    if (!this.transaction.explicit) this.transaction = new ServerTransaction(false)
    this.#flush()
  }

  #failed(complaint: Complaint): void {
    this.#tell(say.errorResponse(complaint.words))
    if (this.transaction.explicit) this.transaction.failed = true
    else this.#rollback()
  }

  *#simple(text: string): Work<void> {
    const statements = splitTop(text, ";").filter((sql, at, all) => sql !== "" || all.length === 1)
    for (const [at, sql] of statements.entries()) {
      if (sql === "") {
        this.#tell(say.EMPTY_QUERY)
        continue
      }
      const control = controlOf(sql)
      const statement = control === undefined ? statementOf(sql) : undefined
      const answer = yield* this.#execute(sql, control, statement, [])
      if (at === statements.length - 1 && !this.transaction.explicit) yield* this.#commit()
      if (statement !== undefined && statement.columns.length > 0) this.#tell(say.rowDescription(statement.columns))
      this.#tell(...answer.rows.map(say.dataRow), say.commandComplete(answer.tag))
    }
  }

  *#extended(messages: readonly FrontendMessage[]): Work<void> {
    let sql = ""
    let values: Values = []
    let described: string | undefined
    for (const message of messages) {
      switch (message.type) {
        case "parse":
          sql = message.sql
          this.#tell(say.PARSE_COMPLETE)
          break
        case "bind":
          values = message.values.map((value) => value?.toString() ?? null)
          described = undefined
          this.#tell(say.BIND_COMPLETE)
          this.#portals.delete(message.portal)
          break
        case "describe":
          described = message.name
          break
        case "execute": {
          const { portal, rowsMax } = message
          const old = this.#portals.get(portal)
          if (old !== undefined && portal !== "") {
            this.#heed()
            if (this.transaction.failed) throw complaints.aborted()
            this.#fetch(old, rowsMax)
            break
          }
          if (sql === "") throw complaints.noPortal(portal)
          const control = controlOf(sql)
          const statement = control === undefined ? statementOf(sql) : undefined
          const columns = statement?.columns ?? []
          if (described !== undefined) this.#tell(columns.length > 0 ? say.rowDescription(columns) : say.NO_DATA)
          const answer = yield* this.#execute(sql, control, statement, values)
          const opened: Portal = { columns, answer, sent: 0 }
          if (portal !== "") this.#portals.set(portal, opened)
          this.#fetch(opened, rowsMax)
          sql = ""
          break
        }
        case "close":
          this.#portals.delete(message.name)
          this.#tell(say.CLOSE_COMPLETE)
          break
        case "sync":
          if (!this.transaction.explicit) {
            if (this.#out.length > 0 && this.#server.chance.maybe(0.15)) this.#flush()
            yield* this.#commit()
          }
          break
        default:
          throw new Error(`model: ${message.type} in the middle of a Sync group`)
      }
    }
  }

  #fetch(portal: Portal, rowsMax: number): void {
    const { answer, sent } = portal
    const rows = answer.rows.slice(sent, rowsMax === 0 ? undefined : sent + rowsMax)
    portal.sent += rows.length
    this.#tell(...rows.map(say.dataRow))
    if (rowsMax > 0 && rows.length === rowsMax) this.#tell(say.PORTAL_SUSPENDED)
    else this.#tell(say.commandComplete(answer.tag))
  }

  *#execute(sql: string, control: Control | undefined, statement: Statement | undefined, values: Values): Work<Answer> {
    const { transaction } = this
    const ends = control !== undefined && /^(?:commit|rollback)/.test(control.do)
    if (transaction.failed && !ends) throw complaints.aborted()
    if (!transaction.explicit && transaction.owner === undefined) transaction.readOnly ||= this.#server.inRecovery
    if (transaction.statementTimeoutMs > 0) {
      this.#statementEndsAt = this.#server.agenda.now() + transaction.statementTimeoutMs
    }
    this.#heed()
    for (let ambush = this.ambushes.shift(); ambush !== undefined; ambush = this.ambushes.shift()) {
      if ("complaint" in ambush) throw ambush.complaint
      if ("notice" in ambush) this.#tell(say.noticeResponse(ambush.notice))
      else yield* this.#pause({ for: "time", ms: ambush.ms })
    }
    if (control !== undefined) return yield* this.#control(control)
    if (statement === undefined) throw new Error(`model: nothing to do for ${sql}`)
    if (this.#server.chance.maybe(0.3)) yield* this.#pause({ for: "time", ms: this.#server.chance.between(0, 2) })
    const answer = statement.run(this, values)
    return "tag" in answer ? answer : yield* answer
  }

  *#control(control: Control): Work<Answer> {
    const { transaction } = this
    let tag = tagOf(control)
    switch (control.do) {
      case "begin":
        if (transaction.explicit) this.#tell(say.noticeResponse(notices.transactionInProgress))
        transaction.explicit = true
        if (control.access === "read write" && this.#server.inRecovery) throw complaints.noReadWrite()
        transaction.readOnly = control.access === "read only" || this.#server.inRecovery
        transaction.strict = control.strict
        break
      case "commit":
        if (!transaction.explicit) this.#tell(say.noticeResponse(notices.noTransaction))
        if (transaction.failed) {
          tag = "ROLLBACK"
          this.#rollback()
        } else yield* this.#commit()
        this.transaction = new ServerTransaction(false)
        break
      case "rollback":
        if (!transaction.explicit) this.#tell(say.noticeResponse(notices.noTransaction))
        this.#rollback()
        break
      case "savepoint":
        transaction.savepoint(control.name)
        break
      case "release":
        if (!transaction.release(control.name)) throw complaints.noSavepoint(control.name)
        break
      case "rollback-to":
        if (!transaction.rollbackTo(control.name)) throw complaints.noSavepoint(control.name)
        break
      case "commit-locally":
        transaction.localCommit = true
        break
      case "set-local":
        if (control.setting === "lock_timeout") transaction.lockTimeoutMs = control.value
        else transaction.statementTimeoutMs = control.value
        break
    }
    return { rows: [], tag }
  }

  *#commit(): Work<void> {
    const { transaction, storage } = this
    const server = this.#server
    if (transaction.deferredFailure) {
      this.#rollback()
      throw complaints.duplicate("deferred_token_key")
    }
    if (transaction.xid === undefined) return this.#forget()
    const at = storage.writeCommit(transaction.xid, transaction.changes)
    yield* this.#moment("flushing", "commit")
    yield { for: "time", ms: server.chance.between(0.1, 2), deaf: true }
    storage.flush(at)
    server.flushed()
    let alone = false
    const waits = server.settings.synchronous && !transaction.localCommit
    while (waits && storage.replicated < at && !alone) {
      yield* this.#moment("waits", "commit")
      if (storage.replicated >= at) break
      const wake = this.#dying ? "die" : yield { for: "standby" }
      if (wake === "cancel") this.#tell(say.noticeResponse(notices.syncRepCancelled))
      if (wake === "die") {
        this.#dying = true
        this.#tell(say.noticeResponse(notices.syncRepTerminated))
      }
      alone = wake === "cancel" || wake === "die"
    }
    storage.complete(at, !alone)
    this.#forget()
    if (!alone || !this.#dying) return
    // It does not say another word.
    this.#flush()
    this.#mute = true
    throw complaints.terminated()
  }

  #rollback(): void {
    const { xid } = this.transaction
    if (xid !== undefined) this.storage.abort(xid)
    this.#forget()
    this.transaction = new ServerTransaction(false)
  }

  /** It is decided; nobody waits for its locks any more. */
  #forget(): void {
    this.transaction.xid = undefined
    this.transaction.changes = []
    this.#portals.clear()
    this.#server.locks.release(this)
  }

  // Waiting.

  get #interruptible(): boolean {
    const wait = this.#waiting
    if (wait === undefined) return false
    return wait.for === "lock" || wait.for === "standby" || (wait.for === "time" && wait.deaf === undefined)
  }

  #heed(): void {
    if (this.#dying) throw complaints.terminated()
    if (!this.#cancelled) return
    this.#cancelled = false
    throw complaints.cancelled()
  }

  *#moment(instant: Instant, about: About): Work<void> {
    const strike = this.#server.watch.instant(instant, about, this)
    if (strike !== undefined) yield { for: "fault", strike }
  }

  *#pause(wait: Wait): Work<void> {
    this.#heed()
    const wake = yield wait
    switch (wake) {
      case "go":
        return
      case "cancel":
        throw complaints.cancelled()
      case "die":
        throw complaints.terminated()
      case "statement-timeout":
        throw complaints.statementTimeout()
      case "lock-timeout":
        throw complaints.lockTimeout()
      case "deadlock":
        throw complaints.deadlock()
    }
  }

  #advance(wake: Wake): void {
    this.#stopWaiting()
    const next = this.#life?.next(wake)
    if (next === undefined || next.done === true || this.#life === undefined) return
    this.#waiting = next.value
    this.#startWaiting(next.value)
  }

  #startWaiting(wait: Wait): void {
    const { agenda } = this.#server
    const later = (ms: number, wake: Wake): void => {
      this.#timers.push(agenda.soon(ms, "server", () => this.#advance(wake)))
    }
    if (wait.for === "time") later(wait.ms, "go")
    if (wait.for === "input") this.#restedAt = agenda.wallTime() / 1_000
    if (wait.for === "standby") this.#server.awaitStandby(this)
    if (wait.for === "fault") {
      wait.strike()
      if (this.#waiting === wait) later(0, "go")
    }
    if (wait.for === "lock") {
      if (wait.timeoutMs > 0) later(wait.timeoutMs, "lock-timeout")
      const { locks } = this.#server
      locks.wait(wait.key, this)
      this.#timers.push(
        agenda.soon(DEADLOCK_TIMEOUT_MS, "server", () => {
          if (locks.deadlocked(this)) this.#advance("deadlock")
        }),
      )
    }
    if (this.#interruptible && wait.for !== "standby" && this.#statementEndsAt < Number.POSITIVE_INFINITY) {
      later(this.#statementEndsAt - agenda.now(), "statement-timeout")
    }
  }

  #stopWaiting(): void {
    const wait = this.#waiting
    this.#waiting = undefined
    for (const timer of this.#timers.splice(0)) timer.cancel()
    if (wait?.for === "lock") this.#server.locks.stopWaiting(this)
    if (wait?.for === "standby") this.#server.awaitStandbyNoMore(this)
  }

  // Speaking.

  #tell(...messages: readonly Buffer[]): void {
    if (this.#mute) return
    this.#out.push(...messages)
  }

  #flush(): void {
    if (this.#out.length > 0) this.link.say(Buffer.concat(this.#out))
    this.#out = []
  }
}

function aboutOf(messages: readonly FrontendMessage[]): About {
  let about: About = "other"
  for (const message of messages) {
    if (message.type !== "query" && message.type !== "parse") continue
    for (const sql of splitTop(message.sql, ";")) {
      const first = /^\w+/.exec(sql.toLowerCase())?.[0] ?? ""
      if (first === "commit") return "commit"
      if (first === "rollback") about = sql.toLowerCase().startsWith("rollback to") ? "savepoint" : "rollback"
      else if (first === "savepoint" || first === "release") about = "savepoint"
      else if (first === "begin") about = "begin"
      else if (/^(?:insert|update|delete|call|with)$/.test(first) || sql.includes("append(")) about = "write"
      else if (first === "select" && about !== "write") about = "read"
    }
  }
  return about
}
