import type { FieldDescription } from "@kysely-resilient/driver/src/postgres/internals.ts"

import type { FrontendMessage } from "./frontend-messages.ts"
import type { BackendMessage, ScriptedClient } from "./scripted-client.ts"

/** How the server takes a statement; by default it does it and says so. */
export interface Reaction {
  readonly rows?: readonly Readonly<Record<string, string | null>>[]
  /** Default: columns of text, named after the keys of the first row. */
  readonly columns?: readonly FieldDescription[]
  /** The command tag, where it is not what the first word makes it. */
  readonly tag?: string
  /** It fails with this; a FATAL ends the session. */
  readonly error?: Error
  readonly notice?: object
  /** It runs until `resume()` or a cancel. */
  readonly hangs?: true
  /**
   * The connection is lost: `before` the statement is done, when it is done and nothing of it was said (`unanswered`), before
   * its ReadyForQuery (`unready`), or right behind that (`ready`).
   */
  readonly dies?: "before" | "unanswered" | "unready" | "ready"
  /** Said just before the connection is lost. */
  readonly lastWords?: Error
}

/** A statement that reached the server, whatever became of it. */
export interface Heard {
  readonly connection: number
  readonly sql: string
  /** Parameters as text. */
  readonly values: readonly (string | null)[]
  /** The session's status when it came. */
  readonly status: "I" | "T" | "E"
  /** Which BEGIN of this server it stands under; 0 for none. */
  readonly transaction: number
}

/** What the sessions of one server share. */
export interface SessionHost {
  readonly heard: Heard[]
  /** The writes that were committed, in order: the truth that callers are told of. */
  readonly applied: string[]
  /** True: nothing is answered until `session.answer()`. */
  readonly byHand: boolean
  reactionTo(sql: string): Reaction
  nextTransaction(): number
}

/** What travels between two Syncs, as things to do. */
type Unit =
  | {
      readonly do: "statement"
      readonly sql: string
      readonly values: readonly (string | null)[]
      readonly portal: string
      readonly rowsMax: number
    }
  | { readonly do: "fetch"; readonly portal: string; readonly rowsMax: number }
  | { readonly do: "close"; readonly portal: string }

interface Group {
  readonly units: readonly Unit[]
  /** The next to be done. */
  at: number
  /** How many of them were heard. */
  heard: number
  /** What will be said when it is through: nothing is flushed before. */
  readonly answer: BackendMessage[]
  failed: boolean
  dies: Reaction["dies"]
  lastWords: Error | undefined
  /** The statement that hangs has been told to go on. */
  resumed: Reaction | undefined
}

interface Portal {
  readonly sql: string
  readonly columns: readonly FieldDescription[]
  readonly rows: readonly Readonly<Record<string, string | null>>[]
  sent: number
}

const WRITES = /\b(insert|update|delete)\b|grow\(/

/** One connection as the server sees it. */
export class Session {
  readonly client: ScriptedClient
  readonly #server: SessionHost
  status: "I" | "T" | "E" = "I"
  #readOnly = false
  #transaction = 0
  /** Writes of the open transaction. */
  #written: string[] = []
  #savepoints: { readonly name: string; readonly written: number }[] = []
  #portals = new Map<string, Portal>()
  #group: Group | undefined
  #hanging = false

  constructor(server: SessionHost, client: ScriptedClient) {
    this.#server = server
    this.client = client
    client.connection.onGroup = (messages) => this.#receive(messages)
    client.connection.on("end", () => this.#rollback())
  }

  /** The text of what is being done, or waits to be. */
  get running(): string | undefined {
    const unit = this.#group?.units[this.#group.at]
    if (unit === undefined) return this.#group === undefined ? undefined : "(at its end)"
    return unit.do === "statement" ? unit.sql : unit.do
  }

  /** Does what came; with `byHand`, this is when the server gets to it. */
  answer(): void {
    if (this.#group === undefined || this.#hanging) throw new Error("there is nothing to answer")
    this.#proceed()
  }

  /** What hangs goes on, and ends like this. */
  resume(reaction: Reaction = {}): void {
    if (this.#group === undefined || !this.#hanging) throw new Error("nothing hangs")
    this.#hanging = false
    this.#group.resumed = reaction
    this.#proceed()
  }

  /** The signal of a CancelRequest has arrived. */
  interrupt(): void {
    const canceled = Object.assign(new Error("canceling statement due to user request"), {
      name: "error",
      severity: "ERROR",
      code: "57014",
      file: "postgres.c",
      routine: "ProcessInterrupts",
    })
    if (this.#hanging) this.resume({ error: canceled })
    else if (this.#group !== undefined && this.#server.byHand && this.#group.at === 0) {
      this.#group.resumed = { error: canceled }
      this.#proceed()
    }
  }

  /** The connection is lost while nothing was said. */
  lose(error?: Error, lastWords?: Error): void {
    if (lastWords !== undefined) this.client.say({ name: "errorMessage", error: lastWords })
    this.client.lose(error)
  }

  #receive(messages: readonly FrontendMessage[]): void {
    if (this.#group !== undefined) throw new Error("a Sync group came while another was being done")
    const units = unitsOf(messages)
    this.#group = {
      units,
      at: 0,
      heard: 0,
      answer: [],
      failed: false,
      dies: undefined,
      lastWords: undefined,
      resumed: undefined,
    }
    if (!this.#server.byHand) queueMicrotask(() => this.#proceed())
  }

  #proceed(): void {
    const group = this.#group
    if (group === undefined || !this.client.open) return
    for (; group.at < group.units.length; group.at += 1) {
      const unit = group.units[group.at]
      if (unit === undefined || group.failed) continue
      const on = this.#do(unit, group)
      if (!on) return
    }
    if (this.status === "I" && !group.failed) this.#commit()
    if (this.status === "I") this.#rollback()
    this.#group = undefined
    if (group.dies !== "unanswered") this.client.say(...group.answer)
    if (group.dies === undefined || group.dies === "ready") {
      this.client.say({ name: "readyForQuery", status: this.status })
    }
    if (group.dies !== undefined) this.lose(undefined, group.lastWords)
  }

  /** False: it stays here until something happens. */
  #do(unit: Unit, group: Group): boolean {
    const fresh = group.heard === group.at
    group.heard = group.at + 1
    if (unit.do === "close") {
      this.#portals.delete(unit.portal)
      return true
    }
    if (unit.do === "fetch") {
      const portal = this.#portals.get(unit.portal)
      if (this.status === "E") this.#fail(group, failure("25P02", "current transaction is aborted"))
      else if (portal === undefined) this.#fail(group, failure("34000", `portal "${unit.portal}" does not exist`))
      else this.#fetch(group, `fetch ${unit.portal}`, portal, unit.rowsMax)
      return true
    }
    const { sql } = unit
    const resumed = group.resumed
    group.resumed = undefined
    if (fresh) this.#hear(sql, unit.values)
    const reaction = resumed ?? this.#server.reactionTo(sql)
    if (reaction.dies === "before") {
      this.lose(undefined, reaction.lastWords)
      return false
    }
    if (reaction.hangs === true) {
      this.#hanging = true
      return false
    }
    group.dies ??= reaction.dies
    group.lastWords ??= reaction.lastWords
    if (reaction.notice !== undefined) group.answer.push({ name: "notice", notice: reaction.notice })
    const words = sql.trim().toLowerCase()
    const ends = /^(commit|end\b|rollback|abort)/.test(words)
    if (this.status === "E" && !ends) this.#fail(group, failure("25P02", "current transaction is aborted"))
    else if (reaction.error !== undefined) this.#fail(group, reaction.error)
    else if (this.#readOnly && WRITES.test(words)) {
      this.#fail(group, failure("25006", "cannot execute this in a read-only transaction"))
    } else this.#succeed(group, unit, words, reaction)
    return this.client.open
  }

  #hear(sql: string, values: readonly (string | null)[]): void {
    const { processID } = this.client
    this.#server.heard.push({ connection: processID, sql, values, status: this.status, transaction: this.#transaction })
  }

  #succeed(group: Group, unit: Unit & { readonly do: "statement" }, words: string, reaction: Reaction): void {
    let tag = reaction.tag ?? tagOf(words, reaction.rows?.length ?? 0)
    if (/^(begin|start)/.test(words)) {
      if (this.status === "I") this.#begin(words.includes("read only"))
    } else if (/^(commit|end\b)/.test(words)) {
      if (this.status === "I") group.answer.push({ name: "notice", notice: { code: "25P01", severity: "WARNING" } })
      if (this.status === "E") tag = "ROLLBACK"
      if (this.status === "T") this.#commit()
      this.#rollback()
    } else if (words.startsWith("rollback to")) this.#rollbackTo(lastName(words))
    else if (/^(rollback|abort)/.test(words)) this.#rollback()
    else if (words.startsWith("savepoint")) {
      this.#savepoints.push({ name: lastName(words), written: this.#written.length })
    } else if (words.startsWith("release")) {
      const at = this.#savepoints.findLastIndex(({ name }) => name === lastName(words))
      if (at >= 0) this.#savepoints.length = at
    } else if (WRITES.test(words)) this.#written.push(unit.sql)

    const rows = reaction.rows ?? []
    const columns = reaction.columns ?? textColumns(rows)
    if (unit.portal !== "") {
      const portal: Portal = { sql: unit.sql, columns, rows, sent: 0 }
      this.#portals.set(unit.portal, portal)
      if (columns.length > 0) group.answer.push({ name: "rowDescription", fields: columns })
      return this.#fetch(group, words, portal, unit.rowsMax)
    }
    if (columns.length > 0) group.answer.push({ name: "rowDescription", fields: columns })
    for (const row of rows) group.answer.push(dataRow(columns, row))
    if (words === "") group.answer.push({ name: "emptyQuery" })
    else group.answer.push({ name: "commandComplete", text: tag })
  }

  /** As PostgreSQL: a portal is suspended when the limit is reached, though there may be no more. */
  #fetch(group: Group, words: string, portal: Portal, rowsMax: number): void {
    const end = rowsMax === 0 ? portal.rows.length : portal.sent + rowsMax
    const rows = portal.rows.slice(portal.sent, end)
    portal.sent += rows.length
    for (const row of rows) group.answer.push(dataRow(portal.columns, row))
    if (rowsMax > 0 && rows.length === rowsMax) group.answer.push({ name: "portalSuspended" })
    else group.answer.push({ name: "commandComplete", text: tagOf(words, rows.length) })
  }

  #fail(group: Group, error: Error): void {
    group.failed = true
    group.answer.push({ name: "errorMessage", error })
    this.status = this.status === "I" ? "I" : "E"
    if ("severity" in error && error.severity === "FATAL") {
      group.dies ??= "unready"
    }
  }

  #begin(readOnly: boolean): void {
    this.status = "T"
    this.#readOnly = readOnly
    this.#transaction = this.#server.nextTransaction()
  }

  #commit(): void {
    this.#server.applied.push(...this.#written)
    this.#written = []
  }

  #rollback(): void {
    this.status = "I"
    this.#readOnly = false
    this.#transaction = 0
    this.#written = []
    this.#savepoints = []
    this.#portals.clear()
  }

  #rollbackTo(name: string): void {
    const at = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name)
    const savepoint = this.#savepoints[at]
    if (savepoint === undefined) throw new Error(`no savepoint ${name}`)
    this.#written.length = savepoint.written
    this.#savepoints.length = at + 1
    this.status = "T"
  }
}

function unitsOf(messages: readonly FrontendMessage[]): Unit[] {
  const units: Unit[] = []
  let sql = ""
  let values: (string | null)[] = []
  let bound: string | undefined
  for (const message of messages) {
    if (message.type === "query") {
      for (const one of message.sql.split(";"))
        units.push({ do: "statement", sql: one.trim(), values: [], portal: "", rowsMax: 0 })
    } else if (message.type === "parse") sql = message.sql
    else if (message.type === "bind") {
      bound = message.portal
      values = message.values.map((value) => (value === null ? null : value.toString()))
    } else if (message.type === "execute") {
      const { portal, rowsMax } = message
      if (bound === portal) units.push({ do: "statement", sql, values, portal, rowsMax })
      else units.push({ do: "fetch", portal, rowsMax })
      bound = undefined
    } else if (message.type === "close") units.push({ do: "close", portal: message.name })
  }
  return units
}

/** Columns of text, named after the keys of the rows. */
function textColumns(rows: readonly Readonly<Record<string, string | null>>[]): FieldDescription[] {
  return Object.keys(rows[0] ?? {}).map((name) => ({ name, dataTypeID: 25 }))
}

function dataRow(columns: readonly FieldDescription[], row: Readonly<Record<string, string | null>>): BackendMessage {
  return { name: "dataRow", fields: columns.map(({ name }) => row[name] ?? null) }
}

function tagOf(words: string, rows: number): string {
  const first = words.split(/\s/, 1)[0] ?? ""
  switch (first) {
    case "insert":
      return "INSERT 0 1"
    case "update":
    case "delete":
      return `${first.toUpperCase()} 1`
    case "select":
    case "with":
      return `SELECT ${rows}`
    case "fetch":
      return `SELECT ${rows}`
    default:
      return first.toUpperCase()
  }
}

function lastName(words: string): string {
  return (words.split(/\s+/).at(-1) ?? "").replaceAll('"', "")
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), {
    name: "error",
    severity: "ERROR",
    code,
    file: "some.c",
    routine: "some_routine",
  })
}
