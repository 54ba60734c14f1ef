import { describe, expect, it } from "vitest"

import { failure } from "../../support/scripted-engine.ts"
import { site } from "./support.ts"

const status = async (response: Response): Promise<unknown[]> => [response.status, await response.json()]
const READY = { ok: true, value: { serverVersion: "18.4", connectMs: 1 }, attempts: 1 } as const
const NOT_YET = { ok: false, failure: failure("connection_failed"), attempts: 1, because: "deadline-near" } as const

describe("/readyz and /startupz", () => {
  it("wait for a first connection, which is asked for until there is one", async () => {
    let there = false
    const { get, clock } = site({}, { script: { ready: () => (there ? READY : NOT_YET) } })
    await clock.settle()
    for (const path of ["/readyz", "/startupz"]) {
      expect(await status(await get(path))).toEqual([503, { status: "starting" }])
      expect((await get(path)).headers.get("retry-after")).toBe("1")
    }
    there = true
    await clock.advance(1_000)
    expect(await status(await get("/readyz"))).toEqual([200, { status: "ready" }])
    expect(await status(await get("/startupz"))).toEqual([200, { status: "started" }])
  })

  it("wait for what the application has to do first, and for ever if that fails", async () => {
    const gate = Promise.withResolvers<unknown>()
    const waiting = site({ startup: gate.promise })
    await waiting.clock.settle()
    expect((await waiting.get("/readyz")).status).toBe(503)
    gate.resolve(undefined)
    await waiting.clock.settle()
    expect((await waiting.get("/readyz")).status).toBe(200)
    const { db } = waiting
    for (const startup of [Promise.reject(new Error("no")), db.query("begin")]) {
      const failed = site({ startup })
      await failed.clock.settle()
      expect((await failed.get("/startupz")).status).toBe(503)
    }
  })

  it("wait for nothing if told so", async () => {
    expect((await site({ startup: false }, { script: { ready: () => NOT_YET } }).get("/readyz")).status).toBe(200)
  })

  it("say draining from close() on, from drain() on, and from SIGTERM on in a process that knows what to do then", async () => {
    const closed = site({ startup: false })
    await closed.db.close()
    const drained = site({ startup: false })
    drained.handler.drain()
    const told = () => {}
    process.once("SIGTERM", told)
    const warned = site({ startup: false })
    expect((await warned.get("/readyz")).status).toBe(200)
    process.emit("SIGTERM")
    for (const { get } of [closed, drained, warned]) {
      expect(await status(await get("/readyz"))).toEqual([503, { status: "draining" }])
      expect((await get("/livez")).status).toBe(200)
    }
    warned.handler.close()
  })

  it("leave SIGTERM alone in a process that does not listen to it, and when nobody does any more", async () => {
    expect(process.listenerCount("SIGTERM")).toBe(0)
    const { handler } = site({ startup: false })
    expect(process.listenerCount("SIGTERM")).toBe(0)
    const told = () => {}
    process.on("SIGTERM", told)
    expect(process.listenerCount("SIGTERM")).toBe(2)
    process.off("SIGTERM", told)
    expect(process.listenerCount("SIGTERM")).toBe(0)
    process.on("SIGTERM", told)
    handler.close()
    expect(process.listeners("SIGTERM")).toEqual([told])
    process.off("SIGTERM", told)
  })
})
