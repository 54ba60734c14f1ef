import { systemClock } from "@kysely-resilient/driver"
import { resolveOptions } from "@kysely-resilient/driver/src/options/resolve.ts"
import type { PgConnection } from "@kysely-resilient/driver/src/postgres/connection.ts"
import { Connections } from "@kysely-resilient/driver/src/postgres/connections.ts"
import type { ServerLife } from "@kysely-resilient/driver/src/postgres/server-life.ts"
import { terminateXid } from "@kysely-resilient/driver/src/resolution/ask-xid.ts"
import { askRow } from "@kysely-resilient/driver/src/resolution/side-connection.ts"
import { afterEach, beforeEach, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { identity } from "../../support/identity.ts"

const database = testDatabase(import.meta.url)
let holder: PgConnection
let side: PgConnection
let xid: string
let life: ServerLife

async function connect(): Promise<PgConnection> {
  const connections = new Connections({
    database: identity,
    settings: resolveOptions({ connection: database.url }, {}).connection,
    connectMs: 5_000,
    cancelMs: 1_000,
    onConnect: undefined,
    clock: systemClock,
  })
  const opened = await connections.open(() => {})
  if (!opened.ok) throw new Error(opened.failure.message)
  return opened.value
}

beforeEach(async () => {
  holder = await connect()
  side = await connect()
  await holder.perform({ protocol: "simple", sql: "begin" })
  const asked = await holder.perform({
    protocol: "extended",
    steps: [{ do: "learn", sql: "select pg_current_xact_id()::text" }],
  })
  xid = asked.learnt?.[0] ?? ""
  if (holder.facts.life === undefined) throw new Error("the server did not say who it is")
  life = holder.facts.life
})

afterEach(() => {
  holder.close()
  side.close()
})

async function holds(): Promise<boolean> {
  const asked = await askRow(
    side,
    `select count(*)::text from pg_stat_activity where backend_xid = xid('${xid}'::xid8)`,
  )
  return asked.ok && asked.fields[0] === "1"
}

it("ends the transaction of that number in the life that it was handed out in", async () => {
  expect(await holds()).toBe(true)
  await terminateXid(side, { by: "xid", xid, life })
  await expect.poll(holds).toBe(false)
})

it.each([
  ["another start of the server", { startedAt: "1.5" }],
  ["a recovery that the postmaster survived", { resetAt: ["1.5", "2.5"] }],
  ["a server that says nothing of its statistics", { resetAt: ["", ""] }],
] as const)("leaves whoever has the number since %s alone", async (_, change) => {
  await terminateXid(side, { by: "xid", xid, life: { ...life, ...change } })
  expect(await holds()).toBe(true)
})

it("is not kept from it by an administrator who has reset one kind of statistics", async () => {
  await terminateXid(side, { by: "xid", xid, life: { ...life, resetAt: ["1.5", life.resetAt[1]] } })
  await expect.poll(holds).toBe(false)
})
