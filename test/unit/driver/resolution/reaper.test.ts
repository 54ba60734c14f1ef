import { failed, success, type Outcome } from "@kysely-resilient/driver/src/failure/failure.ts"
import { connectTimeout } from "@kysely-resilient/driver/src/failure/local.ts"
import type { PgConnection } from "@kysely-resilient/driver/src/postgres/connection.ts"
import { Exchange } from "@kysely-resilient/driver/src/postgres/exchange.ts"
import type { Request } from "@kysely-resilient/driver/src/postgres/request.ts"
import { Reaper } from "@kysely-resilient/driver/src/resolution/reaper.ts"
import { describe, expect, it } from "vitest"

/** A side connection whose turns come, and whose questions are answered, when the test says so. */
class Side {
  readonly asked: string[] = []
  readonly #turns: (() => void)[] = []
  readonly #answers: (() => void)[] = []

  readonly use = <T>(work: (connection: PgConnection) => Promise<T>): Promise<Outcome<T>> =>
    new Promise((resolve) => {
      this.#turns.push(() => void work(this.#connection()).then((value) => resolve(success(value))))
      this.#refusals.push(() => resolve(failed(connectTimeout({ limitMs: 1, everConnected: true }))))
    })

  readonly #refusals: (() => void)[] = []

  async turn(): Promise<void> {
    this.#refusals.shift()
    this.#turns.shift()?.()
    await settled()
  }

  async refuse(): Promise<void> {
    this.#turns.shift()
    this.#refusals.shift()?.()
    await settled()
  }

  async answer(): Promise<void> {
    this.#answers.shift()?.()
    await settled()
  }

  #connection(): PgConnection {
    const perform = (request: Request): Promise<Exchange> => {
      const [step] = request.protocol === "extended" ? request.steps : []
      if (step?.do === "learn") this.asked.push(step.sql)
      return new Promise((resolve) => {
        this.#answers.push(() => resolve(new Exchange(request)))
      })
    }
    return { perform, dead: undefined, transactionStatus: "I" } as unknown as PgConnection
  }
}

async function settled(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve)
  })
}

const backend = (processId: number): { processId: number; startedAt: string } => ({ processId, startedAt: "1.5" })

describe("ending sessions that were lost", () => {
  it("ends those that were lost together in one go", async () => {
    const side = new Side()
    const reaper = new Reaper(side)
    reaper.end(backend(1))
    reaper.end(backend(2))
    await side.turn()
    expect(side.asked).toEqual([expect.stringContaining("in ((1, '1.5'), (2, '1.5'))")])
  })

  it("ends one that is lost while others are being ended, too", async () => {
    const side = new Side()
    const reaper = new Reaper(side)
    reaper.end(backend(1))
    await side.turn()
    reaper.end(backend(2))
    await side.answer()
    await side.turn()
    expect(side.asked[1]).toContain("in ((2, '1.5'))")
  })

  it("forgets those for which no connection could be opened, and ends the next", async () => {
    const side = new Side()
    const reaper = new Reaper(side)
    reaper.end(backend(1))
    await side.refuse()
    reaper.end(backend(2))
    await side.turn()
    expect(side.asked).toEqual([expect.stringContaining("in ((2, '1.5'))")])
  })
})
