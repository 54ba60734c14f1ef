import { main } from "@kysely-resilient/cli"
import { createDatabase, type Database } from "@kysely-resilient/core"
import { createHandler } from "@kysely-resilient/http"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { resolve } from "node:path"

import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"

const root = resolve(import.meta.dirname, "../../..")
/** Until a process has begun and said something, on a busy machine. */
const SOON = { timeout: 20_000 }
const TOKEN = "a-token-that-is-long-enough"

const database = testDatabase(import.meta.url)
let db: Database<object>
let server: Server
let origin: string
/** 503 for the event stream, as when too many watch. */
let busy = false
/** As a proxy answers whose application is away. */
let away = false

beforeAll(async () => {
  db = createDatabase<object>({ connection: database.url, pool: { min: 0, max: 3 } })
  const handle = createHandler(db, { token: TOKEN, expose: "status" })
  server = createServer((incoming, outgoing) => {
    if (busy && incoming.url?.endsWith("/events") === true) return void outgoing.writeHead(503).end()
    if (away) return void outgoing.writeHead(502).end("<h1>Bad Gateway</h1>")
    void serve(handle, incoming, outgoing)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await db.close()
})

async function serve(
  handle: (request: Request) => Promise<Response>,
  { method = "GET", headers, url = "/" }: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const gone = new AbortController()
  outgoing.once("close", () => gone.abort())
  const given = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)])
  const response = await handle(new Request(`${origin}${url}`, { method, headers: given, signal: gone.signal }))
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body !== null) for await (const chunk of response.body) outgoing.write(chunk)
  outgoing.end()
}

function start(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { PATH } = process.env
  const child = spawn(process.execPath, [resolve(root, "packages/cli/src/bin.ts"), ...words], {
    env: { PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  })
  const said = { out: "", err: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.out += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.err += text))
  const ended = once(child, "close").then(() => ({ code: child.exitCode, ...said }))
  return { child, said, ended }
}

/** In this process, which is much faster to begin with. */
async function run(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const said = { out: "", err: "" }
  const code = await main(words, {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    env,
  })
  return { code, ...said }
}

describe("kysely-resilient status", () => {
  it("tells everything to those who show the token, for people and as the endpoint's own JSON", async () => {
    await db.query("select 1")
    const words = await run(["status", origin, "--token", TOKEN])
    expect(words).toMatchObject({ code: 0, err: "" })
    expect(words.out).toMatch(/^healthy for \d/)
    expect(words.out).toMatch(/pool +0 of 3 in use/)
    const json = await run(["status", "--json"], { RESILIENCE_URL: origin, RESILIENCE_TOKEN: TOKEN })
    expect(JSON.parse(json.out)).toMatchObject({ resilience: db.report().resilience, schema_version: 1 })
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
    away = true
    expect(await run(["status", origin])).toMatchObject({ code: 1, err: expect.stringContaining("answered 502") })
    away = false
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

describe("kysely-resilient watch", () => {
  it("writes a line for what happens, and one now and then for how it is", async () => {
    const watching = start(["watch", origin, "--seconds", "4"], { RESILIENCE_TOKEN: TOKEN })
    await expect.poll(() => watching.said.out, SOON).toMatch(/healthy {2}\d+ \/s/)
    void (await db.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"))
    expect(await watching.ended).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringMatching(/connection (discarded|opened)/),
    })
  })

  it("comes back when the stream is lost, and says so", async () => {
    const watching = start(["watch", origin], { RESILIENCE_TOKEN: TOKEN })
    await expect.poll(() => watching.said.out, SOON).toMatch(/healthy/)
    busy = true
    server.closeAllConnections()
    await expect.poll(() => watching.said.out, SOON).toMatch(/nothing is heard/)
    busy = false
    const before = watching.said.out.length
    await expect.poll(() => watching.said.out.slice(before), SOON).toMatch(/healthy/)
    watching.child.kill("SIGINT")
    expect(await watching.ended).toMatchObject({ code: 0, err: "" })
  })

  it("says what it wants where it is refused", async () => {
    expect(await run(["watch", origin])).toMatchObject({ code: 2, err: expect.stringContaining("wants a token") })
    expect(await run(["watch"])).toMatchObject({ code: 2, err: expect.stringContaining("say which application") })
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

  it("cannot look where nobody answers, and tells no password", async () => {
    const { code, out, err } = await run(["doctor", "postgres://me:hunter2@127.0.0.1:9/shop"])
    expect({ code, out }).toEqual({ code: 2, out: "" })
    expect(err).toMatch(/^doctor: The server could not be looked at: .*ECONNREFUSED/)
    expect(err).not.toContain("hunter2")
    expect(await start(["doctor"], { DATABASE_URL: "nonsense" }).ended).toMatchObject({
      code: 2,
      err: expect.stringContaining("DATABASE_URL"),
    })
  })
})

it("ends as programs do whose reader has had enough, without a word", async () => {
  const watching = start(["watch", origin], { RESILIENCE_TOKEN: TOKEN })
  await expect.poll(() => watching.said.out, SOON).toMatch(/healthy/)
  watching.child.stdout.destroy()
  void (await db.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"))
  expect(await watching.ended).toMatchObject({ code: 141, err: "" })
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
