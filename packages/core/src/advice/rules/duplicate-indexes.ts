import { listed, type ServerRule } from "../examined.ts"

export const duplicateIndexes: ServerRule = {
  code: "DUPLICATE_INDEXES",
  when: "an index does nothing that another one of the same columns does not do",
  why: "Each costs every write, memory and disk.",
  needs: ["storage"],
  find({ storage }) {
    const byName = new Map((storage?.duplicateIndexes ?? []).map((one) => [one.index, one]))
    const doubled = [...byName.values()]
    if (doubled.length === 0) return undefined
    return {
      severity: "info",
      message: listed(doubled.map(({ index, of }) => `${index} is the same as ${of}`)),
      action: "Drop the one that nobody needs",
      sql: doubled.map(({ index }) => `drop index concurrently ${index}`).join(";\n"),
      evidence: { indexes: doubled.map(({ index, table, of, bytes }) => ({ index, table, of, bytes })) },
    }
  },
}
