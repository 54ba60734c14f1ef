/** The server's power is cut under load. */
import { setTimeout as pause } from "node:timers/promises"

import { startEmbeddedPostgres } from "@kysely-resilient/testing"
import pg from "pg"
import { expect, it } from "vitest"

import { byHand, resilientPool, told, type Told } from "./poolside.ts"

async function until(reached: () => boolean): Promise<void> {
  const limitAt = performance.now() + 10_000
  while (!reached() && performance.now() < limitAt) await pause(5)
}

it("a power cut: what was told is true, and callers go on when it is back", async () => {
  await using server = await startEmbeddedPostgres()
  const admin = new pg.Client(server.url)
  admin.on("error", () => {})
  await admin.connect()
  await admin.query("create table notes (note text primary key)")
  const pool = resilientPool(server.url, { max: 6, resilience: { retry: { outageWaitMs: 20_000 } } })
  const said = new Map<string, Told>()
  const over = new AbortController()
  let afterwards = 0
  let back = false
  const caller = async (nth: number): Promise<void> => {
    for (let round = 0; !over.signal.aborted; round += 1) {
      const note = `${nth}-${round}`
      const insert = `insert into notes values ('${note}')`
      const answer = await told(nth % 2 === 0 ? pool.query(insert) : byHand(pool, insert))
      said.set(note, answer)
      if (back && answer.ok) afterwards += 1
      await pause(1)
    }
  }
  const callers = Array.from({ length: 10 }, (_, nth) => caller(nth))
  await until(() => said.size > 50)
  await server.crash()
  await pause(200)
  await server.start()
  back = true
  await until(() => afterwards > 10)
  over.abort()
  await Promise.all(callers)
  const side = new pg.Client(server.url)
  await side.connect()
  const { rows } = await side.query<{ note: string }>("select note from notes")
  await side.end()
  await pool.end()
  await admin.end().catch(() => {})
  const there = new Set(rows.map((row) => row.note))
  const all = [...said]
  expect(afterwards).toBeGreaterThan(10)
  expect(all.filter(([note, { ok }]) => ok && !there.has(note))).toEqual([])
  expect(all.filter(([note, { effect }]) => effect === "not_applied" && there.has(note))).toEqual([])
  expect(all.filter(([, { ok, effect }]) => !ok && effect === undefined)).toEqual([])
})
