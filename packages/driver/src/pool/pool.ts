import { failed, success, type Failure, type Outcome } from "../failure/failure.ts"
import { Alarm } from "../foundation/alarm.ts"
import { invariant } from "../foundation/invariant.ts"
import type { Circuit } from "../policy/circuit.ts"
import type { DiscardReason } from "../telemetry/events.ts"
import { OnceListeners } from "./once-listeners.ts"
import { Openings } from "./openings.ts"
import { CROWDED_IDLE_MS, nextOpeningAt, outageLimitAt } from "./outage.ts"
import { acquireAborted, acquirePastDeadline, circuitOpen, poolClosed, poolFull } from "./pool-failure.ts"
import type { AcquireOptions, PoolParts } from "./pool-options.ts"
import { refusalOf, retryAfterMsOf } from "./refusal.ts"
import { sheds } from "./shedding.ts"
import { doomOf, type Slot } from "./slot.ts"
import { STANDSTILL_MS, standstillOf, StandstillWatch } from "./standstill.ts"
import { Stock, type Placed } from "./stock.ts"
import { planUpkeep } from "./upkeep.ts"
import { Waiters, type Leaving, type Waiting } from "./waiters.ts"

export type { AcquireOptions, PoolOptions, PoolParts } from "./pool-options.ts"

/** How full the pool is, at one moment. `idle + leased + opening <= max` but for a moment after a resize. */
export interface PoolStats {
  readonly min: number
  readonly max: number
  readonly idle: number
  /** In use, those that are being checked before use included. */
  readonly leased: number
  readonly opening: number
  readonly waiting: number
  /** Rises with every reset. */
  readonly generation: number
  /** Milliseconds since nothing can be opened; undefined when all is well. */
  readonly outageMs: number | undefined
}

const UNLIMITED: AcquireOptions = {}

/**
 * Things that are dear to open and can be used by one at a time. It knows nothing of what they are.
 *
 *   opening ──▶ idle ──▶ (checking) ──▶ leased ──▶ idle …
 *      └──────────┴───────────┴────────────┴──▶ closed
 *
 * Whatever happens, the lists change first and then supply meets demand in one place: `#match`. An opening belongs to
 * nobody: it outlives its asker, and whoever is first in line gets what becomes free first.
 */
export class Pool<T> {
  readonly #parts: PoolParts<T>
  readonly #waiters: Waiters<T>
  readonly #openings: Openings<T>
  readonly #stock: Stock<T>
  /** For what comes with time and not with a call. In the background: those in line have timers of their own. */
  readonly #alarm: Alarm
  /** Told when nothing is in use and nobody waits. */
  readonly #drains = new OnceListeners()
  /** Told when something has been opened, or answered its check. */
  readonly #watchers = new OnceListeners()
  readonly #standstill = new StandstillWatch()
  /** fresh: nobody has asked for anything yet, so `min` is not kept either. draining: only what was begun before goes on. */
  #state: "fresh" | "running" | "draining" | "closed" = "fresh"
  #generation = 0
  /** When an opening was last begun before its time, because somebody was about to leave. */
  #lastLookAt = Number.NEGATIVE_INFINITY
  #min: number
  #max: number

  constructor(parts: PoolParts<T>) {
    this.#parts = parts
    const { clock, options } = parts
    this.#min = options.min
    this.#max = options.max
    this.#stock = new Stock<T>(parts)
    this.#waiters = new Waiters<T>({
      clock,
      acquireTimeoutMs: options.acquireTimeoutMs,
      refusal: (why, waiting) => this.#refusalInLine(why, waiting),
      emptied: () => this.#tellDrained(),
    })
    this.#openings = new Openings<T>(parts, {
      live: () => this.#stock.size,
      opened: (slot, now) => this.#opened(slot, now),
      failed: (failure, hopeless, now) => this.#openingFailed(failure, hopeless, now),
      lost: (resource) => this.#lost(resource),
    })
    this.#alarm = new Alarm(clock, () => this.#tend(clock.now()), { background: !options.keepAlive })
  }

  /**
   * One for the caller, who gives it back. At once, without a promise, if one is idle and fresh; else in line, until the
   * earliest of the deadline, the signal's abort, `acquireTimeoutMs`, and in an outage `outageWaitMs`. Never rejects.
   */
  acquire(options: AcquireOptions = UNLIMITED): Outcome<T> | Promise<Outcome<T>> {
    const now = this.#parts.clock.now()
    const refusal = this.#refusalAtTheDoor(options, now)
    if (refusal !== undefined) return failed(refusal)
    if (this.#state === "fresh") this.#state = "running"

    const slot = this.#waiters.size === 0 ? this.#stock.top : undefined
    if (slot !== undefined && now < slot.expiresAt && !this.#stale(slot, now)) {
      this.#stock.takeTop()
      this.#parts.times.waited(0)
      return success(this.#stock.lease(slot, now))
    }
    const { waitersMax } = this.#parts.options
    const { circuit } = this.#parts.breaker
    if ((circuit.state !== "closed" || this.#uncovered >= waitersMax) && !this.#coverable(now)) {
      if (circuit.state !== "closed") return failed(this.#shutOut(circuit, now))
      return failed(poolFull(this.stats(), waitersMax, now - (this.#waiters.first?.joinedAt ?? now)))
    }
    const answer = this.#waiters.join(options)
    this.#match(now)
    if (options.holder !== undefined) this.#breakStandstill(now)
    return answer
  }

  /**
   * Takes back what `acquire` gave. `discard` closes it, for the reason given; `keep` closes it too if it must not or
   * need not be used again. Its place is free at once, however long closing takes. Never throws; what is not out
   * (it was given back before) is left alone.
   */
  giveBack(resource: T, fate: "keep" | "discard", reason: DiscardReason = "failed", failure?: Failure): void {
    const slot = this.#stock.endLease(resource)
    if (slot === undefined) return
    const now = this.#parts.clock.now()
    slot.idleSince = now
    slot.uses += 1
    this.#parts.times.used(now - slot.leasedAt)
    const doom = fate === "discard" ? reason : this.#unfitness(slot, now)
    if (doom === undefined) {
      this.#supply(slot, now)
    } else {
      this.#mourn(slot, doom, failure)
      this.#discard(slot, doom, failure)
      this.#match(now)
    }
    this.#tellDrained()
  }

  /**
   * Calls back once, when something has been opened or has answered a check from now on: the far end can be reached. As long
   * as somebody waits for that, one opening at a time is tried, if there is room. Nobody is told by a closed pool. Gives back
   * how to stop.
   */
  whenReachable(listener: () => void): () => void {
    if (this.#state === "closed") return () => {}
    if (this.#state === "fresh") this.#state = "running"
    const leave = this.#watchers.add(listener)
    this.#match(this.#parts.clock.now())
    return leave
  }

  /** One that is in use has turned out to be dead without a word: those that have rested for longer are given up unseen. */
  distrustOlder(than: T): void {
    const slot = this.#stock.leaseOf(than)
    if (slot === undefined) return
    for (const older of this.#stock.takeUnprovenSince(slot.provenAt)) this.#discard(older, "died")
    this.#match(this.#parts.clock.now())
  }

  /** Whatever is open or being opened is not handed out again: idle ones are closed now, the others when they come back. */
  reset(): void {
    if (this.#state === "closed") return
    this.#generation += 1
    this.#openings.disown()
    const unused = this.#stock.takeUnused()
    this.#parts.observer({ at: this.#parts.clock.wallTime(), name: "pool.reset", generation: this.#generation })
    for (const slot of unused) this.#discard(slot, "generation")
    this.#match(this.#parts.clock.now())
  }

  /** Idle ones above the new `max` are closed now, those in use when they come back. */
  resize(change: { readonly min?: number; readonly max?: number }): void {
    const { min = this.#min, max = this.#max } = change
    invariant(min >= 0 && max >= 1 && min <= max, `a pool cannot hold ${min} to ${max}`)
    this.#min = min
    this.#max = max
    for (const slot of this.#stock.takeBottom(this.#size - max)) this.#discard(slot, "surplus")
    this.#tend(this.#parts.clock.now())
  }

  /** Opens up to `min`. Answers when one is open, or why none can be; it waits no longer than `acquire` would. */
  async prefill(options: AcquireOptions = UNLIMITED): Promise<Outcome<void>> {
    if (this.#state === "fresh") this.#state = "running"
    this.#match(this.#parts.clock.now())
    if (this.#state === "running" && (this.#stock.size > 0 || this.#min === 0)) return success(undefined)
    const acquired = await this.acquire(options)
    if (!acquired.ok) return acquired
    this.giveBack(acquired.value, "keep")
    return success(undefined)
  }

  /**
   * Lets nobody in any more but those who go on with what was begun before; who stands in line is served. Resolves when nothing is in
   * use and nobody waits.
   */
  drain(): Promise<void> {
    if (this.#state !== "closed") this.#state = "draining"
    return this.#drained()
  }

  /** Something is in use, or waited for. */
  get busy(): boolean {
    return this.#stock.leased > 0 || this.#waiters.size > 0
  }

  #drained(withinMs = Number.POSITIVE_INFINITY): Promise<void> {
    if (!this.busy) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const leave = this.#drains.add(resolve)
    if (withinMs === Number.POSITIVE_INFINITY) return promise
    const timer = this.#parts.clock.after(withinMs, resolve)
    return promise.finally(() => {
      timer.cancel()
      leave()
    })
  }

  #tellDrained(): void {
    if (this.#drains.size > 0 && !this.busy) for (const tell of this.#drains.take()) tell()
  }

  /**
   * Refuses whoever waits or comes, closes what is idle, and waits at most `drainMs` for what is in use; what is still
   * out then (`leased()`) is closed when it comes back. Called again, it waits again.
   */
  close({ drainMs }: { readonly drainMs: number }): Promise<void> {
    if (this.#state !== "closed") this.#shut()
    return drainMs > 0 ? this.#drained(drainMs) : Promise.resolve()
  }

  /** What is out at this moment. */
  leased(): Iterable<T> {
    return this.#stock.leasedResources()
  }

  /** All that is open, and where it is, for whoever looks; it is worked out when it is asked for. */
  open(): IterableIterator<Placed<T>> {
    return this.#stock.all()
  }

  /** How many of those that are out will be closed because of their age when they come back. */
  get expired(): number {
    return this.#stock.expiredLeases(this.#parts.clock.now())
  }

  stats(): PoolStats {
    const { outage } = this.#openings
    return {
      min: this.#min,
      max: this.#max,
      idle: this.#stock.idle.length,
      leased: this.#stock.leased + this.#stock.checking,
      opening: this.#openings.size,
      waiting: this.#waiters.size,
      generation: this.#generation,
      outageMs: outage.state === "unreachable" ? this.#parts.clock.now() - outage.since : undefined,
    }
  }

  get #size(): number {
    return this.#stock.size + this.#openings.size
  }

  /** Waiters that nothing under way will serve. */
  get #uncovered(): number {
    return this.#waiters.size - this.#stock.checking - this.#openings.promising
  }

  /** Something can be begun at once for one more. */
  #coverable(now: number): boolean {
    return this.#stock.top !== undefined || this.#nextOpeningAt(this.#uncovered + 1) <= now
  }

  /** Where supply meets demand. */
  #match(now: number): void {
    while (this.#waiters.size > 0) {
      const slot = this.#stock.top
      if (slot === undefined) break
      const expired = now >= slot.expiresAt
      const stale = this.#stale(slot, now)
      // The top of the stack was used last: if it has to be checked, so has all below. One check for each who waits, whatever
      // is being opened: that may take as long as `connectMs`, and a check is a round trip.
      if (stale && !expired && this.#waiters.size <= this.#stock.checking) break
      this.#stock.takeTop()
      if (expired) this.#discard(slot, "lifetime")
      else if (stale) this.#check(slot)
      else {
        this.#shed(now)
        const waitedMs = now - (this.#waiters.first?.joinedAt ?? now)
        this.#parts.times.waited(Math.max(0, waitedMs))
        this.#waiters.serve(this.#stock.lease(slot, now))
      }
    }
    while (this.#nextOpeningAt() <= now) {
      if (now < this.#nextOpeningAt(this.#uncovered, Number.POSITIVE_INFINITY)) this.#lastLookAt = now
      this.#openings.open(this.#generation)
    }

    this.#alarm.by(this.#nextOpeningAt())
    this.#alarm.by(this.#outageLimitAt())
  }

  /**
   * Somebody is about to be served. Never the last one goes: what is free is for somebody. Nor whoever holds something already, which
   * would be done in vain.
   */
  #shed(now: number): void {
    const { shedding } = this.#parts.options
    if (shedding === undefined) return
    const standingMs = now - this.#waiters.standingSince
    for (let { first } = this.#waiters; first !== undefined && this.#waiters.size > 1; first = this.#waiters.first) {
      if (first.options.holder !== undefined || !sheds(shedding, standingMs, now - first.joinedAt)) return
      this.#waiters.dismissFirst("shed")
    }
  }

  #nextOpeningAt(uncovered: number = this.#uncovered, departsAt: number = this.#departsAt): number {
    const { circuit } = this.#parts.breaker
    const probing = circuit.state === "open" && this.#state === "running"
    const watching = this.#watchers.size > 0 || probing
    const { promising, size, youngestBegunAt, openingMs } = this.#openings
    return nextOpeningAt(this.#openings.outage, {
      uncovered: watching && promising === 0 ? Math.max(1, uncovered) : uncovered,
      missing: this.#state === "running" ? this.#min - this.#size : 0,
      opening: size,
      youngestBegunAt,
      wanted: watching || circuit.state === "half-open" || this.#waiters.size > this.#stock.checking,
      departsAt,
      openingMs,
      openingMaxMs: this.#parts.openingMaxMs,
      lastLookAt: this.#lastLookAt,
      room: this.#max - this.#size,
      proven: this.#openings.proven,
      served: this.#stock.size > 0,
    })
  }

  /** When the first in line leaves it, served or not. */
  get #departsAt(): number {
    const { first } = this.#waiters
    return first === undefined ? Number.POSITIVE_INFINITY : Math.min(first.leavesAt, this.#outageLimitAt())
  }

  /** When the first in line has waited long enough for an outage to end; whoever stands behind came later. */
  #outageLimitAt(): number {
    const { first } = this.#waiters
    if (first === undefined) return Number.POSITIVE_INFINITY
    return outageLimitAt(this.#openings.outage, first.joinedAt, this.#parts.options.outageWaitMs)
  }

  /** What comes with time: an outage outlasts patience, the next opening is due, idle ones grow old. */
  #tend(now: number): void {
    while (this.#outageLimitAt() <= now) this.#waiters.dismissFirst("outage-wait")
    this.#match(now)
    this.#breakStandstill(now)

    const idleTimeoutMs = this.#idleTimeoutMs
    const plan = planUpkeep(this.#stock.idle, now, { idleTimeoutMs, spare: this.#stock.size - this.#min })
    for (const { slot, reason } of plan.discards) {
      if (this.#stock.takeIdle(slot.resource) !== undefined) this.#discard(slot, reason)
    }
    if (plan.discards.length > 0) this.#match(now)
    this.#alarm.by(plan.nextAt)
  }

  /** Where all wait for each other, one has to give way: the last who asked, for he has waited least. */
  #breakStandstill(now: number): void {
    if (this.#standstill.lasts(this.#activityAtStandstill(), now)) this.#waiters.dismissLastHolder("standstill")
    // Whoever holds something and waits may be at work still: nobody tells when he is done with that.
    if (this.#waiters.holding > 0 && this.#stock.leased >= this.#max) this.#alarm.by(now + STANDSTILL_MS)
  }

  #activityAtStandstill(): number | undefined {
    if (this.#waiters.holding === 0 || this.#stock.leased < this.#max) return undefined
    const holders = Array.from(this.#waiters.holders(), ({ holder }) => holder)
    return standstillOf(this.#stock.leasedResources(), holders, (resource) => this.#activityOf(resource))
  }

  #activityOf(resource: T): number | undefined {
    const { resources } = this.#parts
    return resources.activity === undefined ? 0 : resources.activity(resource)
  }

  get #idleTimeoutMs(): number {
    const { idleTimeoutMs } = this.#parts.options
    return this.#openings.outage.state === "crowded" ? Math.min(idleTimeoutMs, CROWDED_IDLE_MS) : idleTimeoutMs
  }

  /** One that works: opened, checked or given back. It goes to whoever waits, else to rest. */
  #supply(slot: Slot<T>, now: number): void {
    slot.provenAt = now
    this.#stock.shelve(slot)
    this.#match(now)
    if (this.#stock.top !== slot) return
    this.#stock.rest(slot)
    this.#alarm.by(Math.min(slot.expiresAt, slot.idleSince + this.#idleTimeoutMs))
  }

  /** Closed for good; its place is free already. Whoever calls this calls `#match` in the end. */
  #discard(slot: Slot<T>, reason: DiscardReason, failure?: Failure): void {
    const { clock, observer, resources } = this.#parts
    // What nobody used when it died has told nobody else.
    const why = failure ?? (reason === "died" ? resources.deathOf?.(slot.resource) : undefined)
    resources.close(slot.resource, reason)
    const told = { at: clock.wallTime(), connectionId: slot.id, reason, ...(why !== undefined && { failure: why }) }
    observer({ ...told, name: "connection.discarded" })
    if (this.#size === 0) this.#alarm.stop()
  }

  /** What took this one may have taken the others too, and nobody has been told. Of many lost together the first one counts. */
  #mourn(slot: Slot<T>, doom: DiscardReason, failure: Failure | undefined): void {
    const lost = doom === "died" || doom === "abandoned"
    if (lost) this.#openings.doubt()
    const all = failure?.connection === "discard_generation" && slot.generation === this.#generation
    if (all) this.reset()
    else if (lost) {
      // It has been silent for as long as somebody was willing to wait: what has rested for longer costs nobody that time again.
      if (doom === "abandoned")
        for (const older of this.#stock.takeUnprovenSince(slot.provenAt)) this.#discard(older, "died")
      this.#stock.suspect()
    }
  }

  #check(slot: Slot<T>): void {
    const { resource } = slot
    this.#stock.startCheck(slot)
    this.#parts.resources.check(resource).then(
      (good) => this.#checked(resource, good),
      () => this.#checked(resource, false),
    )
  }

  /** Those who only want to know are told when the lists are right again. */
  #checked(resource: T, good: boolean): void {
    // Reset, closed or lost meanwhile: it has been discarded already.
    const slot = this.#stock.endCheck(resource)
    if (slot === undefined) return
    const now = this.#parts.clock.now()
    const watchers = good ? this.#watchers.take() : []
    const doom = good ? this.#unfitness(slot, now) : "died"
    if (doom === undefined) this.#supply(slot, now)
    else this.#discard(slot, doom)
    if (doom === "died") {
      this.#openings.doubt()
      // What has rested for even longer is given up too, or each would cost somebody a time-out of its own.
      for (const older of this.#stock.takeUnprovenSince(slot.provenAt)) this.#discard(older, doom)
      this.#stock.suspect()
    }
    if (doom !== undefined) this.#match(now)
    for (const tell of watchers) tell()
  }

  #opened(slot: Slot<T>, now: number): void {
    const current = slot.generation === this.#generation && this.#state !== "closed"
    const watchers = current ? this.#watchers.take() : []
    const doom = this.#unfitness(slot, now)
    if (doom === undefined) this.#supply(slot, now)
    else this.#discard(slot, doom)
    // There is one more now, so one of the others may be one too many.
    this.#tend(now)
    for (const tell of watchers) tell()
  }

  #openingFailed(failure: Failure, hopeless: boolean, now: number): void {
    if (hopeless) this.#waiters.refuseAll(() => failure)
    if (this.#size === 0) this.#alarm.stop()
    this.#match(now)
  }

  #lost(resource: T): void {
    const leased = this.#stock.leaseOf(resource)
    if (leased !== undefined) leased.lost = true
    this.#checked(resource, false)
    const slot = this.#stock.takeIdle(resource)
    if (slot === undefined) return
    this.#openings.doubt()
    this.#stock.suspect()
    this.#discard(slot, "died")
    this.#match(this.#parts.clock.now())
  }

  #shut(): void {
    this.#state = "closed"
    this.#openings.close()
    this.#watchers.take()
    const now = this.#parts.clock.now()
    this.#waiters.refuseAll(({ joinedAt }) => poolClosed(now - joinedAt))
    for (const slot of this.#stock.takeUnused()) this.#discard(slot, "closing")
    this.#alarm.stop()
  }

  #stale(slot: Slot<T>, now: number): boolean {
    return now - slot.provenAt > this.#parts.options.validateAfterIdleMs
  }

  /** Why one that is in no list right now must not go back to the idle ones. */
  #unfitness(slot: Slot<T>, now: number): DiscardReason | undefined {
    const circumstances = {
      now,
      closed: this.#state === "closed",
      generation: this.#generation,
      full: this.#size >= this.#max,
      usesMax: this.#parts.options.usesMax,
    }
    return doomOf(slot, circumstances) ?? (this.#parts.resources.reusable(slot.resource) ? undefined : "not-clean")
  }

  #refusalAtTheDoor(options: AcquireOptions, now: number): Failure | undefined {
    if (this.#state === "closed" || (this.#state === "draining" && !this.#goesOn(options))) return poolClosed(undefined)
    const { deadline, signal } = options
    if (signal?.aborted === true) return acquireAborted(signal.reason, { waitedMs: 0, crowd: this.stats() })
    if (deadline !== undefined && deadline.at <= now) {
      return acquirePastDeadline(deadline, { waitedMs: 0, crowd: this.stats() })
    }
    return undefined
  }

  /** It belongs to what was begun: it is tried again, or whoever has something in hand needs it to come to an end. */
  #goesOn({ begun, holder }: AcquireOptions): boolean {
    return begun === true || (holder !== undefined && this.#stock.leasedResources().some((one) => holder.holds(one)))
  }

  #shutOut(circuit: Extract<Circuit, { readonly state: "open" | "half-open" }>, now: number): Failure {
    return circuitOpen(circuit.failure, {
      openMs: now - circuit.since,
      retryAfterMs: retryAfterMsOf(this.#openings.outage, now),
    })
  }

  #refusalInLine(why: Leaving, waiting: Waiting): Failure {
    const { clock, options, times } = this.#parts
    if (why === "acquire-timeout" || why === "outage-wait" || why === "deadline") times.timedOut()
    const tells = why === "acquire-timeout" && this.#parts.resources.activity !== undefined
    const leased = tells ? this.#stock.leasedResources() : []
    const still = leased.filter((resource) => this.#activityOf(resource) !== undefined).length
    const { outage } = this.#openings
    const now = clock.now()
    const standingMs = now - this.#waiters.standingSince
    return refusalOf(why, waiting, { ...options, now, crowd: this.stats(), outage, still, standingMs })
  }
}
