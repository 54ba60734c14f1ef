/**
 * Why an xid alone does not tell what became of a transaction. The number of one whose WAL never reached the disk, or never reached
 * the standby, is given to somebody else, and then pg_xact_status() calls it "committed": true of the other one.
 */
import {
  findInstalledPostgres,
  startEmbeddedPostgres,
  startLocalPostgres,
  type OwnServer,
} from "@kysely-resilient/testing"
import pg from "pg"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { makeStandby } from "../support/standby.ts"

/** Nobody but a COMMIT writes WAL to the disk. */
const settings = { wal_writer_delay: "10s", bgwriter_delay: "10s", checkpoint_timeout: "1h", autovacuum: false }

const startInstalled = (): Promise<OwnServer> => startLocalPostgres({ settings })
const versions = [
  ["the embedded version", () => startEmbeddedPostgres({ settings })],
  ...(findInstalledPostgres() === undefined ? [] : [["the installed version", startInstalled] as const]),
] as const

async function connect(server: OwnServer): Promise<pg.Client> {
  const client = new pg.Client(server.url)
  client.on("error", () => {})
  await client.connect()
  return client
}

async function ask<T extends Record<string, unknown>>(
  server: OwnServer,
  text: string,
  ...values: unknown[]
): Promise<T[]> {
  const client = await connect(server)
  try {
    return (await client.query<T>(text, values)).rows
  } finally {
    await client.end()
  }
}

/** What a plain resolver asks. "in the future": the server has not given out that number yet. */
async function statusOf(server: OwnServer, xid: string): Promise<string> {
  const asked = ask<{ status: string }>(server, "select pg_xact_status($1::text::xid8) as status", xid)
  return asked.then(
    ([row]) => row?.status ?? "too old",
    (error: unknown) => (error instanceof pg.DatabaseError && error.code === "22023" ? "in the future" : String(error)),
  )
}

/** A transaction that has written, and whose client still waits for the end: how its xid is known. */
async function victim(
  server: OwnServer,
): Promise<{ readonly client: pg.Client; readonly xid: string; readonly pid: number }> {
  // All that was written before is on the disk, and nothing after it.
  await ask(server, "checkpoint")
  const client = await connect(server)
  await client.query("begin")
  await client.query("insert into notes values ('of the victim')")
  const { rows } = await client.query<{ xid: string; pid: number }>(
    "select pg_current_xact_id_if_assigned()::text as xid, pg_backend_pid() as pid",
  )
  if (rows[0] === undefined) throw new Error("no xid")
  return { client, ...rows[0] }
}

async function othersCommit(server: OwnServer): Promise<void> {
  for (let nth = 0; nth < 5; nth += 1) await ask(server, "insert into notes values ('of somebody else')")
}

const notesOfVictim = async (server: OwnServer): Promise<unknown[]> =>
  ask(server, "select * from notes where note = 'of the victim'")
const ownerOf = async (server: OwnServer, xid: string): Promise<unknown[]> =>
  (await ask(server, "select note from notes where xmin::text = $1", xid)).map(({ note }) => note)

/** What a session can know of the server's life it is in. The timeline of pg_control_checkpoint() lags behind a promotion. */
async function lifeOf(server: OwnServer): Promise<Record<string, unknown>> {
  const [life] = await ask(
    server,
    `select (select system_identifier::text from pg_control_system()) as system,
       case when not pg_is_in_recovery() then left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) end as timeline,
       pg_postmaster_start_time()::text as "start of the postmaster",
       pg_stat_get_bgwriter_stat_reset_time()::text as "reset of the statistics",
       (select stats_reset::text from pg_stat_archiver) as "reset of the archiver's"`,
  )
  return life ?? {}
}

function changes(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  return Object.keys(before).filter((name) => before[name] !== after[name])
}

const STATISTICS = ["reset of the statistics", "reset of the archiver's"]

describe.each(versions)("an xid on %s", (_, start) => {
  let server: OwnServer

  beforeAll(async () => {
    server = await start()
    await ask(server, "create table notes (note text)")
  })

  afterAll(async () => {
    await server.stop()
  })

  it.each([
    ["an immediate stop", () => server.restart("immediate"), ["start of the postmaster", ...STATISTICS]],
    [
      "a crash of everything",
      async () => (await server.crash(), server.start()),
      ["start of the postmaster", ...STATISTICS],
    ],
    ["a crash of another backend", () => server.crashBackend(), STATISTICS],
    ["a crash of its own backend", (pid: number) => server.crashBackend(pid), STATISTICS],
  ] as const)("reads committed after %s, although its transaction is lost", async (_name, crash, changed) => {
    const before = await lifeOf(server)
    const { client, xid, pid } = await victim(server)
    await crash(pid)
    await server.ready()
    await client.end()
    expect(await statusOf(server, xid)).toBe("in the future")
    await othersCommit(server)
    expect(await statusOf(server, xid)).toBe("committed")
    expect(await notesOfVictim(server)).toEqual([])
    expect(await ownerOf(server, xid)).toEqual(["of somebody else"])
    expect(changes(before, await lifeOf(server))).toEqual(changed)
  })

  it("reads aborted after a restart in order, which leaves no gap; statistics live on", async () => {
    const before = await lifeOf(server)
    const { client, xid } = await victim(server)
    await server.restart("fast")
    await client.end()
    await othersCommit(server)
    expect(await statusOf(server, xid)).toBe("aborted")
    expect(changes(before, await lifeOf(server))).toEqual(["start of the postmaster"])
  })

  it("reads committed on a promoted standby that never received its acknowledged COMMIT", async () => {
    const standby = await start()
    try {
      await makeStandby(standby, server, "cut off")
      const before = await lifeOf(server)
      const { client, xid } = await victim(server)
      await client.query("commit")
      await client.end()
      await server.crash()
      await ask(standby, "select pg_promote()")
      await othersCommit(standby)
      expect(await statusOf(standby, xid)).toBe("committed")
      expect(await notesOfVictim(standby)).toEqual([])
      expect(await ownerOf(standby, xid)).toEqual(["of somebody else"])
      expect(changes(before, await lifeOf(standby))).toEqual(["timeline", "start of the postmaster", ...STATISTICS])
    } finally {
      await standby.stop()
    }
  })
})
