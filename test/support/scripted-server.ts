import type { FakeClock } from "./fake-clock.ts"
import { ScriptedClient } from "./scripted-client.ts"
import { Session, type Heard, type Reaction, type SessionHost } from "./scripted-session.ts"

/** What becomes of a CancelRequest. */
export type Cancelling =
  /** It stops the statement, and its socket ends. */
  | { readonly how: "stops" }
  /** The signal arrives after `afterMs`, whatever runs by then; its socket ends with that. */
  | { readonly how: "late"; readonly afterMs: number }
  /** It arrives, and the statement takes no notice. */
  | { readonly how: "ignored" }
  /** Nobody answers it, for `limitMs`. */
  | { readonly how: "unanswered"; readonly limitMs: number }

interface Rule {
  readonly pattern: string | RegExp
  readonly reaction: Reaction
  timesLeft: number
}

/**
 * The little of a server that leases and transactions can tell apart: sessions with a transaction status, what was written
 * and what of it was committed. It answers at once, unless a rule says otherwise or `byHand` is set. Not a PostgreSQL:
 * it reads a statement's first words and no more.
 */
export class ScriptedServer implements SessionHost {
  readonly clock: FakeClock
  readonly sessions: Session[] = []
  readonly heard: Heard[] = []
  readonly applied: string[] = []
  /** Statements that a CancelRequest hit and that it was not meant for. */
  readonly strays: string[] = []
  cancelRequests = 0
  cancelling: Cancelling = { how: "stops" }
  byHand = false
  #transactions = 0
  readonly #rules: Rule[] = []

  constructor(clock: FakeClock) {
    this.clock = clock
  }

  connect(): ScriptedClient {
    const client = new ScriptedClient(this.sessions.length + 1)
    this.sessions.push(new Session(this, client))
    return client
  }

  /** The next `times` statements that contain `pattern` meet this; of several rules the first that was made. */
  when(pattern: string | RegExp, reaction: Reaction, times: number = Number.POSITIVE_INFINITY): void {
    this.#rules.push({ pattern, reaction, timesLeft: times })
  }

  reactionTo(sql: string): Reaction {
    const rule = this.#rules.find(
      ({ pattern, timesLeft }) =>
        timesLeft > 0 && (typeof pattern === "string" ? sql.includes(pattern) : pattern.test(sql)),
    )
    if (rule === undefined) return {}
    rule.timesLeft -= 1
    return rule.reaction
  }

  nextTransaction(): number {
    this.#transactions += 1
    return this.#transactions
  }

  /** The texts that a connection heard, or all of them. */
  texts(connection?: number): string[] {
    return this.heard.filter((one) => connection === undefined || one.connection === connection).map(({ sql }) => sql)
  }

  session(number = 1): Session {
    const session = this.sessions[number - 1]
    if (session === undefined) throw new Error(`there is no connection ${number} yet`)
    return session
  }

  /** A CancelRequest for what this client is running. */
  requestCancel(client: ScriptedClient): Promise<boolean> {
    this.cancelRequests += 1
    const session = this.session(client.processID)
    const meantFor = session.running
    const strike = (): void => {
      if (session.running !== meantFor && session.running !== undefined) this.strays.push(session.running)
      session.interrupt()
    }
    const { cancelling } = this
    switch (cancelling.how) {
      case "stops":
        strike()
        return Promise.resolve(true)
      case "late":
        return new Promise((resolve) => {
          this.clock.after(cancelling.afterMs, () => {
            strike()
            resolve(true)
          })
        })
      case "ignored":
        return Promise.resolve(true)
      case "unanswered":
        return new Promise((resolve) => {
          this.clock.after(cancelling.limitMs, () => resolve(false))
        })
    }
  }
}
