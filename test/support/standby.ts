import { execFileSync } from "node:child_process"
import { appendFileSync, chownSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import type { OwnServer } from "@kysely-resilient/testing"
import pg from "pg"

/**
 * Makes `standby`, a running server of the same version, into a standby of `primary`: its data is replaced by a base
 * backup, copied file by file, because the embedded PostgreSQL has no pg_basebackup. Its password is then the primary's.
 *
 * @param how `following` receives whatever the primary writes; `cut off` has heard nothing from it since the backup, as an
 *   asynchronous standby behind a broken network
 */
export async function makeStandby(standby: OwnServer, primary: OwnServer, how: "following" | "cut off"): Promise<void> {
  const owner = statSync(standby.dataDirectory)
  await standby.stopFast()
  rmSync(standby.dataDirectory, { recursive: true })
  const client = new pg.Client(primary.url)
  client.on("error", () => {})
  await client.connect()
  try {
    await client.query("select pg_backup_start('standby', true)")
    execFileSync("cp", ["-a", primary.dataDirectory, standby.dataDirectory])
    rmSync(join(standby.dataDirectory, "postmaster.pid"))
    const { rows } = await client.query<{ labelfile: string }>("select labelfile from pg_backup_stop(false)")
    // The end of the backup is in the WAL that was written since.
    execFileSync("cp", ["-a", `${join(primary.dataDirectory, "pg_wal")}/.`, join(standby.dataDirectory, "pg_wal")])
    for (const [name, content] of [
      ["backup_label", rows[0]?.labelfile ?? ""],
      ["standby.signal", ""],
    ] as const) {
      writeFileSync(join(standby.dataDirectory, name), content, { mode: 0o600 })
      chownSync(join(standby.dataDirectory, name), owner.uid, owner.gid)
    }
    if (how === "following") {
      const { host, port, user, password } = primary
      appendFileSync(
        join(standby.dataDirectory, "postgresql.conf"),
        `primary_conninfo = 'host=${host} port=${port} user=${user} password=${password}'\n`,
      )
    }
  } finally {
    await client.end()
  }
  await standby.start()
}
