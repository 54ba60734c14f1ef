import type { ServerRule } from "../examined.ts"
import { percent } from "../memory.ts"

const WARNING = 0.8
const CRITICAL = 0.95

export const sequenceNearlyExhausted: ServerRule = {
  code: "SEQUENCE_NEARLY_EXHAUSTED",
  when: `more than ${WARNING * 100} % of a sequence's values, or of those that its column can hold, are used; critical from ${CRITICAL * 100} %`,
  why: "After the last one every INSERT fails.",
  needs: ["sequences"],
  find({ sequences }) {
    const full = (sequences?.sequences ?? []).filter(({ ratio }) => ratio > WARNING)
    const [worst] = full
    if (worst === undefined) return undefined
    const columns = full.filter(({ type }) => type === "integer" || type === "smallint")
    return {
      severity: worst.ratio >= CRITICAL ? "critical" : "warning",
      message: `${percent(worst.ratio)} of ${worst.sequence} are used${worst.table === null ? "" : ` (${worst.table}.${worst.column})`}`,
      action:
        "Make the column a bigint. That rewrites the table under a lock: on a big one add a bigint column, fill it in pieces, and swap",
      ...(columns.length > 0 && {
        sql: columns
          .map(
            ({ table, columnSql, sequence }) =>
              `alter table ${table} alter column ${columnSql} type bigint;\nalter sequence ${sequence} as bigint`,
          )
          .join(";\n"),
      }),
      evidence: {
        sequences: full.map(({ sequence, table, column, last, max, ratio }) => ({
          sequence,
          table,
          column,
          last,
          max,
          ratio,
        })),
      },
    }
  },
}
