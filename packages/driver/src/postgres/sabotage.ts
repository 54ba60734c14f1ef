import type { Clock } from "../foundation/clock.ts"
import type { Strikes } from "../policy/strikes.ts"
import { Exchange } from "./exchange.ts"
import type { Request, Step } from "./request.ts"
import { FrontendBuffer } from "./frontend.ts"
import type { PgClient, PgWire } from "./internals.ts"

/** "BEGIN …; statement; COMMIT" in one flight is a statement; COMMIT alone, or behind a marker, is one. */
const BEGINS = /^\s*begin\b/i
const COMMITS = /(?:^|;)\s*commit\s*;?\s*$/i

/**
 * `buggify` at work on one client. It makes up no answer: sockets are really closed, errors are really raised by the
 * server, and what the server did before its answer was thrown away stays done. Without `buggify` none of this exists,
 * and `pg`'s client is as it came.
 */
export class Sabotage {
  readonly #strikes: Strikes
  readonly #clock: Clock

  constructor(strikes: Strikes, clock: Clock) {
    this.#strikes = strikes
    this.#clock = clock
  }

  /** A connection is about to be opened. */
  open({ connection: { stream } }: PgClient): void {
    if (this.#strikes.strikes("opening-refused")) stream.once("connect", () => stream.destroy(reset()))
  }

  /** From now on the client works for callers. */
  work(client: PgClient, connectionId: number): void {
    const query = client.query.bind(client)
    client.query = (submittable) => {
      if (submittable instanceof Exchange) this.#tamper(submittable, client.connection, connectionId)
      query(submittable)
    }
  }

  #tamper(exchange: Exchange, wire: PgWire, connectionId: number): void {
    const occasion = occasionOf(exchange.request)
    if (occasion === undefined) return
    const strikes = (kind: Parameters<Strikes["strikes"]>[0]): boolean => this.#strikes.strikes(kind, connectionId)
    const commit = occasion === "commit"

    if (strikes(commit ? "commit-lost" : "statement-lost")) {
      exchange.submit = () => {
        // As with a peer that is gone: the system took the bytes, and they arrive nowhere.
        exchange.sent = true
        wire.stream.destroy(reset())
        return null
      }
    } else if (strikes(commit ? "commit-answer-lost" : "answer-lost")) {
      deafen(wire)
    } else if (strikes("serialization-failure")) {
      sendInstead(exchange, raising("40001"))
    } else if (strikes("deadlock")) {
      sendInstead(exchange, raising("40P01"))
    } else if (strikes("slow-answer")) {
      wire.stream.pause()
      this.#clock.after(this.#strikes.durationMs("slow-answer"), () => wire.stream.resume())
    }
  }
}

const WORK: ReadonlySet<string> = new Set<Step["do"]>(["execute", "count", "open-portal", "fetch"])

/** Undefined for what no caller asked for: checks, repairs, resets. */
function occasionOf(request: Request): "statement" | "commit" | undefined {
  if (request.protocol === "simple") {
    if (BEGINS.test(request.sql)) return "statement"
    return COMMITS.test(request.sql) ? "commit" : undefined
  }
  if (request.steps.some(({ do: what }) => WORK.has(what))) return "statement"
  const last = request.steps.at(-1)
  return last?.do === "command" && COMMITS.test(last.sql) ? "commit" : undefined
}

/** The server itself fails, the session and its transaction with all that comes of it; what was to be sent has not been. */
function raising(code: "40001" | "40P01"): Buffer {
  const sql = `do $$ begin raise exception 'raised by buggify' using errcode = '${code}'; end $$`
  return new FrontendBuffer().query(sql).finish()
}

function sendInstead(exchange: Exchange, bytes: Buffer): void {
  exchange.submit = (wire) => {
    if (!wire.stream.writable) return new Error("The connection was closed before the statement was sent")
    wire.stream.write(bytes)
    exchange.sent = true
    return null
  }
}

const HEADER_BYTES = 5
const READY_FOR_QUERY = "Z".charCodeAt(0)

/** The answer is read up to its end, so that the server has surely done it, and thrown away; then the socket is closed. */
function deafen({ stream }: PgWire): void {
  let pending = Buffer.alloc(0)
  stream.removeAllListeners("data")
  stream.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= HEADER_BYTES) {
      const end = 1 + pending.readUInt32BE(1)
      if (pending.length < end) return
      if (pending[0] === READY_FOR_QUERY) return void stream.destroy(reset())
      pending = pending.subarray(end)
    }
  })
}

function reset(): Error {
  return Object.assign(new Error("read ECONNRESET (by buggify)"), { code: "ECONNRESET", syscall: "read" })
}
