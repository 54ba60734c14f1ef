import { alive, gone } from "@kysely-resilient/testing/src/embedded/processes.ts"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { Client } from "pg"
import { afterAll, beforeAll, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { PgBouncer } from "../../support/pgbouncer/pgbouncer.ts"
import { describeWithPgBouncer, pgBouncer as program } from "../../support/pgbouncer/suite.ts"

const database = testDatabase(import.meta.url)

/** Runs work with a plain client; what happens to its connection shows in the work. */
async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  client.on("error", () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}

describeWithPgBouncer("a PgBouncer of our own", () => {
  let pgBouncer: PgBouncer

  beforeAll(async () => {
    pgBouncer = await PgBouncer.start({ program, target: database.url })
  })

  afterAll(async () => {
    await pgBouncer.stop()
  })

  const answer = (): Promise<unknown> =>
    withClient(pgBouncer.url(database.url), async (client) => (await client.query("select 1 as one")).rows[0])

  it("passes on what it is asked, in transaction mode", async () => {
    expect(await answer()).toEqual({ one: 1 })
    const pools = await pgBouncer.command("SHOW POOLS")
    expect(pools).toContainEqual(expect.objectContaining({ database: database.name, pool_mode: "transaction" }))
  })

  it("comes back on the same port after a restart and after a crash", async () => {
    await pgBouncer.restart()
    expect(await answer()).toEqual({ one: 1 })
    const pid = pgBouncer.pid ?? 0
    await pgBouncer.crash()
    expect(alive(pid)).toBe(false)
    await expect(answer()).rejects.toThrow("ECONNREFUSED")
    await pgBouncer.start()
    expect(await answer()).toEqual({ one: 1 })
  })

  it("lets nobody through while it is paused", async () => {
    await pgBouncer.pause()
    const asked = answer()
    expect(await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 100, "waits"))])).toBe("waits")
    await pgBouncer.resume()
    expect(await asked).toEqual({ one: 1 })
  })
})

describeWithPgBouncer("a PgBouncer that nobody stops", () => {
  it.each([
    ["whose owner throws", "throws", undefined],
    ["whose owner is interrupted, as by Ctrl-C", "waits", "SIGINT"],
    ["whose owner is killed", "waits", "SIGKILL"],
  ] as const)("%s ends, and leaves nothing behind", async (_, ending, by) => {
    const temporary = mkdtempSync(join(tmpdir(), "kysely-resilient-test-"))
    chmodSync(temporary, 0o777)
    const owner = spawn(process.execPath, [join(import.meta.dirname, "fixtures/pgbouncer-owner.ts"), ending], {
      env: { PATH: process.env["PATH"], TMPDIR: temporary },
      stdio: ["ignore", "pipe", "ignore"],
    })
    const exited = once(owner, "exit")
    const [line] = await once(createInterface({ input: owner.stdout }), "line")
    const { pid } = JSON.parse(String(line)) as { pid: number }
    if (by !== undefined) {
      expect(readdirSync(temporary), "it keeps its files there").toHaveLength(1)
      owner.kill(by)
    }
    await exited
    expect(await gone([pid], 5_000)).toBe(true)
    await expect.poll(() => readdirSync(temporary)).toEqual([])
    rmSync(temporary, { recursive: true })
  })
})
