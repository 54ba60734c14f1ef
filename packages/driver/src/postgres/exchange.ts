import type { Claim } from "./claim.ts"
import type { ColumnReaders } from "./decoding.ts"
import type { PgWire, Submittable, FieldDescription } from "./internals.ts"
import { encode, isNamed, type Request, type Step } from "./request.ts"
import { RowDecoder, type DecodeFailure } from "./row-decoder.ts"
import { UnreadRows } from "./unread-rows.ts"

/** The answer to one statement. */
export interface Reply {
  rows: object[]
  /** Of its columns; empty for a statement without any. */
  fields: readonly FieldDescription[]
  /** As the server has sent it: "INSERT 0 5"; empty for the empty statement. */
  tag: string
  /** The command tag without its numbers: SELECT, INSERT, CREATE TABLE. */
  command: string
  /** The number at the end of the command tag. */
  affected: bigint | undefined
  /** PortalSuspended: there are more rows to fetch. */
  suspended: boolean
}

export type TransactionStatus = "I" | "T" | "E"

export type AbandonReason = "deadline" | "abort" | "close"

/** How far COMMIT got; only in exchanges that carry one. */
export type CommitTag = "COMMIT" | "ROLLBACK"

/**
 * One Sync group: what is sent, and what was seen until ReadyForQuery came or the connection was gone. It only
 * records; what it means is decided above.
 */
export class Exchange implements Submittable {
  request: Request
  /** One per answered statement, commands excluded. */
  readonly replies: Reply[] = []
  /** Were any bytes handed to the socket? */
  sent = false
  /** The server's ErrorResponse, or why the connection was lost. */
  error: unknown
  decodeFailure: DecodeFailure | undefined
  /** The status byte of the ReadyForQuery that ended it; undefined when the connection was lost before. */
  ready: TransactionStatus | undefined
  /** CommandCompletes seen, commands included. */
  completed = 0
  commitTag: CommitTag | undefined
  /** A NoticeResponse of SyncRepWaitForLSN: committed here, not confirmed by the standby (src/backend/replication/syncrep.c). */
  syncRepWait = false
  /** A NoticeResponse of quickdie: another backend crashed, or an immediate shutdown (src/backend/tcop/postgres.c). */
  quickdie = false
  /** The warning 25P01: COMMIT reached a session that had no transaction open. */
  noTransaction = false
  /** False for a COMMIT: nobody cancels it, whatever the reason that nobody waits for it any more. */
  cancellable = true
  abandoned: AbandonReason | undefined
  /** Behind each text of it; set before it runs. */
  comment: string | undefined
  /** Set by the connection that runs it. */
  readers: ColumnReaders = AS_TEXT
  /** Rows stay as the server sends them, for whoever reads them himself; set before it runs. */
  raw = false
  /** Answers with a column of which nobody knows how to read it; `readLate` reads them. */
  unread: UnreadRows<Reply>[] | undefined
  /** Of the rows that come next; a later exchange that fetches from the same portal starts with it. */
  decoder: RowDecoder | undefined
  /** Which statements the session keeps prepared, by name; only where there is a named one. */
  #prepared: Record<string, string> | undefined
  #reply: Reply | undefined
  /** What a `learn` step was told. */
  learnt: readonly (string | null)[] | undefined
  /** What a `confirm` step was told. */
  confirmed: readonly (string | null)[] | undefined
  /** How its transaction can be recognised if its COMMIT is not answered; set by whoever sends one. */
  claim: Claim | undefined
  /** The steps with an answer, in their order, and where we are: CommandComplete, EmptyQuery and PortalSuspended come one per step. */
  #asked: readonly Step["do"][]
  #answered = 0

  constructor(request: Request, decoder?: RowDecoder) {
    this.request = request
    this.decoder = decoder
    this.#asked = request.protocol === "simple" ? NO_STEPS : askedIn(request.steps)
  }

  /** Before it is sent: in the same flight it is asked whether what is known of the types in the answer is still so. */
  ride(sql: string): void {
    if (this.request.protocol === "simple" || !this.request.steps.some(bringsRows)) return
    this.request = { protocol: "extended", steps: [...this.request.steps, { do: "confirm", sql }] }
    this.#asked = askedIn(this.request.steps)
  }

  /** Has everything an answer that was asked for? If not, and without an error, the stream is out of step. */
  get answered(): boolean {
    return this.request.protocol === "simple" ? this.#answered > 0 : this.#answered === this.#asked.length
  }

  /** It was answered, and nothing about the answer needs a second look. */
  get unremarkable(): boolean {
    return this.error === undefined && this.decodeFailure === undefined && !this.syncRepWait
  }

  submit(wire: PgWire): Error | null {
    if (!wire.stream.writable) return new Error("The connection was closed before the statement was sent")
    if (this.#named) this.#prepared = wire.parsedStatements
    wire.stream.write(encode(this.request, wire.parsedStatements, this.comment))
    this.sent = true
    return null
  }

  handleRowDescription(message: { readonly fields: readonly FieldDescription[] }): void {
    const reply = this.#current()
    reply.fields = message.fields
    this.decoder = new RowDecoder(message.fields, this.raw ? AS_TEXT : this.readers)
    if (this.decoder.incomplete) (this.unread ??= []).push(new UnreadRows(reply, message.fields))
  }

  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void {
    const asked = this.#asked[this.#answered]
    if (asked === "learn" || asked === "count") {
      this.learnt = message.fields
      return
    }
    if (asked === "confirm") {
      this.confirmed = message.fields
      return
    }
    if (this.decodeFailure !== undefined) return
    if (this.decoder === undefined || message.fields.length !== this.decoder.width) {
      return this.handleError(invalidResponse("a row that does not fit the description of its columns"))
    }
    if (this.raw) return void this.#current().rows.push(message.fields)
    const waiting = this.unread?.at(-1)
    if (waiting !== undefined && waiting.of === this.#reply) return void waiting.rows.push(message.fields)
    const decoded = this.decoder.decode(message.fields)
    if ("failure" in decoded) this.decodeFailure = decoded.failure
    else this.#current().rows.push(decoded.row)
  }

  /** Reads what had to wait, as far as it can be read now. */
  readLate(readers: ColumnReaders = this.readers): void {
    for (const { of, fields, rows } of this.unread ?? []) {
      this.decoder = new RowDecoder(fields, readers)
      for (const row of rows) {
        const decoded = this.decoder.decode(row)
        if ("row" in decoded) of.rows.push(decoded.row)
        else this.decodeFailure ??= decoded.failure
      }
    }
    this.unread = undefined
  }

  handlePortalSuspended(_wire?: PgWire): void {
    this.#current().suspended = true
    this.#finishReply()
  }

  handleEmptyQuery(_wire?: PgWire): void {
    this.#current()
    this.#finishReply()
  }

  handleCommandComplete(message: { readonly text: string }, _wire?: PgWire): void {
    const tag = parseTag(message.text)
    if (tag.command === "COMMIT" || tag.command === "ROLLBACK") this.commitTag = tag.command
    this.completed += 1
    const asked = this.#asked[this.#answered]
    if (asked === "command" || asked === "learn" || asked === "confirm") {
      this.#answered += 1
      return
    }
    if (asked === "count") return this.complete(BigInt(this.learnt?.[0] ?? 0))
    if (this.#prepared !== undefined) this.#notePrepared(this.#prepared)
    const reply = this.#current()
    reply.tag = message.text
    reply.command = tag.command
    reply.affected = tag.affected
    this.#finishReply()
  }

  /** COPY … FROM STDIN has no data here; the server must be told, and told to go on (PostgreSQL manual, 54.2.6). */
  handleCopyInResponse(wire: PgWire): void {
    wire.sendCopyFail("COPY FROM STDIN is not supported through a query")
    if (this.request.protocol === "extended") wire.sync()
  }

  handleCopyData(_message?: unknown, _wire?: PgWire): void {}

  /** `pg` forgets a query at its ErrorResponse; the connection ends this exchange when ReadyForQuery comes. */
  handleReadyForQuery(_wire?: PgWire): void {}

  handleError(error: unknown, _wire?: PgWire): void {
    this.error ??= error
    if (this.#prepared !== undefined) this.#forgetPrepared(this.#prepared)
  }

  /** The write that it carries is done. How many rows it wrote may have been learnt elsewhere, if the answer was lost. */
  complete(affected: bigint | undefined): void {
    if (this.request.protocol === "simple") return
    const step = this.request.steps[this.#answered]
    if (step?.do !== "count") return
    const reply = this.#current()
    reply.tag = `${step.command === "INSERT" ? "INSERT 0" : step.command} ${affected ?? 0n}`
    reply.command = step.command
    reply.affected = affected
    this.#finishReply()
  }

  get #named(): boolean {
    return this.request.protocol === "extended" && this.request.steps.some(isNamed)
  }

  /** It has been executed, so the server has it. */
  #notePrepared(prepared: Record<string, string>): void {
    const step = this.request.protocol === "extended" ? this.request.steps[this.#answered] : undefined
    if (step?.do === "execute" && step.name !== undefined) prepared[step.name] = step.sql
  }

  /** Perhaps it is the reason: next time it is prepared again. */
  #forgetPrepared(prepared: Record<string, string>): void {
    if (this.request.protocol === "simple") return
    for (const step of this.request.steps) if (isNamed(step)) delete prepared[step.name]
  }

  #current(): Reply {
    this.#reply ??= { rows: [], fields: NO_FIELDS, tag: "", command: "", affected: undefined, suspended: false }
    return this.#reply
  }

  #finishReply(): void {
    if (this.#reply !== undefined) this.replies.push(this.#reply)
    this.#reply = undefined
    this.#answered += 1
  }
}

const NO_FIELDS: readonly FieldDescription[] = []
const AS_TEXT: ColumnReaders = {
  readerOf: () => (text) => text,
  typeOf: ({ dataTypeID }) => String(dataTypeID),
}

const NO_STEPS: readonly Step["do"][] = []
const ONE_STATEMENT: readonly Step["do"][] = ["execute"]

/** What is fetched later from a portal is read as its first rows were. */
function bringsRows(step: Step): boolean {
  return step.do === "execute" || step.do === "open-portal"
}

function askedIn(steps: readonly Step[]): readonly Step["do"][] {
  if (steps.length === 1 && steps[0]?.do === "execute") return ONE_STATEMENT
  return steps.filter((step) => step.do !== "close-portal").map((step) => step.do)
}

/** The server, or whoever answers in its place, breaks the protocol. In the words of `pg`'s parser. */
export function invalidResponse(what: string): Error {
  return new Error(`received invalid response: ${what}`)
}

/** "INSERT 0 5" → INSERT, 5; "CREATE TABLE" → CREATE TABLE, no number. */
function parseTag(text: string): { readonly command: string; readonly affected: bigint | undefined } {
  const digits = /^(\D*?)(?: (\d+))?(?: (\d+))?$/.exec(text)
  const affected = digits?.[3] ?? digits?.[2]
  return { command: digits?.[1] ?? text, affected: affected === undefined ? undefined : BigInt(affected) }
}
