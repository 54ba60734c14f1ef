import { listed, literal, type ServerRule } from "../examined.ts"

export const slotInactive: ServerRule = {
  code: "SLOT_INACTIVE",
  when: "nobody reads from a replication slot that keeps WAL, for a minute or longer where PostgreSQL tells (17); or the slot has lost what it needs",
  why: "WAL is kept for it until the disk is full; a lost slot's reader can never go on.",
  needs: ["replication"],
  find({ replication, limits }) {
    const idle = (replication?.slots ?? []).filter(
      ({ active, walStatus, retainedBytes, inactiveMs }) =>
        walStatus === "lost" ||
        (!active && retainedBytes !== null && (inactiveMs ?? limits.slotInactiveMs) >= limits.slotInactiveMs),
    )
    if (idle.length === 0) return undefined
    const bytes = idle.reduce((sum, { retainedBytes }) => sum + (retainedBytes ?? 0), 0)
    return {
      severity: "warning",
      message: `Nobody reads from ${listed(idle.map(({ slot }) => slot))}, which keeps ${megabytes(bytes)} of WAL`,
      action: "Bring its reader back; if it is gone for good, drop the slot. max_slot_wal_keep_size is a limit for all",
      sql: idle.map(({ slot }) => `select pg_drop_replication_slot(${literal(slot)})`).join(";\n"),
      evidence: {
        slots: idle.map(({ slot, type, walStatus, retainedBytes }) => ({
          slot,
          type,
          wal_status: walStatus,
          retained_bytes: retainedBytes,
        })),
      },
    }
  },
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MB`
}
