import { listed, type ServerRule } from "../examined.ts"

export const staleStatistics: ServerRule = {
  code: "STALE_STATISTICS",
  when: "of a table of 10,000 rows or more a fifth has changed since it was analyzed, ten minutes ago or longer; or it never was",
  why: "The planner works with what was true once, and chooses plans for that.",
  needs: ["storage"],
  find({ storage }) {
    const stale = storage?.staleStatistics ?? []
    if (stale.length === 0) return undefined
    return {
      severity: "info",
      message: `The statistics of ${listed(stale.map(({ table }) => table))} are old`,
      action: "Analyze now; if that comes again, lower autovacuum_analyze_scale_factor for the table",
      sql: stale.map(({ table }) => `analyze ${table}`).join(";\n"),
      evidence: { tables: stale.map(({ table, rows, changed, analyzed }) => ({ table, rows, changed, analyzed })) },
    }
  },
}
