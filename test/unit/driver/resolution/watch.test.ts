import type { Outcome } from "@kysely-resilient/driver/src/failure/failure.ts"
import type { Awaited, PgConnection } from "@kysely-resilient/driver/src/postgres/connection.ts"
import { Exchange } from "@kysely-resilient/driver/src/postgres/exchange.ts"
import { NOTHING_KNOWN, type SessionFacts } from "@kysely-resilient/driver/src/postgres/session-facts.ts"
import type { ServerLife } from "@kysely-resilient/driver/src/postgres/server-life.ts"
import { Watch, type Watched } from "@kysely-resilient/driver/src/resolution/watch.ts"
import type { Told } from "@kysely-resilient/driver/src/telemetry/events.ts"
import { describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"
import { connectTo } from "../execution/fixture.ts"
import { ScriptedServer } from "../../../support/scripted-server.ts"
import { unreachable } from "../pool/pool-fixture.ts"

const STALL_MS = 1_000
const life: ServerLife = { systemId: "s", timeline: "00000001", startedAt: "100.5", resetAt: ["1", "1"] }

class Line implements Watched {
  readonly id: number
  readonly facts: SessionFacts
  awaited: Awaited | undefined
  readonly destroyed: unknown[] = []

  constructor(id: number, pooled = false) {
    this.id = id
    const backend = { processId: id, startedAt: "1.5" }
    this.facts = pooled ? { ...NOTHING_KNOWN, pooled } : { ...NOTHING_KNOWN, life, backend }
  }

  sends(uses = 1): this {
    this.awaited = { uses, heardBytes: 0 }
    return this
  }

  hears(bytes: number): void {
    if (this.awaited !== undefined) this.awaited = { ...this.awaited, heardBytes: this.awaited.heardBytes + bytes }
  }

  destroy(cause: unknown): void {
    this.destroyed.push(cause)
    this.awaited = undefined
  }
}

function setUp({ off = false } = {}) {
  const clock = new FakeClock()
  const lines: Line[] = []
  const told: Told[] = []
  const distrusted: Line[] = []
  const questions: string[] = []
  const state = { answer: "", reachable: true, opens: true, meanwhile: () => {} }
  const through = connectTo(new ScriptedServer(clock))
  through.facts = { ...NOTHING_KNOWN, life }
  // The one question that it is asked, answered in its place.
  through.perform = (request) => {
    const exchange = new Exchange(request)
    questions.push(JSON.stringify(request))
    state.meanwhile()
    exchange.learnt = [state.answer]
    exchange.ready = "I"
    return Promise.resolve(exchange)
  }
  const side = {
    async use<T>(work: (connection: PgConnection) => Promise<T>): Promise<Outcome<T>> {
      if (!state.opens) questions.push("in vain")
      return state.opens ? { ok: true, value: await work(through) } : { ok: false, failure: unreachable }
    },
  }
  const watch = new Watch<Line>({
    used: () => lines,
    reachable: () => state.reachable,
    distrustOlder: (line) => distrusted.push(line),
    side,
    clock,
    emit: (event) => told.push(event),
    stallMs: off ? undefined : STALL_MS,
  })
  const add = (line: Line): Line => {
    lines.push(line)
    watch.begin()
    return line
  }
  return { clock, watch, lines, add, told, distrusted, questions, state }
}

describe("the watch", () => {
  it("gives up a connection when two looks have found its session at rest, and tells why", async () => {
    const { clock, add, told, distrusted, state, questions } = setUp()
    const line = add(new Line(1).sends())
    state.answer = "1 1.5 at-rest 7.5"
    await clock.advance(700)
    expect(questions).toHaveLength(1)
    expect(line.destroyed).toEqual([])
    await clock.advance(400)
    expect(questions).toHaveLength(2)
    expect(line.destroyed).toMatchObject([
      { code: "ECONNABORTED", message: expect.stringMatching(/heard for \d+ ms, and the server waits for its client/) },
    ])
    expect(told).toMatchObject([{ name: "connection.silent", connectionId: 1, found: "at-rest" }])
    expect(distrusted).toEqual([line])
  })

  it("spares one that is heard again while the question is on its way", async () => {
    const { clock, add, state, questions } = setUp()
    const line = add(new Line(1).sends())
    state.answer = "1 1.5 at-rest 7.5"
    await clock.advance(850)
    state.meanwhile = () => line.hears(1)
    await clock.advance(300)
    expect(questions).toHaveLength(2)
    expect(line.destroyed).toEqual([])
    state.meanwhile = () => {}
    await clock.advance(1_200)
    expect(line.destroyed).toHaveLength(1)
  })

  it("asks nothing while all are heard, or are somebody else's turn each time", async () => {
    const { clock, add, questions } = setUp()
    const talks = add(new Line(1).sends())
    const works = add(new Line(2).sends())
    for (let round = 2; round < 50; round += 1) {
      await clock.advance(300)
      talks.hears(5)
      works.sends(round)
    }
    expect(questions).toEqual([])
  })

  it("asks one question for all that are silent, and never two at once", async () => {
    const { clock, add, questions, state } = setUp()
    for (let nth = 1; nth <= 20; nth += 1) add(new Line(nth).sends())
    state.answer = Array.from({ length: 20 }, (_, nth) => `${nth + 1} 1.5 at-work`).join(";")
    await clock.advance(700)
    expect(questions).toHaveLength(1)
    expect(questions[0]).toContain("pid in (1, 2, 3, 4, 5")
    // At work: after 1, 2, 4, 8, 16 and then every 30 seconds.
    await clock.advance(62_000)
    expect(questions.length).toBeLessThanOrEqual(8)
  })

  it("asks nobody while no connection can be opened, and ever more rarely when asking fails", async () => {
    const { clock, add, questions, state } = setUp()
    const line = add(new Line(1).sends())
    state.reachable = false
    await clock.advance(60_000)
    expect(questions).toEqual([])
    state.reachable = true
    state.opens = false
    await clock.advance(60_000)
    expect(questions.length).toBeLessThan(9)
    expect(line.destroyed).toEqual([])
    state.opens = true
    await clock.advance(31_000)
    expect(line.destroyed).toHaveLength(1)
  })

  it("leaves those alone that a pooler stands behind", async () => {
    const { clock, add, questions } = setUp()
    const line = add(new Line(1, true).sends())
    await clock.advance(60_000)
    expect(questions).toEqual([])
    expect(line.destroyed).toEqual([])
  })

  it("sleeps when nothing is awaited, wakes with the next statement, and keeps no process alive", async () => {
    const { clock, watch, add } = setUp()
    const line = add(new Line(1).sends())
    expect(clock.timers).toEqual({ foreground: 0, background: 1 })
    line.awaited = undefined
    await clock.advance(200)
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
    line.sends(2)
    watch.begin()
    watch.begin()
    expect(clock.timers).toEqual({ foreground: 0, background: 1 })
    watch.close()
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
    watch.begin()
    expect(clock.timers, "nor after its end").toEqual({ foreground: 0, background: 0 })
  })

  it("does nothing at all when it is switched off", async () => {
    const { clock, add, questions } = setUp({ off: true })
    add(new Line(1).sends())
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
    await clock.advance(60_000)
    expect(questions).toEqual([])
  })
})
