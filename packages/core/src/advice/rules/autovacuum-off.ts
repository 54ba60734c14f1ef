import { graver, isSet, listed, type ServerRule } from "../examined.ts"

export const autovacuumOff: ServerRule = {
  code: "AUTOVACUUM_OFF",
  when: "`autovacuum` or `track_counts` is off, or autovacuum is switched off for a table",
  why: "Dead rows stay, statistics grow old, and transaction ids run out.",
  needs: ["storage"],
  find(examined) {
    const off = ["autovacuum", "track_counts"].filter((name) => isSet(examined, name, "off"))
    const tables = examined.storage?.withoutAutovacuum.map(({ table }) => table) ?? []
    if (off.length > 0) {
      return {
        severity: graver(examined),
        message: `${off.join(" and ")} off: nothing vacuums and analyzes by itself`,
        action: "Switch it on; to be gentle on the disk there is autovacuum_vacuum_cost_delay",
        sql: [...off.map((name) => `alter system set ${name} = on`), "select pg_reload_conf()", ...reset(tables)].join(
          ";\n",
        ),
        evidence: { off, tables },
      }
    }
    if (tables.length === 0) return undefined
    return {
      severity: "info",
      message: `Autovacuum is switched off for ${listed(tables)}`,
      action: "Switch it on again when the load that it was in the way of is done",
      sql: reset(tables).join(";\n"),
      evidence: { off, tables },
    }
  },
}

function reset(tables: readonly string[]): readonly string[] {
  return tables.map((table) => `alter table ${table} reset (autovacuum_enabled)`)
}
