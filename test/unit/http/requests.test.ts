import { OptionsError } from "@kysely-resilient/core"
import { currentScope } from "@kysely-resilient/core/src/scope/work-scope.ts"
import { inRequest, Requests, respond, type RequestOptions, type RequestReport } from "@kysely-resilient/http"
import { fetchListener } from "@kysely-resilient/http/node"
import { readDeadline } from "@kysely-resilient/http/src/scope/deadline-header.ts"
import { ok } from "neverthrow"
import { describe, expect, it } from "vitest"

import { scripted } from "../../support/scripted-database.ts"
import { failure } from "../../support/scripted-engine.ts"
import { lost, site } from "./support.ts"

const get = (path = "/feed", headers: Record<string, string> = {}) => new Request(`http://app.test${path}`, { headers })

function requests(options: RequestOptions = {}, env: Record<string, string> = {}) {
  const made = site()
  return { ...made, requests: new Requests(made.db, options, { clock: made.clock, env }) }
}

describe("a request", () => {
  it("is not begun while the circuit is open, is told when to come again, and is begun again afterwards", async () => {
    const { requests: all, heard } = requests({ exempt: (path) => path === "/about" })
    let begun = 0
    const ask = (path?: string) =>
      inRequest(all, get(path), () => {
        begun += 1
        return new Response("done")
      })
    expect((await ask()).status).toBe(200)
    heard({ at: 0, name: "circuit.opened", failure: lost })
    const refused = await ask()
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"])
    expect(refused.headers.get("content-type")).toBe("application/problem+json")
    // The same as a statement would be answered that is refused for that.
    const { db } = scripted({ statement: () => ({ fails: failure("circuit_open") }) })
    const answered = await respond(db.query("select 1"))
    expect(await refused.json()).toEqual(await answered.json())
    heard({ at: 0, name: "circuit.half-opened" })
    expect((await ask()).status).toBe(503)
    expect((await ask("/about")).status).toBe(200)
    heard({ at: 0, name: "circuit.closed", durationMs: 1 })
    expect((await ask()).status).toBe(200)
    expect(begun).toBe(3)
  })

  it("is begun all the same where that is wanted", async () => {
    const { requests: all, heard } = requests({ failFast: false })
    heard({ at: 0, name: "circuit.opened", failure: lost })
    expect((await inRequest(all, get(), () => new Response())).status).toBe(200)
  })

  it.each([
    ["5000", 5_000],
    ["100m", 100],
    ["5S", 5_000],
    [" 2M ", 120_000],
    ["1H", 3_600_000],
    ["2000000u", 2_000],
    ["0", 0],
    ["-1", undefined],
    ["1.5S", undefined],
    ["99999999999999999999", undefined],
    ["soon", undefined],
    ["", undefined],
    [null, undefined],
  ])("has the deadline of its header: %s is %s ms", (header, ms) => {
    expect(readDeadline(header)).toBe(ms)
  })

  it("has the shorter of its header's time and the option's, and of a header that is not trusted none", async () => {
    const remaining = async (options: RequestOptions, headers: Record<string, string>) => {
      const { requests: all } = requests(options)
      let ms: number | undefined
      await inRequest(all, get("/", headers), () => {
        ms = currentScope()?.remainingMs
        return new Response()
      })
      return ms
    }
    const options = { timeoutMs: 1_000, deadlineHeader: "Grpc-Timeout" }
    expect(await remaining(options, { "grpc-timeout": "200m" })).toBe(200)
    expect(await remaining(options, { "grpc-timeout": "9S" })).toBe(1_000)
    expect(await remaining(options, { "grpc-timeout": "soon" })).toBe(1_000)
    expect(await remaining({ timeoutMs: 1_000 }, { "grpc-timeout": "200m" })).toBe(1_000)
    expect(await remaining({}, {})).toBe(Number.POSITIVE_INFINITY)
  })

  it("lasts as long as the body of its response, is told of what it has left, and by whom", async () => {
    const reports: RequestReport[] = []
    const { requests: all, clock, db } = requests({ onReport: (report) => void reports.push(report), graceMs: 100 })
    const forget = (): void => void db.transaction(() => new Promise<never>(() => {}), { name: "forgotten" })
    let pulls = 0
    const response = await inRequest(all, get("/export?secret=1"), () => {
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            pulls += 1
            if (pulls > 3) return controller.close()
            if (pulls === 3) forget()
            controller.enqueue(new Uint8Array([pulls]))
          },
        },
        { highWaterMark: 0 },
      )
      return new Response(body, { status: 201, headers: { "x-own": "1" } })
    })
    expect([response.status, response.headers.get("x-own")]).toEqual([201, "1"])
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]))
    await clock.advance(99)
    expect(reports).toEqual([])
    await clock.advance(1)
    expect(reports).toEqual([
      {
        method: "GET",
        path: "/export",
        leftBehind: [expect.objectContaining({ label: "forgotten" })],
        repetitions: [],
      },
    ])
  })

  it("that is HEAD is over without its body, which frameworks drop, and leaves no connection to nobody", async () => {
    const reports: RequestReport[] = []
    const { requests: all, clock, db } = requests({ onReport: (report) => void reports.push(report) })
    let cancelled = 0
    const handle = () => {
      void db.transaction(() => new Promise<never>(() => {}), { name: "export" })
      const body = new ReadableStream({
        pull: (c) => c.enqueue(new Uint8Array(9)),
        cancel: () => void (cancelled += 1),
      })
      return new Response(body, { status: 206, headers: { "x-own": "1" } })
    }
    const head = new Request("http://app.test/export", { method: "HEAD" })
    const response = await inRequest(all, head, handle)
    expect([response.status, response.headers.get("x-own"), response.body]).toEqual([206, "1", null])
    await clock.advance(1_000)
    expect(reports).toMatchObject([{ method: "HEAD", leftBehind: [{ label: "export" }] }])
    expect(cancelled).toBe(1)
  })

  it("that is cancelled in its body, or throws, is over", async () => {
    const { requests: all } = requests()
    let signal: AbortSignal | undefined
    const response = await inRequest(all, get(), () => {
      signal = currentScope()?.signal
      return new Response(new ReadableStream({ pull: () => new Promise(() => {}) }))
    })
    expect(signal?.aborted).toBe(false)
    await response.body?.cancel()
    expect(signal?.aborted).toBe(true)
    await expect(inRequest(all, get(), () => Promise.reject(new Error("no")))).rejects.toThrow("no")
  })

  it("that is not over yet is refused what it asks for when its client has gone, and what it set going lives on later", async () => {
    const { requests: all, clock, db } = requests()
    const client = new AbortController()
    const scope = all.begin({ method: "GET", path: "/", header: () => null, signal: client.signal })
    scope.gone()
    expect(scope.signal.aborted).toBe(true)
    const opened = await scope.run(() => db.transaction(async () => ok(1)))
    expect(opened.isErr()).toBe(true)
    await clock.advance(60_000)
    expect((await scope.run(() => db.transaction(async () => ok(1)))).isOk()).toBe(true)
  })

  it("warns of reads in a row in development, once for each place", async () => {
    const warnings: string[] = []
    const hear = (warning: Error) => void warnings.push(warning.message)
    process.on("warning", hear)
    const { requests: all, db } = requests({}, { NODE_ENV: "development" })
    const feed = async () => {
      for (let id = 0; id < 6; id += 1) await db.maybeOne(db.selectFrom("users").selectAll().where("id", "=", id))
      return new Response()
    }
    await inRequest(all, get(), feed)
    await inRequest(all, get(), feed)
    await new Promise(setImmediate)
    process.off("warning", hear)
    expect(warnings.filter((message) => message.includes("one after the other"))).toEqual([
      expect.stringMatching(
        /^GET \/feed read the same 6 times, one after the other at .*requests\.test\.ts:\d+:\d+: .*select \* from "users"/,
      ),
    ])
  })

  it("holds nothing of the database once that is closed", async () => {
    const { db, requests: all } = requests()
    await db.close()
    expect(all.refusalOf("/")).toBeUndefined()
  })
})

describe("options", () => {
  it("that are wrong are refused all at once, those of the handler and those of requests", () => {
    const { db } = site()
    const wrong = {
      token: "short",
      requests: { timeoutMs: 0, graceMs: -1, deadlineHeader: "a b", failFast: 1, exempt: [], onReport: "x", what: 1 },
    } as unknown as Parameters<typeof fetchListener>[2]
    let thrown: unknown
    try {
      fetchListener(db, () => new Response(), wrong)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(OptionsError)
    expect((thrown as OptionsError).problems.map(({ path }) => path).toSorted()).toEqual(
      [
        "token",
        ...["what", "timeoutMs", "graceMs", "deadlineHeader", "failFast", "exempt", "onReport"].map(
          (name) => `requests.${name}`,
        ),
      ].toSorted(),
    )
  })
})
