import { failed, success, type Outcome } from "@kysely-resilient/driver/src/failure/failure.ts"
import { connectTimeout } from "@kysely-resilient/driver/src/failure/local.ts"
import type { PgConnection } from "@kysely-resilient/driver/src/postgres/connection.ts"
import { Exchange } from "@kysely-resilient/driver/src/postgres/exchange.ts"
import type { Request } from "@kysely-resilient/driver/src/postgres/request.ts"
import { Standby } from "@kysely-resilient/driver/src/resolution/standby.ts"
import { beforeEach, describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"
import { Watched } from "../execution/fixture.ts"

/** One turn after the other, each answered when the test says so. */
class Side {
  readonly asked: Exchange[] = []
  readonly ended: string[] = []
  reachable = true
  #last: Promise<unknown> = Promise.resolve()
  #answer: ((exchange: Exchange) => void) | undefined

  readonly use = <T>(work: (connection: PgConnection) => Promise<T>): Promise<Outcome<T>> => {
    const turn = this.#last.then(async () =>
      this.reachable
        ? success(await work(this.#connection))
        : failed(connectTimeout({ limitMs: 1, everConnected: true })),
    )
    this.#last = turn
    return turn
  }

  answer(seen: Partial<Pick<Exchange, "ready" | "error" | "syncRepWait">>): void {
    const exchange = this.asked.at(-1)
    if (exchange !== undefined) this.#answer?.(Object.assign(exchange, seen))
  }

  get #connection(): PgConnection {
    const perform = (request: Request): Promise<Exchange> => {
      const exchange = new Exchange(request)
      this.asked.push(exchange)
      return new Promise((resolve) => (this.#answer = resolve))
    }
    const end = (how: string) => (): void => void this.ended.push(how)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that it uses
    return { perform, abandon: end("abandon"), kill: end("kill") } as unknown as PgConnection
  }
}

let clock: FakeClock
let side: Side
let closing: AbortController
let standby: Standby

beforeEach(() => {
  clock = new FakeClock()
  side = new Side()
  closing = new AbortController()
  standby = new Standby({ side, clock, closing: closing.signal })
})

async function asking(ms = 5_000): Promise<Watched<unknown>> {
  const word = new Watched(standby.confirm(clock.now() + ms))
  await clock.settle()
  return word
}

describe("what the standby is asked", () => {
  it("is confirmed when a COMMIT after it is", async () => {
    const word = await asking()
    expect(word.settled).toBe(false)
    side.answer({ ready: "I" })
    await clock.settle()
    expect(word.value).toEqual({ effect: "confirmed" })
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
  })

  it.each([
    ["the wait of that COMMIT was cut short", { ready: "I", syncRepWait: true }],
    ["it may not be asked", { ready: "I", error: new Error("permission denied") }],
  ] as const)("is not confirmed if %s", async (_, seen) => {
    const word = await asking()
    side.answer(seen)
    await clock.settle()
    expect(word.value).toEqual({ effect: "unconfirmed" })
  })

  it("is not known if the connection is lost, or none can be opened", async () => {
    const lost = await asking()
    side.answer({ error: new Error("ECONNRESET") })
    await clock.settle()
    expect(lost.value).toEqual({ effect: "unreachable", why: "ECONNRESET" })
    side.reachable = false
    expect((await asking()).value).toMatchObject({ effect: "unreachable" })
    side.reachable = true
    await asking()
    expect(side.asked).toHaveLength(2)
  })

  it("is waited for as long as somebody waits, and then not left on the server", async () => {
    await asking(1_000)
    await clock.advance(999)
    expect(side.ended).toEqual([])
    await clock.advance(1)
    expect(side.ended).toEqual(["abandon"])
  })

  it("is not left there either when the driver is closed", async () => {
    await asking()
    closing.abort()
    expect(side.ended).toEqual(["kill"])
  })
})

describe("many who ask", () => {
  it("share a question that has not been sent, and it has the longest time that one of them has", async () => {
    const words = [standby.confirm(clock.now() + 100), standby.confirm(clock.now() + 300), standby.confirm(clock.now())]
    await clock.advance(299)
    expect([side.asked.length, side.ended]).toEqual([1, []])
    side.answer({ ready: "I" })
    expect(await Promise.all(words)).toEqual(words.map(() => ({ effect: "confirmed" })))
  })

  it("after it was sent have a question of their own: it says nothing of what was committed since", async () => {
    const first = await asking()
    const [second, third] = [await asking(), await asking()]
    side.answer({ ready: "I" })
    await clock.settle()
    expect([first.settled, second.settled, third.settled]).toEqual([true, false, false])
    side.answer({ ready: "I", syncRepWait: true })
    await clock.settle()
    expect([second.value, third.value]).toEqual([{ effect: "unconfirmed" }, { effect: "unconfirmed" }])
    expect(side.asked).toHaveLength(2)
  })
})
