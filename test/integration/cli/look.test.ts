import { once } from "node:events"
import { createServer, type AddressInfo } from "node:net"

import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { run, start, startApp, TOKEN, type App } from "../../support/command-line.ts"
import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url)
let app: App
let origin: string

beforeAll(async () => {
  app = await startApp(database.url)
  origin = app.origin
})

afterAll(() => app[Symbol.asyncDispose]())

describe("kysely-resilient status", () => {
  it("tells everything to those who show the token, for people and as the endpoint's own JSON", async () => {
    await app.db.query("select 1")
    const words = await run(["status", origin, "--token", TOKEN])
    expect(words).toMatchObject({ code: 0, err: "" })
    expect(words.out).toMatch(/^healthy for \d/)
    expect(words.out).toMatch(/pool +0 of 3 in use/)
    const json = await run(["status", "--json"], { RESILIENCE_URL: origin, RESILIENCE_TOKEN: TOKEN })
    expect(JSON.parse(json.out)).toMatchObject({ resilience: app.db.report().resilience, schema_version: 1 })
  })

  it("tells strangers what they may know, and how to know more", async () => {
    expect(await run(["status", origin])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^healthy\nMore is told .*token/),
    })
    expect(await run(["status", origin, "--json"])).toMatchObject({ code: 0, out: '{"status":"healthy"}\n' })
  })

  it("looks for itself at a database", async () => {
    const { code, out } = await start(["status"], { DATABASE_URL: database.url }).ended
    expect(code).toBe(0)
    expect(out).toMatch(/^healthy/)
  })

  it("ends with 1 where nobody answers, for people and for programs", async () => {
    expect(await run(["status", "http://127.0.0.1:9"])).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/^unreachable\n {2}http:\/\/127.0.0.1:9 /),
    })
    const { code, out, err } = await run(["status", "--json", "http://127.0.0.1:9"])
    expect({ code, err }).toEqual({ code: 1, err: "" })
    expect(JSON.parse(out)).toEqual({ status: "unreachable", why: expect.stringContaining("127.0.0.1:9") })
    expect(await run(["status", "postgres://nobody:wrong@127.0.0.1:9/none"])).toMatchObject({
      code: 1,
      err: expect.not.stringContaining("wrong"),
    })
    app.away = true
    expect(await run(["status", origin])).toMatchObject({ code: 1, err: expect.stringContaining("answered 502") })
    app.away = false
  })

  it("ends with 2 where it was told the wrong address or token", async () => {
    expect(await run(["status", `${origin}/elsewhere`])).toMatchObject({
      code: 2,
      err: expect.stringContaining("is it the address of the endpoint?"),
    })
    expect(await start(["status"], { DATABASE_URL: "nonsense" }).ended).toMatchObject({
      code: 2,
      err: expect.stringContaining("DATABASE_URL"),
    })
  })
})

describe("kysely-resilient doctor", () => {
  it("finds what may go wrong, says why and what to do, and ends with 1 where something should be mended", async () => {
    await database.ask("create table parents (id int primary key)")
    await database.ask("create table children (id int, parent int references parents)")
    const { code, out } = await start(["doctor", "--production", "--replicas", "100"], { DATABASE_URL: database.url })
      .ended
    expect(code).toBe(1)
    expect(out).toMatch(/^PostgreSQL \d+.* database .* as postgres \(superuser\); round trip/)
    expect(out).toMatch(/\d+ checks in .*: .*warning/)
    expect(out).toMatch(/CONNECTION_BUDGET {2}.*\n {2}.+\n/)
  })

  it("takes notes for notes, unless it is strict", async () => {
    const json = await run(["doctor", "--json", "--development", database.url])
    const found = JSON.parse(json.out) as { ok: boolean; advice: { severity: string }[] }
    expect(found.advice.length).toBeGreaterThan(0)
    expect({ code: json.code, ok: found.ok }).toEqual(
      found.advice.every(({ severity }) => severity === "info") ? { code: 0, ok: true } : { code: 1, ok: false },
    )
    expect(await run(["doctor", "--strict", database.url])).toMatchObject({ code: 1 })
  })

  it("leaves out what is not wanted, and prints SQL that PostgreSQL takes", async () => {
    const all = JSON.parse((await run(["doctor", "--json", database.url])).out) as { advice: { code: string }[] }
    const [unwanted] = all.advice.map(({ code }) => code)
    const { out } = await run(["doctor", "--fix-sql", "--ignore", unwanted ?? "", database.url])
    expect(out).not.toContain(unwanted)
    expect(out).toMatch(/^-- (critical|warning|info) [A-Z_]+: /)
    for (const line of out.split("\n"))
      expect(line, "statements end, so that psql runs them").toMatch(/^(--|\s|$)|[;,(]$|^[^;]*$/)
  })

  it("warns of advice to ignore that there is not, and looks all the same", async () => {
    const { err, out } = await run([
      "doctor",
      "--json",
      "--ignore",
      "no_client_chek",
      "--ignore",
      "io_not_timed",
      database.url,
    ])
    expect(err).toBe("doctor: There is no advice NO_CLIENT_CHEK to ignore (did you mean NO_CLIENT_CHECK?).\n")
    const { checked } = JSON.parse(out) as { checked: string[] }
    expect(checked).toContain("NO_CLIENT_CHECK")
    expect(checked).not.toContain("IO_NOT_TIMED")
  })

  it("gives up in time where somebody listens and does not speak", async () => {
    const silent = createServer().listen(0, "127.0.0.1")
    await once(silent, "listening")
    const { port } = silent.address() as AddressInfo
    const startedAt = performance.now()
    const { code, err } = await run(["doctor", "--timeout", "1", `postgres://a:b@127.0.0.1:${port}/x`])
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining("deadline of 1000 ms") })
    expect(performance.now() - startedAt).toBeLessThan(4_000)
    silent.close()
  })

  it("cannot look where nobody answers, and tells no password", async () => {
    const { code, out, err } = await run(["doctor", "postgres://me:hunter2@127.0.0.1:9/shop"])
    expect({ code, out }).toEqual({ code: 2, out: "" })
    expect(err).toMatch(/^doctor: The server could not be looked at: 127.0.0.1:9\/shop: .*ECONNREFUSED/)
    expect(err).not.toContain("hunter2")
    expect(await start(["doctor"], { DATABASE_URL: "nonsense" }).ended).toMatchObject({
      code: 2,
      err: expect.stringContaining("DATABASE_URL"),
    })
  })
})

it("names from the database cannot do anything to the terminal", async () => {
  await database.ask('create table "\u001B[2J\u009Bevil" (id int) with (autovacuum_enabled = false)')
  const { out } = await run(["doctor", database.url])
  expect(out).toContain("\uFFFD[2J\uFFFDevil")
  // oxlint-disable-next-line no-control-regex -- They are what must not be there.
  expect(out).not.toMatch(/[\u001B\u009B]/)
})

it("kysely-resilient codegen is kysely-resilient-codegen", async () => {
  expect(await run(["codegen", "verify", "--config", "none.ts"])).toMatchObject({
    code: 2,
    err: expect.stringContaining("there is no configuration file"),
  })
})
