import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { resolve } from "node:path"

import { beforeAll, describe, expect, it } from "vitest"

import { root } from "../../scripts/docs/pages.ts"
import { testDatabase } from "../support/databases.ts"

const database = testDatabase(import.meta.url)

beforeAll(() => database.ask(readFileSync(resolve(root, "examples/accounts.sql"), "utf8")))

describe("docs/http.md", () => {
  it.concurrent.each(["node", "express", "fastify", "hono"])(
    "has an example for %s that answers its own requests and operators, and ends by itself after SIGTERM",
    async (name) => {
      const child = spawn(process.execPath, [resolve(root, `examples/http/${name}.ts`)], {
        env: { ...process.env, DATABASE_URL: database.url, PORT: "0", NODE_ENV: "production" },
        stdio: ["ignore", "pipe", "inherit"],
        timeout: 50_000,
      })
      const exit = once(child, "exit")
      let said = ""
      const listening = Promise.withResolvers<number>()
      child.stdout.on("data", (chunk) => {
        said += String(chunk)
        const port = /port: (\d+)/.exec(said)?.[1]
        if (port !== undefined) listening.resolve(Number(port))
      })
      const origin = `http://localhost:${await listening.promise}`
      const accounts = await fetch(`${origin}/accounts`)
      expect(await accounts.json()).toMatchObject([{ owner: "ann" }, { owner: "bob" }])
      expect(await (await fetch(`${origin}/api/database-resilience`)).json()).toEqual({ status: "healthy" })
      expect((await fetch(`${origin}/api/database-resilience/ui`)).status).toBe(403)
      child.kill("SIGTERM")
      expect(await exit).toEqual([0, null])
    },
    60_000,
  )

  it.each([
    ["handlers", "HandlerOptions"],
    ["scope/options", "RequestOptions"],
  ])("names every option of %s", (file, name) => {
    const page = readFileSync(resolve(root, "docs/http.md"), "utf8")
    const source = readFileSync(resolve(root, `packages/http/src/${file === "handlers" ? "options" : file}.ts`), "utf8")
    const body = new RegExp(`^export interface ${name} \\{\\n([\\s\\S]*?)^\\}`, "m").exec(source)?.[1] ?? ""
    const keys = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, key = ""]) => key)
    expect(keys.length).toBeGreaterThan(5)
    expect(keys.filter((key) => !page.includes(`\`${key}\``))).toEqual([])
  })
})
