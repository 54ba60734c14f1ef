import { listed, type ServerRule } from "../examined.ts"

export const unloggedTables: ServerRule = {
  code: "UNLOGGED_TABLES",
  when: "there are unlogged tables",
  why: "After a crash they are empty, and no standby has them. A COMMIT that wrote there is no promise.",
  needs: ["storage"],
  find({ storage }) {
    const tables = storage?.unlogged.map(({ table }) => table) ?? []
    if (tables.length === 0) return undefined
    return {
      severity: "info",
      message: `A crash empties ${listed(tables)}: unlogged`,
      action: "Nothing, if what is in them can be made again; else log them, which writes them once",
      sql: tables.map((table) => `alter table ${table} set logged`).join(";\n"),
      evidence: { tables },
    }
  },
}
