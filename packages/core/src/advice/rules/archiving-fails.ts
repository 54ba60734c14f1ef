import type { ServerRule } from "../examined.ts"
import { many } from "../memory.ts"

export const archivingFails: ServerRule = {
  code: "ARCHIVING_FAILS",
  when: "the last attempt to archive a piece of WAL failed",
  why: "Backups end where it failed, and WAL is kept until the disk is full.",
  needs: ["replication"],
  find({ replication, server }) {
    const archiver = replication?.archiver
    if (archiver?.failing !== true || server.settings.archive_mode === "off") return undefined
    return {
      severity: "critical",
      message: `WAL cannot be archived since ${archiver.lastFailedWal ?? "some time"}; ${many(archiver.failed, "attempt")} failed`,
      action: "Read in the server's log what archive_command says, and mend it before the disk is full",
      sql: "select * from pg_stat_archiver",
      evidence: { archived: archiver.archived, failed: archiver.failed, last_failed_wal: archiver.lastFailedWal },
    }
  },
}
