import { createTemplate, dropTemplate, isolatedDatabase } from "@kysely-resilient/testing"
import { Client } from "pg"
import { describe, expect, inject, it } from "vitest"
import { testDatabase } from "../../support/databases.ts"

const server = { url: inject("postgresUrl") }
const own = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table fruit (name text)")
  },
})

async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

describe("testDatabase", () => {
  it("gives the file a database that is set up and named after it", async () => {
    expect(own.name).toMatch(/^testing_databases_[0-9a-f]{10}$/)
    expect(await own.ask("select count(*)::int as n from fruit")).toEqual([{ n: 0 }])
    expect(await ask(own.adminUrl, "select current_database() as name")).toEqual([{ name: "postgres" }])
  })
})

describe("isolatedDatabase", () => {
  it("makes databases that do not see each other", async () => {
    await using one = await isolatedDatabase(server, { name: "one" })
    await using other = await isolatedDatabase(server, { name: "one" })
    await ask(one.url, "create table t (a int)")
    expect(one.name).not.toBe(other.name)
    await expect(ask(other.url, "select * from t")).rejects.toMatchObject({ code: "42P01" })
  })

  it("drops a database that somebody is still connected to, and only once", async () => {
    const database = await isolatedDatabase(server)
    const client = new Client({ connectionString: database.url })
    const ended = new Promise<unknown>((resolve) => client.on("error", resolve))
    await client.connect()
    await database.drop()
    await database.drop()
    await expect(ended).resolves.toMatchObject({ code: "57P01" })
    expect(await ask(server.url, `select from pg_database where datname = '${database.name}'`)).toEqual([])
  })

  it("names the database after a file, within PostgreSQL's 63 bytes", async () => {
    const longest = `file:///home/${"x".repeat(90)}.test.ts`
    await using database = await isolatedDatabase(server, { name: longest })
    expect(database.name).toHaveLength(63)
    expect(await ask(database.url, "select current_database() as name")).toEqual([{ name: database.name }])
  })
})

describe("createTemplate", () => {
  it("sets up once, however many ask at the same moment, and every copy has it all", async () => {
    const name = `template_${process.pid}_once`
    let setups = 0
    const make = (): Promise<boolean> =>
      createTemplate(server, name, async (client) => {
        setups++
        await client.query("create table fruit as select g as id from generate_series(1, 1000) g")
      })
    expect((await Promise.all([make(), make(), make()])).filter((made) => made)).toHaveLength(1)
    expect(setups).toBe(1)

    await using one = await isolatedDatabase(server, { template: name })
    await using other = await isolatedDatabase(server, { template: name })
    await ask(one.url, "delete from fruit")
    expect(await ask(other.url, "select count(*)::int as n from fruit")).toEqual([{ n: 1000 }])
    await dropTemplate(server, name)
  })

  it("leaves nothing behind when the set-up fails", async () => {
    const name = `template_${process.pid}_fails`
    const failing = createTemplate(server, name, async (client) => {
      await client.query("create table t (a int)")
      throw new Error("half way")
    })
    await expect(failing).rejects.toThrow("half way")
    expect(await ask(server.url, `select datname from pg_database where datname like '%${name}%'`)).toEqual([])
  })
})
