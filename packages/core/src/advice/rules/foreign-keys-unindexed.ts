import { listed, type ServerRule } from "../examined.ts"

/** Below that reading the whole table takes no time worth mentioning. */
const WARNING_ROWS = 100_000

export const foreignKeysUnindexed: ServerRule = {
  code: "FOREIGN_KEYS_UNINDEXED",
  when: `no index begins with the columns of a foreign key, on a table of 1,000 rows or more; a warning from ${WARNING_ROWS.toLocaleString("en")} on`,
  why: "Each DELETE, and each UPDATE of the key, in the other table reads all of this one, while it holds locks.",
  needs: ["storage"],
  find({ storage }) {
    const bare = storage?.unindexedForeignKeys ?? []
    if (bare.length === 0) return undefined
    return {
      severity: bare.some(({ rows }) => rows >= WARNING_ROWS) ? "warning" : "info",
      message: `${listed(bare.map(({ constraint, table }) => `${constraint} of ${table}`))} ${bare.length === 1 ? "has" : "have"} no index`,
      action: "Index the columns, unless nothing is ever deleted from the other table",
      sql: bare.map(({ table, columnsSql }) => `create index concurrently on ${table} (${columnsSql})`).join(";\n"),
      evidence: {
        foreign_keys: bare.map(({ constraint, table, columns, rows, references }) => ({
          constraint,
          table,
          columns,
          rows,
          references,
        })),
      },
    }
  },
}
