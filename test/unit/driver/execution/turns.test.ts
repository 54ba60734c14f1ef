import { Turns } from "@kysely-resilient/driver/src/execution/turns.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

/** Work that the test ends. */
class Work {
  running = false
  ended = false
  #end: (value: string) => void = () => {}
  #fail: (error: Error) => void = () => {}

  readonly start = (): Promise<string> => {
    this.running = true
    return new Promise((resolve, reject) => {
      this.#end = resolve
      this.#fail = reject
    })
  }

  async end(): Promise<void> {
    this.running = false
    this.ended = true
    this.#end("done")
    await settle()
  }

  async fail(): Promise<void> {
    this.running = false
    this.ended = true
    this.#fail(new Error("failed"))
    await settle()
  }
}

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

describe("turns", () => {
  it("begins at once when nobody is there", () => {
    const turns = new Turns()
    const work = new Work()
    expect(turns.busy).toBe(false)
    void turns.take(work.start)
    expect(work.running).toBe(true)
    expect(turns.busy).toBe(true)
  })

  it("is one after the other, in the order of asking", async () => {
    const turns = new Turns()
    const [first, second, third] = [new Work(), new Work(), new Work()]
    const answers = [first, second, third].map((work) => turns.take(work.start))
    await settle()
    expect([first.running, second.running, third.running]).toEqual([true, false, false])
    await first.end()
    expect([second.running, third.running]).toEqual([true, false])
    await second.end()
    await third.end()
    expect(await Promise.all(answers)).toEqual(["done", "done", "done"])
    expect(turns.busy).toBe(false)
  })

  it("goes on after work that failed, which only its own asker hears of", async () => {
    const turns = new Turns()
    const [first, second] = [new Work(), new Work()]
    const failing = turns.take(first.start)
    const fine = turns.take(second.start)
    // oxlint-disable-next-line vitest/valid-expect -- awaited below, when it has failed
    const failed = expect(failing).rejects.toThrow("failed")
    await first.fail()
    await failed
    expect(second.running).toBe(true)
    await second.end()
    expect(await fine).toBe("done")
  })

  it("lets nobody in between who asks while work begins", async () => {
    const turns = new Turns()
    const [outer, inner] = [new Work(), new Work()]
    void turns.take(() => {
      void turns.take(inner.start)
      return outer.start()
    })
    await settle()
    expect([outer.running, inner.running]).toEqual([true, false])
    await outer.end()
    expect(inner.running).toBe(true)
    await inner.end()
    expect(turns.busy).toBe(false)
  })

  it("can be held until it is let go", async () => {
    const turns = new Turns()
    const [before, after] = [new Work(), new Work()]
    void turns.take(before.start)
    let letGo: (() => void) | undefined
    void turns.hold().then((letGoOfIt) => (letGo = letGoOfIt))
    void turns.take(after.start)
    await settle()
    expect(letGo).toBeUndefined()
    await before.end()
    expect(letGo).toBeDefined()
    expect(after.running).toBe(false)
    letGo?.()
    await settle()
    expect(after.running).toBe(true)
    await after.end()
    expect(turns.busy).toBe(false)
  })

  it("is drained when all is done, what was asked for meanwhile included", async () => {
    const turns = new Turns()
    await turns.drained()
    const [first, second] = [new Work(), new Work()]
    void turns.take(first.start)
    let drained = false
    void turns.drained().then(() => (drained = true))
    void turns.take(second.start)
    await first.end()
    expect(drained).toBe(false)
    await second.end()
    expect(drained).toBe(true)
  })

  it("property: whoever asks whenever, never two at once, everybody once and in order", async () => {
    const steps = fc.array(fc.constantFrom("ask", "end", "fail", "hold", "let go"), { size: "max", maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const turns = new Turns()
        const asked: (Work | "held")[] = []
        const begun: (Work | "held")[] = []
        const letGos: (() => void)[] = []
        const current = (): Work | undefined => asked.find((one): one is Work => one !== "held" && one.running)
        for (const step of list) {
          if (step === "ask") {
            const work = new Work()
            asked.push(work)
            turns.take(() => (begun.push(work), work.start())).catch(() => {})
          } else if (step === "hold") {
            asked.push("held")
            void turns.hold().then((letGo) => (begun.push("held"), letGos.push(letGo)))
          } else if (step === "let go") letGos.shift()?.()
          else if (step === "end") await current()?.end()
          else await current()?.fail()
          await settle()
          const running = asked.filter((one) => one !== "held" && one.running).length
          expect(running + letGos.length).toBe(turns.busy ? 1 : 0)
          expect(begun).toEqual(asked.slice(0, begun.length))
        }
        for (let left = asked.length; left > 0; left -= 1) {
          await current()?.end()
          letGos.shift()?.()
          await settle()
        }
        expect(begun).toEqual(asked)
        expect(turns.busy).toBe(false)
      }),
      { numRuns: 50 },
    )
  })
})
