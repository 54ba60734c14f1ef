import { failed, success, type Failure, type Outcome } from "@kysely-resilient/driver/src/failure/failure.ts"
import { connectTimeout } from "@kysely-resilient/driver/src/failure/local.ts"
import type { PgConnection } from "@kysely-resilient/driver/src/postgres/connection.ts"
import { SideConnection } from "@kysely-resilient/driver/src/resolution/side-connection.ts"
import { beforeEach, describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"
import { Watched } from "../execution/fixture.ts"

const unreachable = connectTimeout({ limitMs: 1, everConnected: true })
const full: Failure = { ...unreachable, kind: "too_many_connections", sqlState: "53300" }

/** As much of a connection as is used here. */
class Session {
  reusable = true
  dead: { readonly cause: unknown } | undefined
  closed = false

  wake(): void {}
  rest(): void {}

  close(): void {
    this.closed = true
  }

  destroy(cause: unknown): void {
    this.reusable = false
    this.dead = { cause }
  }

  get asConnection(): PgConnection {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that it uses
    return this as unknown as PgConnection
  }
}

let clock: FakeClock
let answers: (Session | Failure)[]
let opened: number
let lent: Outcome<PgConnection>[]
let waitsUntil: number[]
let back: string[]
let side: SideConnection

beforeEach(() => {
  clock = new FakeClock()
  answers = []
  opened = 0
  lent = []
  waitsUntil = []
  back = []
  side = new SideConnection({
    open: async () => {
      opened += 1
      const answer = answers.shift() ?? full
      return answer instanceof Session ? success(answer.asConnection) : failed(answer)
    },
    pool: () => ({
      acquire: ({ deadline }) => {
        waitsUntil.push(deadline.at - clock.now())
        return lent.shift() ?? failed(unreachable)
      },
      giveBack: (_, fate, reason) => void back.push(reason === undefined ? fate : `${fate}: ${reason}`),
    }),
    clock,
    patienceMs: 500,
  })
})

const name = async (connection: PgConnection): Promise<PgConnection> => connection

describe("a side connection", () => {
  it("is opened when it is needed, used again, and closed soon after", async () => {
    const session = new Session()
    answers = [session]
    expect(await side.use(name)).toEqual({ ok: true, value: session })
    expect(await side.use(name)).toEqual({ ok: true, value: session })
    expect([opened, waitsUntil, back]).toEqual([1, [], []])
    await clock.advance(1_000)
    expect(session.closed).toBe(true)
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
  })

  it("that cannot be opened is nothing that the pool could help with", async () => {
    answers = [unreachable]
    lent = [success(new Session().asConnection)]
    expect(await side.use(name)).toEqual({ ok: false, failure: unreachable })
    expect(waitsUntil).toEqual([])
  })
})

describe("a server that takes no more connections", () => {
  it("is asked over one of the pool's, which goes back at once and stays open", async () => {
    const session = new Session()
    lent = [success(session.asConnection)]
    expect(await side.use(name)).toEqual({ ok: true, value: session })
    expect([waitsUntil, back, session.closed]).toEqual([[500], ["keep"], false])
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
  })

  it("is asked anew whether it takes one the next time", async () => {
    const [borrowed, own] = [new Session(), new Session()]
    lent = [success(borrowed.asConnection)]
    answers = [full, own]
    await side.use(name)
    expect(await side.use(name)).toEqual({ ok: true, value: own })
  })

  it("is full, if the pool has none to spare either", async () => {
    expect(await side.use(name)).toEqual({ ok: false, failure: full })
    expect(back).toEqual([])
  })

  it("one that is lent and cannot be used is passed over", async () => {
    const [dead, dirty, good] = [new Session(), new Session(), new Session()]
    dead.destroy(new Error("ECONNRESET"))
    dirty.reusable = false
    lent = [dead, dirty, good].map((session) => success(session.asConnection))
    expect(await side.use(name)).toEqual({ ok: true, value: good })
    expect(back).toEqual(["discard: died", "discard: not-clean", "keep"])
  })

  it("one that is lent and does not answer is given up, and given back, in time", async () => {
    const session = new Session()
    lent = [success(session.asConnection)]
    const using = new Watched(
      side.use(async (connection) => {
        while (connection.dead === undefined) await new Promise<void>((resolve) => void clock.after(10, resolve))
        return "nothing"
      }),
    )
    await clock.advance(499)
    expect(using.settled).toBe(false)
    await clock.advance(11)
    expect([using.value, back]).toEqual([{ ok: true, value: "nothing" }, ["discard: died"]])
  })

  it("one that is lent goes back, whatever becomes of the work", async () => {
    lent = [success(new Session().asConnection)]
    await expect(side.use(() => Promise.reject(new Error("a bug")))).rejects.toThrow("a bug")
    expect(back).toEqual(["keep"])
  })
})
