import type { DriverSnapshot } from "@kysely-resilient/driver"
import { request } from "node:http"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { mustBeFree, PortTakenError, serve, type Served } from "../../../examples/demo/serve.ts"
import type { View } from "../../../examples/demo/view.ts"
import { identity, noTimes } from "../../support/identity.ts"

const tally = { operations: 9, affected: 0, retried: 0, resolved: 0, surfaced: { needed: 0, avoidable: 0 }, unknown: 0 }
const view: View = {
  seed: 1,
  seconds: 30,
  elapsedMs: 1_000,
  doing: "serving",
  counts: [{ name: "reads", finished: 9 }],
  history: [1, 2],
  perSecond: 2,
  total: tally,
  faults: [],
}
const counters = {
  total_queries: 10,
  failed_queries: 10,
  reconnections: 0,
  transaction_rollbacks: 0,
  pool_resets: 0,
  success_rate: 0,
}
const durationMs = { p50: 1, p95: 1, p99: 1, max: 1 }
const down: DriverSnapshot = {
  at: 0,
  pool: { min: 2, max: 20, idle: 0, leased: 0, opening: 1, waiting: 0, generation: 0, outageMs: 5 },
  resolution: { pending: 0 },
  metrics: {
    ...counters,
    observer_failures: 0,
    resolutions: { applied: 0, applied_locally: 0, not_applied: 0, unresolved: 0, late: 0 },
    window: { ...counters, windowMs: 60_000, retried: 0, surfaced: 0, durationMs },
  },
  circuit: { state: "closed", openMs: undefined },
  retriesLeft: 100,
  database: identity,
  times: noTimes,
}

let served: Served
let hurt: string[]

beforeEach(async () => {
  hurt = []
  const site = {
    look: () => view,
    snapshot: () => down,
    faults: [{ name: "crash", title: "Crash restart" }],
    hurt: (fault: string) => (hurt.push(fault) === 1 ? ("started" as const) : ("busy" as const)),
  }
  served = await serve(site, 0)
})
afterEach(() => served[Symbol.asyncDispose]())

const at = (path: string) => new URL(path, served.url)

/** fetch does not let one choose the Host. */
function statusWith(headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(at("/chaos/crash"), { method: "POST", headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.once("error", reject).end()
  })
}

describe("serve", () => {
  it("shows a page that needs nothing from anywhere else, with a button per fault", async () => {
    const response = await fetch(at("/"))
    const text = await response.text()
    expect(response.headers.get("content-type")).toContain("text/html")
    expect(text).toContain('<button data-fault="crash">Crash restart')
    expect(text).not.toMatch(/(src|href)="https?:/)
  })

  it("gives the numbers behind the page, with the pool as it is", async () => {
    expect(await (await fetch(at("/live"))).json()).toMatchObject({ total: { operations: 9 }, pool: { max: 20 } })
  })

  it("answers monitoring with 503 while the status is critical", async () => {
    const response = await fetch(at("/api/database-resilience"))
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ resilience: { status: "critical", pool_size: 20 } })
  })

  it("starts a fault by its name, one at a time", async () => {
    const press = () => fetch(at("/chaos/crash"), { method: "POST" })
    expect((await press()).status).toBe(202)
    expect((await press()).status).toBe(409)
    expect((await fetch(at("/chaos/crash"))).status).toBe(404)
    expect((await fetch(at("/chaos/flood"), { method: "POST" })).status).toBe(404)
    expect(hurt).toEqual(["crash", "crash"])
  })

  it("does not let other sites press its buttons, whether they send their origin or a name of their own", async () => {
    expect(await statusWith({ origin: "http://evil.example" })).toBe(403)
    expect(await statusWith({ host: "evil.example" })).toBe(403)
    expect(hurt).toEqual([])
    const { port } = new URL(served.url)
    expect(await statusWith({ host: `localhost:${port}`, origin: `http://localhost:${port}` })).toBe(202)
  })

  it("says which port is taken instead of taking another", async () => {
    const { port } = new URL(served.url)
    const site = { look: () => view, snapshot: () => down, faults: [], hurt: () => "busy" as const }
    await expect(serve(site, Number(port))).rejects.toThrow(/Cannot serve on 127\.0\.0\.1:\d+: .*EADDRINUSE/)
    await expect(mustBeFree(Number(port))).rejects.toThrow(PortTakenError)
    await served[Symbol.asyncDispose]()
    await expect(mustBeFree(Number(port))).resolves.toBeUndefined()
  })
})
