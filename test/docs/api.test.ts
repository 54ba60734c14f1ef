import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { globSync, readFileSync } from "node:fs"
import { resolve } from "node:path"

import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { root } from "../../scripts/docs/pages.ts"
import { testDatabase } from "../support/databases.ts"

const schema = readFileSync(resolve(root, "examples/schema/schema.sql"), "utf8")
const database = testDatabase(import.meta.url, { setup: async (client) => void (await client.query(schema)) })
let child: ChildProcess
let origin: string

beforeAll(async () => {
  await database.ask("insert into instruments (id, symbol, name) values (1, 'ANN', 'Ann and Sons')")
  child = spawn(process.execPath, [resolve(root, "examples/api/main.ts")], {
    env: { ...process.env, DATABASE_URL: database.url, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  })
  const port = Promise.withResolvers<string>()
  let said = ""
  child.stdout?.on("data", (chunk) => {
    said += String(chunk)
    const found = /port: (\d+)/.exec(said)?.[1]
    if (found !== undefined) port.resolve(found)
  })
  child.once("exit", (code) => port.reject(new Error(`it ended with ${code}`)))
  origin = `http://127.0.0.1:${await port.promise}`
})

afterAll(async () => {
  const exit = once(child, "exit")
  child.kill("SIGTERM")
  expect(await exit).toEqual([0, null])
})

interface Answered {
  readonly status: number
  readonly type: string | null
  readonly body: unknown
}

async function ask(method: string, path: string, body?: unknown): Promise<Answered> {
  const response = await fetch(`${origin}${path}`, {
    method,
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  })
  return { status: response.status, type: response.headers.get("content-type"), body: await response.json() }
}

let users = 0
const join = async (name: string) => {
  users += 1
  const { body } = await ask("POST", "/users", { name, email: `${name}${users}@example.org` })
  return (body as { id: number }).id
}

const open = async (owner: string, balance: string) => {
  const { body } = await ask("POST", "/accounts", { user: await join(owner), owner, balance })
  return (body as { id: number }).id
}

describe("the example application", () => {
  it("knows its users and what they hold, and says which field is wrong", async () => {
    const ann = { name: "Ann", email: "ann@example.org" }
    const added = await ask("POST", "/users", ann)
    expect(added).toMatchObject({ status: 201, body: ann })
    const { id } = added.body as { id: number }
    expect(await ask("POST", "/users", ann)).toMatchObject({ status: 409, body: { errors: { email: "is taken" } } })
    expect(await ask("POST", "/users", { name: "Bob", email: "bob" })).toMatchObject({
      status: 422,
      body: { errors: { email: "must be an address" } },
    })
    const { body: account } = await ask("POST", "/accounts", { user: id, owner: "savings", balance: "1" })
    expect(await ask("GET", `/users/${id}`)).toEqual({
      status: 200,
      type: "application/json",
      body: { id, ...ann, accounts: [{ id: (account as { id: number }).id, owner: "savings" }] },
    })
    expect(await ask("DELETE", `/users/${id}`)).toMatchObject({ status: 409 })
    const idle = await join("idle")
    expect(await ask("DELETE", `/users/${idle}`)).toMatchObject({ status: 200, body: { id: idle } })
    expect(await ask("GET", `/users/${idle}`)).toMatchObject({ status: 404 })
    expect(await ask("POST", "/accounts", { user: idle, owner: "x", balance: "1" })).toMatchObject({
      status: 422,
      body: { errors: { user: "there is no such user" } },
    })
  })

  it("opens accounts and shows them", async () => {
    const opened = await ask("POST", "/accounts", { user: await join("ann"), owner: "ann", balance: "12.50" })
    expect(opened).toMatchObject({ status: 201, body: { owner: "ann", balance: "12.50" } })
    const { id } = opened.body as { id: number }
    expect(await ask("GET", `/accounts/${id}`)).toMatchObject({ status: 200, body: { owner: "ann" } })
    expect((await ask("GET", "/accounts")).body).toContainEqual({ id, owner: "ann", balance: "12.50" })
    expect(await ask("GET", "/accounts/999999")).toMatchObject({ status: 404, type: "application/problem+json" })
  })

  it("moves money once, however often it is asked to", async () => {
    const [from, to] = [await open("ann", "100"), await open("bob", "0")]
    const transfer = { id: crypto.randomUUID(), from, to, amount: "30.00" }
    const both = await Promise.all([ask("POST", "/transfers", transfer), ask("POST", "/transfers", transfer)])
    for (const answer of both) expect(answer).toMatchObject({ status: 201, body: { id: transfer.id, amount: "30.00" } })
    expect((await ask("GET", `/accounts/${from}`)).body).toMatchObject({ balance: "70.00" })
    expect((await ask("GET", `/accounts/${to}`)).body).toMatchObject({ balance: "30.00" })
  })

  it("says what is wrong with a transfer, field by field, and moves nothing", async () => {
    const [from, to] = [await open("ann", "10"), await open("bob", "0")]
    const id = () => crypto.randomUUID()
    const wrong = [
      [{ id: id(), from, to, amount: "10.01" }, 409, undefined],
      [{ id: id(), from, to: from, amount: "1" }, 422, { to: "must be another account" }],
      [{ id: id(), from, to, amount: "0" }, 422, { amount: "must be more than zero" }],
      [{ id: id(), from, to: 999_999, amount: "1" }, 422, { to: "there is no such account" }],
      [{ id: "1", from: -1, to, amount: 5 }, 422, { id: /UUID/, from: /whole/, amount: /text/ }],
      ["{", 422, { body: "must be JSON" }],
      ["[]", 422, { body: "must be an object" }],
    ] as const
    for (const [body, status, errors] of wrong) {
      const answer = await ask("POST", "/transfers", body)
      expect(answer).toMatchObject({ status, type: "application/problem+json" })
      for (const [field, message] of Object.entries(errors ?? {})) {
        const told: unknown = Reflect.get((answer.body as { errors: object }).errors, field)
        if (typeof message === "string") expect(told).toBe(message)
        else expect(told).toMatch(message)
      }
    }
    expect((await ask("GET", `/accounts/${from}`)).body).toMatchObject({ balance: "10.00" })
  })

  it("gives signals, and not the same twice", async () => {
    const signal = { symbol: "ANN", day: "2026-01-31", kind: "buy", strength: 0.5 }
    expect(await ask("POST", "/signals", signal)).toMatchObject({ status: 201, body: { symbol: "ANN", kind: "buy" } })
    expect(await ask("POST", "/signals", signal)).toMatchObject({ status: 409 })
    expect(await ask("POST", "/signals", { ...signal, kind: "sell", strength: 2 })).toMatchObject({
      status: 422,
      body: { errors: { strength: "must be between 0 and 1" } },
    })
    expect(await ask("POST", "/signals", { ...signal, symbol: "BOB" })).toMatchObject({ status: 404 })
    expect(await ask("GET", "/signals?symbol=ANN")).toMatchObject({
      status: 200,
      body: [{ symbol: "ANN", day: "2026-01-31", kind: "buy", strength: 0.5 }],
    })
    expect((await ask("GET", "/signals?symbol=BOB")).body).toEqual([])
  })

  it("goes on when its connections are ended, and says how it is doing", async () => {
    await database.ask(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    )
    expect((await ask("GET", "/accounts")).status).toBe(200)
    expect(await ask("GET", "/api/database-resilience")).toMatchObject({
      status: 200,
      body: { resilience: { pool_size: 20 } },
    })
  })
})

describe("its sources", () => {
  const files = globSync("*.ts", { cwd: resolve(root, "examples/api") })

  it.each(files)("%s handles errors by type: no try, no assertion, nothing but the public API", (file) => {
    const text = readFileSync(resolve(root, "examples/api", file), "utf8").replaceAll(
      /"[^"]*"|'[^'\n]*'|`[^`]*`|\/\/.*|\/\*[\s\S]*?\*\//g,
      '""',
    )
    expect(text).not.toMatch(/\btry\b|\bcatch\s*\(|\.catch\(/)
    expect(text.replaceAll("as const", "")).not.toMatch(/(?<!\.)\bas\b(?! \w+ from)/)
    expect(text).not.toMatch(/[\w)\]]!(?!=)/)
    const imports = [...readFileSync(resolve(root, "examples/api", file), "utf8").matchAll(/from "([^"]+)"/g)].map(
      ([, from]) => from,
    )
    expect(imports.filter((from) => from?.includes("/src/"))).toEqual([])
  })
})
