import assert from "node:assert/strict"

import type { Failure, Outcome } from "@kysely-resilient/driver/src/failure/failure.ts"
import type { Deadline } from "@kysely-resilient/driver/src/foundation/deadline.ts"
import type { PoolOptions } from "@kysely-resilient/driver/src/pool/pool.ts"
import type { DriverEvent } from "@kysely-resilient/driver/src/telemetry/events.ts"

import type { PendingOpening, Thing } from "../../../support/scripted-resources.ts"
import { Fixture, OPENING_MAX_MS } from "./pool-fixture.ts"

/** One who asked, and what is known of it from outside. */
export interface Asker {
  readonly order: number
  readonly joinedAt: number
  readonly deadline: Deadline | undefined
  readonly controller: AbortController
  answers: number
  holds: Thing | undefined
}

/** One who only wants to know when something works again. */
interface Watcher {
  told: number
  stop: () => void
}

/** What we know of a thing without asking the pool. */
interface Record {
  readonly generation: number
  readonly bornAt: number
  provenAt: number
  idleSince: number
}

interface Trouble {
  readonly kind: "unreachable" | "crowded" | "refused"
  readonly since: number
  readonly failedAt: number
}

/** How often an unreachable server is looked for when nobody waits. */
const FILL_PAUSE_MS = 5_000

/** No pool of the property is ever larger. */
export const LARGEST_MAX = 6

/** So many are tried at a time until one has been opened, at first and after a loss. */
const UNPROVEN_MAX = 4

const LIFETIME_MS = 10_000

const CIRCUIT = { failuresMin: 3, windowMs: 1_000_000, afterMs: 1_000, gapMs: 1_000_000 }

/** An opening that takes longer hangs, perhaps. */
const HANGS_MS = 250
/** Where nothing has been opened yet, or what was took long. */
const HANGS_LONG_MS = 1_000
/** Between two looks for whoever is about to leave. */
const LAST_LOOKS_APART_MS = 1_000
/** Between two tries in trouble, the longest that there is here. */
const PAUSE_MAX_MS = 60_000
/** How long an opening is thought to take. */
const OPENING_LEAST_MS = 50
const OPENING_MOST_MS = 500

const worldOptions: PoolOptions = {
  min: 1,
  max: 3,
  acquireTimeoutMs: 3_000,
  waitersMax: 6,
  idleTimeoutMs: 2_000,
  maxLifetimeMs: LIFETIME_MS,
  validateAfterIdleMs: 500,
  outageWaitMs: 1_000,
  keepAlive: false,
}

/**
 * A pool and, beside it, an account of what was done to it and what it answered, kept by other means than its own. `check`
 * compares the two: whatever order things happen in, these sentences are true after each of them.
 */
export class World extends Fixture {
  readonly askers: Asker[] = []
  readonly givenBack: Thing[] = []
  readonly watchers: Watcher[] = []
  readonly #options: PoolOptions
  readonly #records = new Map<Thing, Record>()
  readonly #dead = new Set<Thing>()
  readonly #generations = new WeakMap<PendingOpening, number>()
  readonly #begunAt = new WeakMap<PendingOpening, number>()
  /** One that was begun much later has succeeded: nobody counts on these any more. */
  readonly #overtaken = new WeakSet<PendingOpening>()
  /** When one was last begun early, for somebody who was about to leave. */
  #lookedAt = Number.NEGATIVE_INFINITY
  /** What was wrong at a moment that has passed. */
  readonly #wrongs: string[] = []
  #trouble: Trouble | undefined
  #hopeless: Failure | undefined
  #proven = false
  /** The first of the openings that failed of a server that is away, with no success after it, and how many there were. */
  #away: { readonly since: number; readonly failures: number } | undefined
  #ceiling: number
  closed = false
  /** In this step something was opened, or answered its check. */
  #reached = false

  constructor(change: Partial<PoolOptions>) {
    super({ ...worldOptions, ...change }, CIRCUIT)
    this.#options = { ...worldOptions, ...change }
    this.#ceiling = this.#options.max
    const open = this.resources.open.bind(this.resources)
    this.resources.open = (onLost) => {
      const under = [...this.resources.openings]
      const outcome = open(onLost)
      const begun = this.resources.openings.at(-1)
      if (begun !== undefined) {
        this.#generations.set(begun, this.pool.stats().generation)
        this.#begunAt.set(begun, this.clock.now())
      }
      this.#mayOpen(under)
      return outcome
    }
  }

  override observe(event: DriverEvent): void {
    super.observe(event)
    if (event.name !== "connection.discarded" || event.reason !== "idle") return
    const { idle, leased, min } = this.pool.stats()
    if (idle + leased < min) this.#wrongs.push("closed for idleness what min wants open")
  }

  // What can be done.

  ask(deadlineMs: number | undefined): void {
    const controller = new AbortController()
    const now = this.clock.now()
    const deadline = deadlineMs === undefined ? undefined : { at: now + deadlineMs, limitMs: deadlineMs }
    const asker: Asker = {
      order: this.askers.length,
      joinedAt: now,
      deadline,
      controller,
      answers: 0,
      holds: undefined,
    }
    this.askers.push(asker)
    const answer = this.pool.acquire({ ...(deadline !== undefined && { deadline }), signal: controller.signal })
    if (answer instanceof Promise) void answer.then((outcome) => this.#answered(asker, outcome))
    else this.#answered(asker, answer)
  }

  abort(index: number): void {
    pick(this.waiting, index)?.controller.abort()
  }

  giveBack(index: number, fate: "keep" | "discard" | "abandon"): void {
    const asker = pick(this.holders, index)
    if (asker?.holds === undefined) return
    const thing = asker.holds
    asker.holds = undefined
    this.givenBack.push(thing)
    if (fate === "keep" && this.#dead.has(thing)) {
      this.#proven = false
      this.#suspectAll()
    }
    if (fate === "abandon") return this.#abandon(thing)
    this.#provenNow(thing, { idle: true })
    this.pool.giveBack(thing, fate)
  }

  /** It was silent for too long: what has rested for longer is not trusted with anybody's time. */
  #abandon(thing: Thing): void {
    const { provenAt } = this.#recordOf(thing)
    const unused = (one: Thing): boolean =>
      !this.#checking.includes(one) && !this.holders.some((holder) => holder.holds === one)
    const older = this.resources.held.filter(
      (one) => one !== thing && unused(one) && this.#recordOf(one).provenAt <= provenAt,
    )
    this.#proven = false
    this.#suspectAll()
    this.pool.giveBack(thing, "discard", "abandoned")
    for (const one of older)
      if (one.closed.length === 0) this.#wrongs.push(`kept ${one.id}, which has rested for longer`)
  }

  giveAllBack(): void {
    while (this.holders.length > 0) this.giveBack(0, "keep")
  }

  /** Everybody is served and gives back; then nothing happens for a while. */
  async rest(ms: number): Promise<void> {
    for (let round = 0; round < 10 && this.waiting.length > 0; round += 1) {
      this.#endEverything()
      await this.clock.settle()
      this.giveAllBack()
      await this.clock.settle()
    }
    this.giveAllBack()
    await this.clock.advance(ms)
  }

  watch(): void {
    const watcher: Watcher = { told: 0, stop: () => {} }
    this.watchers.push(watcher)
    watcher.stop = this.pool.whenReachable(() => {
      watcher.told += 1
      this.watchers.splice(this.watchers.indexOf(watcher), 1)
      if (!this.#reached) this.#wrongs.push("told that it works, and nothing did")
      if (watcher.told > 1) this.#wrongs.push("told twice that it works")
    })
  }

  unwatch(index: number): void {
    const watcher = pick(this.watchers, index)
    if (watcher === undefined) return
    watcher.stop()
    this.watchers.splice(this.watchers.indexOf(watcher), 1)
  }

  giveBackAgain(index: number): void {
    const held = new Set(this.holders.map((asker) => asker.holds))
    const thing = pick(
      this.givenBack.filter((one) => !held.has(one)),
      index,
    )
    if (thing !== undefined) this.pool.giveBack(thing, index % 2 === 0 ? "keep" : "discard")
  }

  spoil(index: number): void {
    const thing = pick(this.holders, index)?.holds
    if (thing !== undefined) thing.reusable = false
  }

  die(index: number): void {
    const thing = pick(
      this.resources.held.filter((held) => held.reusable),
      index,
    )
    if (thing === undefined) return
    this.#dead.add(thing)
    if (![...this.pool.leased()].includes(thing)) {
      this.#proven = false
      this.#suspectAll()
    }
    thing.die()
  }

  /** What took one may have taken all the others: they are checked before anybody gets them. */
  #suspectAll(): void {
    const leased = new Set(this.pool.leased())
    for (const [thing, record] of this.#records) if (!leased.has(thing)) record.provenAt = Number.NEGATIVE_INFINITY
  }

  openingSucceeds(index: number, alive: boolean): void {
    const opening = pick(this.resources.openings, index)
    if (opening === undefined) return
    const generation = this.#generations.get(opening) ?? 0
    const counts = this.#counts(opening)
    const thing = opening.succeed()
    thing.reusable = alive
    const now = this.clock.now()
    this.#records.set(thing, { generation, bornAt: now, provenAt: now, idleSince: now })
    if (!this.#current(generation)) return
    if (alive) {
      const begunAt = this.#begunAt.get(opening) ?? now
      for (const other of this.resources.openings) {
        if ((this.#begunAt.get(other) ?? now) <= begunAt - HANGS_MS) this.#overtaken.add(other)
      }
      // A server that was full is asked for one after the other, until that is long ago.
      if (this.#trouble?.kind !== "crowded" || now - this.#trouble.failedAt >= 10_000) this.#trouble = undefined
      this.#away = undefined
      this.#reached = true
      this.#proven = true
    } else if (counts) this.#troubled("unreachable")
  }

  openingFails(index: number, failure: Failure): void {
    const opening = pick(this.resources.openings, index)
    if (opening === undefined) return
    const counts = this.#counts(opening)
    const { idle, leased } = this.pool.stats()
    opening.fail(failure)
    if (!counts) return
    if (failure.retry === "never") {
      if (idle + leased === 0) this.#hopeless = failure
      this.#troubled("refused")
    } else {
      this.#troubled(failure.kind === "too_many_connections" && idle + leased > 0 ? "crowded" : "unreachable")
    }
  }

  checkEnds(index: number, good: boolean): void {
    const check = pick(this.resources.checks, index)
    if (check === undefined) return
    if (good) {
      this.#provenNow(check.thing, { idle: false })
      this.#reached ||= check.thing.closed.length === 0
    } else if (check.thing.closed.length === 0) {
      this.#proven = false
      this.#suspectAll()
    }
    check.answer(good)
  }

  resize(min: number, max: number): void {
    this.pool.resize({ min, max })
    const { idle, leased, opening } = this.pool.stats()
    this.#ceiling = Math.max(max, idle + leased + opening)
  }

  close(): void {
    this.closed = true
    void this.pool.close({ drainMs: 0 })
  }

  // What must be true.

  get waiting(): Asker[] {
    return this.askers.filter((asker) => asker.answers === 0)
  }

  get holders(): Asker[] {
    return this.askers.filter((asker) => asker.holds !== undefined)
  }

  check(): void {
    assert.deepEqual(this.#wrongs, [])
    const now = this.clock.now()
    const stats = this.pool.stats()
    const leased = new Set(this.pool.leased())
    const checking = this.#checking
    const idle = this.resources.held.filter((thing) => !leased.has(thing) && !checking.includes(thing))
    const live = stats.idle + stats.leased
    const total = live + stats.opening
    const uncovered = this.#uncovered

    this.#say("nothing is lost or counted twice", () => {
      assert.equal(stats.waiting, this.waiting.length)
      assert.equal(stats.opening, this.resources.openings.length)
      assert.deepEqual([stats.idle, stats.leased], [idle.length, leased.size + checking.length])
      assert.deepEqual(leased, new Set(this.holders.map((asker) => asker.holds)))
      assert.deepEqual(
        none(this.resources.things, (thing) => thing.closed.length > 1),
        [],
      )
      assert.deepEqual(
        none(this.askers, (asker) => asker.answers > 1),
        [],
      )
    })
    this.#say("there are never more than max, nor more in line than waitersMax", () => {
      assert.ok(total <= this.#ceiling)
      this.#ceiling = Math.max(stats.max, Math.min(this.#ceiling, total))
      if (total > stats.max) assert.equal(stats.idle, 0)
      assert.ok(stats.waiting <= this.#options.waitersMax + LARGEST_MAX)
    })
    this.#say("nobody waits while something idle could serve it", () => {
      if (stats.waiting > 0)
        assert.deepEqual(
          none(idle, (thing) => !this.#stale(thing)),
          [],
        )
      // An opening may take long; the check of what is there does not.
      if (stats.waiting > checking.length) assert.deepEqual(idle, [])
    })
    this.#say("nobody waits while something could be opened", () => {
      if (uncovered <= 0 || total >= stats.max || this.closed) return
      if (!this.#proven && stats.opening >= UNPROVEN_MAX) return
      assert.ok(this.#trouble !== undefined, "nothing is opened")
      // In trouble the next attempt is under way, or a timer is set for it.
      if (stats.opening === 0) assert.ok(this.clock.timers.background > 0, "no attempt will follow")
    })
    this.#say("whoever wants to know whether it works hears of the first success, and until then it is tried", () => {
      if (this.#reached && !this.closed) assert.deepEqual(this.watchers, [])
      this.#reached = false
      if (this.watchers.length === 0 || total >= stats.max || this.closed) return
      if (this.#promising.length > 0 || (!this.#proven && stats.opening >= UNPROVEN_MAX)) return
      assert.ok(this.#trouble !== undefined, "nothing is tried")
      if (stats.opening === 0) assert.ok(this.clock.timers.background > 0, "nothing will be tried")
    })
    this.#say("nobody waits for one that hangs without another look beside it", () => {
      const { openings } = this.resources
      const unsure = this.#trouble === undefined ? !this.#proven : this.#trouble.kind === "unreachable"
      const asked = stats.waiting > checking.length || this.watchers.length > 0
      if (openings.length === 0 || !unsure || !asked || total >= stats.max || this.closed) return
      const lookAt =
        this.#youngest(openings) + Math.max(HANGS_LONG_MS, OPENING_MAX_MS / (stats.max - total + openings.length))
      // After one that has failed meanwhile there is the pause.
      assert.ok(now < lookAt || this.clock.timers.background > 0, "no other look will follow")
      assert.ok(now < Math.max(lookAt, (this.#trouble?.failedAt ?? -Infinity) + PAUSE_MAX_MS))
    })
    this.#say("nobody waits longer than its limits", () => {
      for (const asker of this.waiting) {
        assert.ok(now < asker.joinedAt + this.#options.acquireTimeoutMs, "acquireTimeoutMs")
        assert.ok(now < (asker.deadline?.at ?? Infinity), "deadline")
        assert.ok(now < this.#outageLimitAt(asker), "outageWaitMs")
        assert.ok(!asker.controller.signal.aborted, "abort")
      }
    })
    this.#say("what is idle rests, works, and is young and wanted enough", () => {
      for (const thing of idle) {
        const { bornAt, idleSince } = this.#recordOf(thing)
        assert.ok(thing.resting && thing.reusable)
        assert.ok(now < bornAt + LIFETIME_MS, "lifetime")
        if (live > stats.min) assert.ok(now < idleSince + this.#options.idleTimeoutMs, "idleTimeoutMs")
      }
      assert.deepEqual(
        none([...leased], (thing) => thing.resting),
        [],
      )
    })
    this.#say("min is kept once somebody has asked", () => {
      if (this.askers.length > 0 && !this.closed && this.#trouble === undefined) {
        assert.ok(total >= stats.min || (!this.#proven && stats.opening >= UNPROVEN_MAX))
      }
    })
    this.#say("a failure for good reaches everybody who waits, if nothing is open", () => {
      if (this.#hopeless !== undefined) assert.equal(stats.waiting, 0)
      this.#hopeless = undefined
    })
    this.#say("the process is kept alive only for those who wait", () => {
      assert.equal(this.clock.timers.foreground > 0, stats.waiting > 0)
      if (total + stats.waiting === 0 && this.#trouble === undefined) assert.equal(this.clock.timers.background, 0)
    })
    this.#say("a closed pool holds nothing but what is out", () => {
      if (this.closed) assert.deepEqual([stats.waiting, stats.idle, stats.leased], [0, 0, leased.size])
    })
    this.#say("an open circuit closes by itself: one is being tried, or will be", () => {
      if (this.breaker.circuit.state === "closed" || this.closed || total >= stats.max) return
      if (stats.opening === 0) assert.ok(this.clock.timers.background > 0, "nothing will be tried")
      if (this.breaker.circuit.state === "half-open")
        assert.ok(this.#promising.length > 0, "half open, and nothing is tried")
    })
    this.#say("an outage is reported as long as it lasts", () => {
      const since = this.#trouble?.kind === "unreachable" ? this.#trouble.since : now
      if (!this.closed) assert.equal(stats.outageMs ?? 0, now - since)
    })
  }

  /** Everything works again and everybody gives back: nobody may be left waiting, and nothing open after a close. */
  async calmDown(): Promise<void> {
    for (let round = 0; this.waiting.length > 0 || this.holders.length > 0; round += 1) {
      assert.ok(round < 500, `${this.waiting.length} wait for ever`)
      this.#endEverything()
      await this.clock.settle()
      this.giveAllBack()
      await this.clock.advance(this.waiting.length > 0 ? 50 : 0)
      this.check()
    }
    this.close()
    this.#endEverything()
    await this.clock.settle()
    this.check()
    assert.deepEqual(
      none(this.resources.things, (thing) => thing.closed.length !== 1),
      [],
    )
    assert.deepEqual(
      none(this.askers, (asker) => asker.answers !== 1),
      [],
    )
    assert.deepEqual(this.clock.timers, { foreground: 0, background: 0 })
  }

  #endEverything(): void {
    while (this.resources.checks.length > 0) this.checkEnds(0, true)
    while (this.resources.openings.length > 0) this.openingSucceeds(0, true)
  }

  #answered(asker: Asker, outcome: Outcome<Thing>): void {
    asker.answers += 1
    if (outcome.ok) this.#served(asker, outcome.value)
    else if (!this.#rightlyRefused(asker, outcome.failure)) {
      this.#wrongs.push(`${asker.order} was refused for no reason: ${outcome.failure.message}`)
    }
  }

  #served(asker: Asker, thing: Thing): void {
    const { generation, bornAt } = this.#recordOf(thing)
    const wrong = (text: string): unknown => this.#wrongs.push(`${asker.order} was served ${text} ${thing.id}`)
    if (thing.closed.length > 0) wrong("closed")
    if (!thing.reusable) wrong("dead")
    if (generation !== this.pool.stats().generation) wrong("outdated")
    if (this.clock.now() >= bornAt + LIFETIME_MS) wrong("expired")
    if (this.#stale(thing)) wrong("unchecked")
    if (this.holders.some((holder) => holder.holds === thing)) wrong("somebody's")
    if (this.waiting.some((other) => other.order < asker.order)) wrong("before its turn")
    asker.holds = thing
  }

  #rightlyRefused(asker: Asker, { kind }: Failure): boolean {
    const now = this.clock.now()
    const atDeadline = asker.deadline !== undefined && now >= asker.deadline.at
    const atTimeout = now >= asker.joinedAt + this.#options.acquireTimeoutMs
    const unreachable = this.#trouble?.kind === "unreachable"
    if (kind === "pool_full") return this.#uncovered >= this.#options.waitersMax
    if (kind === "pool_closed") return this.closed
    if (kind === "circuit_open") {
      const { since, failures } = this.#away ?? { since: now, failures: 0 }
      return now - since >= CIRCUIT.afterMs && failures >= CIRCUIT.failuresMin && now >= asker.joinedAt
    }
    if (kind === "aborted") return asker.controller.signal.aborted
    if (kind === "pool_timeout") return atTimeout && !unreachable
    if (kind === "deadline_exceeded") return atDeadline && !unreachable
    if (kind === "authentication_failed") return this.#hopeless !== undefined
    return unreachable && (atDeadline || atTimeout || now >= this.#outageLimitAt(asker))
  }

  /** One was begun a moment ago; `others` were under way already. */
  #mayOpen(others: readonly PendingOpening[]): void {
    const { idle, leased, opening, min, max } = this.pool.stats()
    const shut = this.breaker.circuit.state !== "closed"
    const second = this.#secondLook(others)
    const last = !second && this.#lastLook(others)
    const needed =
      second || last || shut || this.#uncovered >= 0 || (this.watchers.length > 0 && this.#promising.length === 1)
    const total = idle + leased + opening
    if (total > max) this.#wrongs.push(`opened ${total} of ${max}`)
    // Those that a reset has just given up are counted until they have ended.
    if (!this.#proven && others.length >= UNPROVEN_MAX && !second && !last)
      this.#wrongs.push("opened many though nothing is known to work")
    if (!needed && total > min) this.#wrongs.push("opened one that nobody needs")
    if (this.#trouble !== undefined && others.length > 0 && !second && !last)
      this.#wrongs.push("opened two at a time in trouble")
    if (this.#trouble !== undefined && !needed) {
      const soon = this.clock.now() < this.#trouble.failedAt + FILL_PAUSE_MS
      if (soon || this.#trouble.kind === "refused") this.#wrongs.push("filled up to min in trouble")
    }
    if (this.closed) this.#wrongs.push("opened one after it was closed")
  }

  /** Beside those that hang, for somebody who waits or wants to know. */
  #secondLook(others: readonly PendingOpening[]): boolean {
    const asked = this.pool.stats().waiting > this.#checking.length || this.watchers.length > 0
    const unsure = this.#trouble === undefined ? !this.#proven : this.#trouble.kind === "unreachable"
    const shut = this.breaker.circuit.state !== "closed"
    return others.length > 0 && unsure && (asked || shut) && this.clock.now() - this.#youngest(others) >= HANGS_MS
  }

  /** In time for the first in line. Once in a while. */
  #lastLook(others: readonly PendingOpening[]): boolean {
    const now = this.clock.now()
    const [first] = this.waiting
    if (this.#trouble?.kind !== "unreachable" || first === undefined || now - this.#lookedAt < LAST_LOOKS_APART_MS) {
      return false
    }
    const leavesAt = Math.min(
      first.joinedAt + this.#options.acquireTimeoutMs,
      first.deadline?.at ?? Infinity,
      this.#outageLimitAt(first),
    )
    if (leavesAt > now + OPENING_MOST_MS || now - this.#youngest(others) < OPENING_LEAST_MS) return false
    // The next in its turn it may be as well, if it is the only one.
    if (others.length > 0) this.#lookedAt = now
    return true
  }

  #youngest(openings: readonly PendingOpening[]): number {
    return Math.max(...openings.map((opening) => this.#begunAt.get(opening) ?? 0))
  }

  #counts(opening: PendingOpening): boolean {
    return this.#current(this.#generations.get(opening) ?? 0) && !this.#overtaken.has(opening)
  }

  get #checking(): Thing[] {
    return this.resources.checks.map(({ thing }) => thing).filter((thing) => thing.closed.length === 0)
  }

  /** Openings whose outcome will be of use. */
  get #promising(): PendingOpening[] {
    return this.resources.openings.filter((opening) => this.#counts(opening))
  }

  /** Waiters that nothing under way will serve. */
  get #uncovered(): number {
    return this.pool.stats().waiting - this.#checking.length - this.#promising.length
  }

  #recordOf(thing: Thing): Record {
    const record = this.#records.get(thing)
    assert.ok(record !== undefined)
    return record
  }

  #provenNow(thing: Thing, { idle }: { readonly idle: boolean }): void {
    const record = this.#recordOf(thing)
    record.provenAt = this.clock.now()
    if (idle) record.idleSince = this.clock.now()
  }

  #stale(thing: Thing): boolean {
    return this.clock.now() - this.#recordOf(thing).provenAt > this.#options.validateAfterIdleMs
  }

  #outageLimitAt(asker: Asker): number {
    if (this.#trouble?.kind !== "unreachable") return Infinity
    return Math.max(this.#trouble.since, asker.joinedAt) + this.#options.outageWaitMs
  }

  #current(generation: number): boolean {
    return !this.closed && generation === this.pool.stats().generation
  }

  #troubled(kind: Trouble["kind"]): void {
    const now = this.clock.now()
    const { since, failures } = this.#away ?? { since: now, failures: 0 }
    if (kind === "unreachable") this.#away = { since, failures: failures + 1 }
    this.#trouble = { kind, since: this.#trouble?.kind === kind ? this.#trouble.since : now, failedAt: now }
  }

  #say(sentence: string, claim: () => void): void {
    try {
      claim()
    } catch (error) {
      throw new Error(`not true that ${sentence}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
  }
}

/** Those that should not be there. */
function none<T>(list: readonly T[], wrong: (item: T) => boolean): T[] {
  return list.filter((item) => wrong(item))
}

function pick<T>(list: readonly T[], index: number): T | undefined {
  return list[index % Math.max(1, list.length)]
}
