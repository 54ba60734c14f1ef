import type { ServerRule } from "../examined.ts"

/** The last day of each major version, as the PostgreSQL project has announced it. */
const ENDS: ReadonlyMap<number, string> = new Map([
  [12, "2024-11-21"],
  [13, "2025-11-13"],
  [14, "2026-11-12"],
  [15, "2027-11-11"],
  [16, "2028-11-09"],
  [17, "2029-11-08"],
  [18, "2030-11-14"],
])

const OLDEST_KNOWN = 12

export const versionEndOfLife: ServerRule = {
  code: "VERSION_END_OF_LIFE",
  when: "the PostgreSQL project no longer maintains this major version",
  why: "Holes in it stay open.",
  find({ server, at }) {
    const major = Math.floor(server.versionNumber / 10_000)
    const end = ENDS.get(major)
    if (major >= OLDEST_KNOWN && (end === undefined || at < Date.parse(end))) return undefined
    return {
      severity: "warning",
      message: `PostgreSQL ${server.version} is no longer maintained${end === undefined ? "" : `, since ${end}`}`,
      action: "Plan the upgrade to a newer major version: pg_upgrade, or logical replication",
      evidence: { version: server.version, end_of_life: end ?? null },
    }
  },
}
