import { MARKER_MIGRATION, MARKER_TABLE } from "@kysely-resilient/driver"

import type { ServerRule } from "../examined.ts"

export const markerTableMissing: ServerRule = {
  code: "MARKER_TABLE_MISSING",
  when: '`resolution: "marker"` is asked for, and its table is not there or may not be written to',
  why: 'Lost COMMITs are then looked for as with `"xid"`: after a crash or a failover some stay unknown.',
  find({ configuration, server }) {
    if (configuration.resolution !== "marker" || server.markerTable) return undefined
    return {
      severity: "warning",
      message: `resolution is "marker", and ${MARKER_TABLE} is not there for ${server.role.name}`,
      action: "Make the table as a migration, and grant INSERT and SELECT on it",
      sql: MARKER_MIGRATION.up.join(";\n"),
      evidence: { resolution: "marker", table: MARKER_TABLE, role: server.role.name },
    }
  },
}
