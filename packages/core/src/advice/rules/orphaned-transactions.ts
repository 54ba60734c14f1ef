import { RARE_MS } from "../chronicle.ts"
import { counted, many, ofSort, seconds, type MemoryRule } from "../memory.ts"

export const orphanedTransactions: MemoryRule = {
  code: "ORPHANED_TRANSACTIONS",
  when: "in the last 10 minutes a connection came back with a transaction open that raw SQL had begun",
  why: "Somebody wrote BEGIN and no COMMIT: by `orphanedTransaction` its work was rolled back, or committed half done.",
  find({ seen }) {
    const orphaned = seen("orphaned")
    if (orphaned.count === 0) return undefined
    const committed = ofSort(orphaned, "commit")
    return {
      severity: "warning",
      message:
        `${many(orphaned.count, "transaction")} that raw SQL had begun came back open; ` +
        whatBecame(committed, orphaned.count - committed),
      action: "Write db.transaction(…) instead of BEGIN in raw SQL, or COMMIT on every path",
      evidence: { transactions: orphaned.count, ended_by: counted(orphaned), window_s: seconds(RARE_MS) },
    }
  },
}

function whatBecame(committed: number, lost: number): string {
  if (committed === 0) return `${lost === 1 ? "its" : "their"} work is lost`
  const kept = committed === 1 ? "was committed as it was" : "were committed as they were"
  if (lost === 0) return `${committed === 1 ? "it" : "they"} ${kept}`
  return `${committed} ${kept}, the work of the ${lost === 1 ? "other" : "others"} is lost`
}
