import type { OperationNode } from "kysely"

import { RecentTexts, TEXTS_KEPT } from "./recent-texts.ts"
import { textSummary } from "./text-summary.ts"
import { treeSummary } from "./tree-summary.ts"

const summaries = new RecentTexts<string>(TEXTS_KEPT)

/** A text was met for the first time, with the tree that it was compiled from: once that is gone, only the text is left to read. */
export function rememberSummary(root: OperationNode, sql: string): void {
  const summary = treeSummary(root)
  if (summary !== undefined) summaries.set(sql, summary)
}

/**
 * `db.query.summary` of a statement that an event tells of: what it does and to which tables, at most 255 characters, without
 * data: "SELECT users", "INSERT transfers", "SELECT users posts". From the operation tree of built queries; from the words of
 * raw SQL; the caller's label, or "postgresql", for what has neither. Worked out when it is asked for, once per text.
 */
export function summaryOf({ sql, label }: { readonly sql: string; readonly label?: string | undefined }): string {
  const known = summaries.get(sql)
  if (known !== undefined) return known
  const summary = textSummary(sql)
  if (summary === "") return label ?? "postgresql"
  summaries.set(sql, summary)
  return summary
}
