import { listed, type ServerRule } from "../examined.ts"

export const deadRows: ServerRule = {
  code: "DEAD_ROWS",
  when: "more than a fifth of a table, and more than 10,000 rows, are dead, and nobody is vacuuming it",
  why: "Every scan reads them. Autovacuum does not get round, or a transaction, slot or standby keeps it from removing them.",
  needs: ["storage"],
  find({ storage }) {
    const tables = storage?.deadRows ?? []
    if (tables.length === 0) return undefined
    return {
      severity: "info",
      message: listed(tables.map(({ table, dead, live }) => `${table} has ${dead} dead rows beside ${live}`)),
      action: "Vacuum; if that removes nothing, look for old transactions and slots",
      sql: tables.map(({ table }) => `vacuum (verbose, analyze) ${table}`).join(";\n"),
      evidence: { tables: tables.map(({ table, live, dead }) => ({ table, live, dead })) },
    }
  },
}
