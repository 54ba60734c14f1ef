import { listed, type ServerRule } from "../examined.ts"

export const invalidIndexes: ServerRule = {
  code: "INVALID_INDEXES",
  when: "an index is invalid, and nobody is building it",
  why: "It costs every write and serves no read; a unique one does not keep what it promises.",
  needs: ["storage"],
  find({ storage }) {
    const invalid = storage?.invalidIndexes ?? []
    if (invalid.length === 0) return undefined
    return {
      severity: "warning",
      message: `${listed(invalid.map(({ index }) => index))} failed to be built and ${invalid.length === 1 ? "is" : "are"} of no use`,
      action: "Build it again; what made it fail (doubled rows, a deadlock) has to be gone",
      sql: invalid.map(({ index }) => `reindex index concurrently ${index}`).join(";\n"),
      evidence: { indexes: invalid.map(({ index, table }) => ({ index, table })) },
    }
  },
}
