import { readFileSync } from "node:fs"

import { startEmbeddedPostgres } from "@kysely-resilient/testing"
import { withClient } from "@kysely-resilient/testing/src/sql-client.ts"
import { expect, vi } from "vitest"

import { certificate } from "../tls/server.ts"
import { examinedServer, type ExaminedServer } from "./examined-server.ts"
import { PLANTS } from "./plants.ts"

/** For what the server does in its own time. */
const PATIENCE = { timeout: 10_000, interval: 50 }

const SETTINGS = { listen_addresses: "*", max_connections: 30, ssl: true }

/** A server with everything wrong with it that PLANTS names. */
export async function startPlantedServer(): Promise<ExaminedServer> {
  const server = await startEmbeddedPostgres({
    settings: { ...SETTINGS, ...Object.assign({}, ...PLANTS.map(({ settings }) => settings)) },
    files: {
      "pg_hba.conf": "host all all all md5\n",
      "server.crt": readFileSync(certificate("server.crt"), "utf8"),
      "server.key": readFileSync(certificate("server.key"), "utf8"),
    },
  })
  const examined = await examinedServer(server, "planted")
  const planter = await examined.connect()
  for (const { sql = [] } of PLANTS) for (const text of sql) await planter.query(text)
  // What it has counted is told when it leaves.
  await planter.end()
  for (const { sessions } of PLANTS) await sessions?.(() => examined.connect())
  await vi.waitFor(async () => {
    const { rows } = await withClient(examined.url, (client) =>
      client.query("select failed_count > 0 as so from pg_stat_archiver"),
    )
    expect(rows).toEqual([{ so: true }])
  }, PATIENCE)
  return examined
}
