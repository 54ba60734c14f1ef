import { assembleDatabase } from "@kysely-resilient/core/src/database.ts"
import type { Database } from "@kysely-resilient/core"
import type { DriverEvent, DriverOptions, Engine } from "@kysely-resilient/driver"
import { createEngine } from "@kysely-resilient/driver/src/assemble.ts"

import { Agenda } from "./agenda.ts"
import { Book, type Entry } from "./book.ts"
import { Chance } from "./chance.ts"
import { Doubts } from "./doubts.ts"
import type { About, Instant, Session } from "./model/host.ts"
import { Server } from "./model/server.ts"
import { Network } from "./network/network.ts"
import type { Heard, Workshop } from "./operations.ts"
import type { Tables } from "./queries.ts"
import type { DriverChoices, Fault, Operation, Scenario } from "./scenario.ts"
import { strike, type Battlefield } from "./strikes.ts"

/** What must always be true was not. */
export class Violation extends Error {}

/** Between a limit and the moment at which whoever it is for learns of it: timers in whole milliseconds, hops of promises. */
const SLACK_MS = 25

/** The longest pause between two attempts to open a connection for somebody who waits, with what is added to it by chance. */
const PROBE_PAUSE_MS = 1_500

interface Pending {
  readonly name: string
  readonly limitAt: number
}

/** The driver, the network, the server and everything that is known of them. */
export class World implements Workshop, Battlefield {
  readonly scenario: Scenario
  readonly agenda: Agenda
  readonly chance: Chance
  readonly network: Network
  readonly server: Server
  readonly engine: Engine
  readonly db: Database<Tables>
  readonly book: Book
  readonly total: number
  readonly orphanedTransaction: DriverChoices["orphanedTransaction"]
  steps = 0
  /** Faults that have struck. */
  struck = 0
  readonly tally = new Map<string, number>()
  /** For a report of what happened: off unless asked for. */
  readonly trace: string[] | undefined
  readonly doubts: Doubts
  readonly #tokens: { readonly entry: Entry; readonly token: string; readonly since: number }[] = []
  readonly #wrongs: string[] = []
  readonly #pending = new Set<Pending>()
  readonly #dueBySteps: Fault[]
  readonly #dueByInstants: { readonly fault: Fault; left: number }[]
  readonly #opened = new Set<number>()
  readonly #discarded = new Set<number>()
  #sleptMs = 0
  #hungerSince: number | undefined
  #stop = false

  constructor(scenario: Scenario, trace?: string[]) {
    this.scenario = scenario
    this.doubts = new Doubts(scenario)
    this.trace = trace
    this.chance = new Chance(scenario.seed).fork("run")
    this.agenda = new Agenda(this.chance.fork("agenda"))
    this.agenda.lateMs = scenario.lateMs
    this.server = new Server(this.agenda, this.chance.fork("server"), scenario.server, {
      instant: (instant, about, session) => this.#instant(instant, about, session),
      wrong: (text) => this.wrong(text),
    })
    this.network = new Network(this.agenda, this.chance.fork("network"), this.server)
    this.book = new Book(this.server.storage, scenario.server.synchronous, (text) => this.wrong(text))
    this.total = scenario.server.accounts * 100
    this.orphanedTransaction = scenario.driver.orphanedTransaction
    const byStep = (fault: Fault): number => ("step" in fault.when ? fault.when.step : 0)
    this.#dueBySteps = scenario.faults.filter(({ when }) => "step" in when).toSorted((a, b) => byStep(a) - byStep(b))
    this.#dueByInstants = scenario.faults.flatMap((fault) =>
      "step" in fault.when ? [] : [{ fault, left: fault.when.nth }],
    )
    const random = this.chance.fork("driver").next
    const engineOf = (options: DriverOptions): Engine =>
      createEngine(options, {
        clock: this.agenda,
        random,
        makeSocket: () => this.network.makeSocket() as never,
      })
    let engine: Engine | undefined
    this.db = assembleDatabase<Tables, unknown>(this.#options(scenario.driver), {
      engine: (options) => (engine = engineOf(options)),
      clock: this.agenda,
      random,
    })
    if (engine === undefined) throw new Error("no engine was made")
    this.engine = engine
  }

  get wrongs(): readonly string[] {
    return this.#wrongs
  }

  // What workers need.

  now(): number {
    return this.agenda.now()
  }

  think(ms: number): Promise<void> {
    return new Promise((resolve) => void this.agenda.soon(ms, "client", resolve))
  }

  abortAfter(ms: number): AbortSignal {
    const controller = new AbortController()
    this.agenda.soon(ms, "client", () => controller.abort())
    return controller.signal
  }

  wrong(text: string): void {
    this.#wrongs.push(text)
    this.trace?.push(`${this.#stamp} WRONG ${text}`)
  }

  doubt(entry: Entry, operation: Operation, since: number): void {
    const excuse = this.doubts.excuse(operation, since, this.now())
    this.count(`unknown: ${excuse ?? "without excuse"}`)
    if (excuse === undefined) this.wrong(`${entry.name} is unknown, and could have been resolved`)
    else if (entry.token !== undefined) this.#tokens.push({ entry, token: entry.token, since })
  }

  /** What was unknown is asked for, now that somebody can be asked. */
  async askLater(): Promise<void> {
    for (const { entry, token, since } of this.#tokens.splice(0)) {
      const answer = await this.engine.resolve(token, { timeoutMs: 10_000 })
      if (!answer.ok) this.wrong(`${entry.name}: its token is refused`)
      else if (answer.value !== "unknown") this.book.correct(entry, answer.value)
      else if (this.doubts.mustBeFound(since)) {
        this.wrong(`${entry.name} is still unknown when everything is well again`)
      }
      this.count(`asked later: ${answer.ok ? answer.value : "refused"}`)
    }
  }

  heard(failure: Heard | undefined, during: Entry): void {
    during.token = failure?.token
    this.count(failure === undefined ? "ok" : `${failure.effect} ${failure.kind}`)
    if (this.trace !== undefined) {
      this.trace.push(
        `${this.#stamp} ${during.name}: ${failure === undefined ? "ok" : `${failure.kind}, ${failure.effect}`}`,
      )
    }
  }

  /** Nobody waits for it longer than this. */
  async within<T>(name: string, limitMs: number, work: Promise<T>): Promise<T> {
    const pending = { name, limitAt: this.now() + limitMs + SLACK_MS - this.#sleptMs + 3 * this.scenario.lateMs }
    this.#pending.add(pending)
    try {
      return await work
    } finally {
      this.#pending.delete(pending)
    }
  }

  oversleep(ms: number): void {
    this.#sleptMs += ms
    this.agenda.oversleep(ms)
  }

  /** For the report at the end: how often this was seen. */
  count(what: string): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1)
  }

  // Time.

  /** One thing after the other happens until `done`, and after each of them everything is looked at. */
  async run(done: () => boolean): Promise<void> {
    await settled()
    while (!done()) {
      const where = this.agenda.step()
      if (where === undefined) {
        this.wrong("nothing will ever happen again, and somebody still waits")
      } else if (where === "client") await settled()
      this.#stepped(where === "client")
    }
  }

  /** So long, whatever happens. */
  async pass(ms: number): Promise<void> {
    const until = this.now() + ms
    await this.run(() => this.agenda.nextAt > until)
    if (this.now() < until) this.agenda.soon(until - this.now(), "server", () => {})
    await this.run(() => this.now() >= until)
  }

  #stepped(client: boolean): void {
    this.steps += 1
    if (this.steps > 100_000) this.wrong("it goes on for ever")
    for (let next = this.#dueBySteps[0]; next !== undefined; next = this.#dueBySteps[0]) {
      if (this.#stop || !("step" in next.when) || next.when.step > this.steps) break
      this.#dueBySteps.shift()
      this.#strike(next, undefined)
    }
    if (client) this.check()
    if (this.#wrongs.length > 0) throw new Violation(this.#wrongs.join("\n"))
  }

  /** From now on nothing goes wrong any more. */
  stopFaults(): void {
    this.#stop = true
  }

  // What must be true.

  check(): void {
    const now = this.now()
    for (const { name, limitAt } of this.#pending) {
      if (now > limitAt + this.#sleptMs)
        this.wrong(`${name} has not been answered ${Math.round(now - limitAt - this.#sleptMs)} ms after it had to be`)
    }
    const { idle, leased, opening, waiting, max } = this.engine.snapshot().pool
    if (idle + leased + opening > max) this.wrong(`the pool holds ${idle} + ${leased} + ${opening} of ${max}`)
    const live = this.#opened.size - this.#discarded.size
    if (idle + leased !== live) this.wrong(`the pool holds ${idle} + ${leased}, and has told of ${live}`)
    const hungry = waiting > 0 && (idle > 0 || (opening === 0 && idle + leased < max))
    if (!hungry) this.#hungerSince = undefined
    else {
      this.#hungerSince ??= now - this.#sleptMs
      const hungryMs = now - this.#sleptMs - this.#hungerSince
      if (hungryMs > Math.max(PROBE_PAUSE_MS, this.scenario.driver.cancelMs) + SLACK_MS + 3 * this.scenario.lateMs) {
        this.wrong(
          `for ${Math.round(hungryMs)} ms ${waiting} wait with ${idle} idle, ${leased} in use and ${opening} being opened of ${max}`,
        )
      }
    }
  }

  /** Everything has been given back, here and there. */
  checkAtRest(): void {
    const { idle, leased, opening, waiting } = this.engine.snapshot().pool
    if (leased + opening + waiting > 0) {
      this.wrong(`at rest ${leased} are in use, ${opening} being opened, ${waiting} wait`)
    }
    const { sessions, locks, storage } = this.server
    if (sessions.size !== idle) this.wrong(`at rest the server has ${sessions.size} sessions, and the pool ${idle}`)
    for (const { busy, transaction, processId } of sessions.values()) {
      if (busy) this.wrong(`at rest session ${processId} still does something`)
      if (transaction.explicit) this.wrong(`at rest session ${processId} has a transaction open`)
    }
    if (locks.size > 0) this.wrong(`at rest ${locks.size} locks are held`)
    if (storage.open.size > 0) this.wrong(`at rest xids are in progress: ${[...storage.open].join()}`)
  }

  /** Nothing is left of it. */
  checkClosed(): void {
    const { foreground, background } = this.agenda.timers
    if (foreground + background > 0)
      this.wrong(`after its end ${foreground} timers are set, and ${background} in the background`)
    const sockets = this.network.openSockets
    if (sockets > 0) this.wrong(`after its end ${sockets} sockets are open`)
    if (this.#pending.size > 0) this.wrong(`after its end ${[...this.#pending].map(({ name }) => name).join()} wait`)
  }

  checkServerEmpty(): void {
    const { processes } = this.server
    if (processes > 0) this.wrong(`after its end the server has ${processes} processes`)
  }

  get #stamp(): string {
    return (this.now() - 1_000_000).toFixed(1)
  }

  #instant(instant: Instant, about: About, session: Session): (() => void) | undefined {
    this.trace?.push(`${this.#stamp} server ${session.processId}: ${instant} ${about}`)
    if (this.#stop) return undefined
    for (const due of this.#dueByInstants) {
      const { when } = due.fault
      if ("step" in when || when.instant !== instant || (when.about !== undefined && when.about !== about)) continue
      due.left -= 1
      if (due.left === 0) return () => this.#strike(due.fault, session)
    }
    return undefined
  }

  #strike(fault: Fault, session: Session | undefined): void {
    this.struck += 1
    this.doubts.struck(fault.strike, this.now())
    this.count(`fault ${fault.strike.do}`)
    this.trace?.push(`${this.#stamp} FAULT ${JSON.stringify(fault.strike)} ${session?.processId ?? ""}`)
    strike(this, fault.strike, session)
  }

  #observe(event: DriverEvent): void {
    this.count(`event ${event.name}`)
    if (this.trace !== undefined) {
      const { at: _at, ...told } = event
      const failure =
        "failure" in told && told.failure !== undefined ? ` ${told.failure.kind} ${told.failure.effect}` : ""
      const id = "connectionId" in told ? ` ${told.connectionId}` : ""
      const reason = "reason" in told ? ` ${told.reason}` : ""
      this.trace.push(`${this.#stamp} event ${told.name}${id}${reason}${failure}`)
    }
    if (event.name === "connection.opened") {
      if (this.#opened.has(event.connectionId)) this.wrong(`connection ${event.connectionId} was opened twice`)
      this.#opened.add(event.connectionId)
    }
    if (event.name === "connection.discarded") {
      if (this.#discarded.has(event.connectionId)) this.wrong(`connection ${event.connectionId} was discarded twice`)
      this.#discarded.add(event.connectionId)
    }
  }

  #options(choices: DriverChoices): DriverOptions & { errors: { callSite: false } } {
    return {
      connection: "postgres://simulated:simulated@simulated:5432/simulated?sslmode=disable",
      pool: {
        min: choices.poolMin,
        max: choices.poolMax,
        idleTimeoutMs: choices.idleTimeoutMs,
        validateAfterIdleMs: choices.validateAfterIdleMs,
        acquireTimeoutMs: choices.acquireTimeoutMs,
      },
      timeouts: { connectMs: choices.connectMs, queryMs: choices.queryMs, cancelMs: choices.cancelMs },
      retry: choices.retry ? { outageWaitMs: choices.outageWaitMs } : false,
      resolution: choices.resolution,
      resolveAutocommit: choices.resolveAutocommit,
      orphanedTransaction: choices.orphanedTransaction,
      observer: (event) => this.#observe(event),
      errors: { callSite: false },
    }
  }
}

/** Everything has run that waits for promises only. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
