import { createHash } from "node:crypto"

import { FACTS } from "../tables.ts"

interface Fact {
  readonly id: number
  readonly payload: string
}

/** What the table of facts must say, by id; the same as PostgreSQL's md5. */
const PAYLOADS: readonly string[] = Array.from({ length: FACTS + 1 }, (_, id) =>
  createHash("md5").update(String(id)).digest("hex"),
)

export function isFact({ id, payload }: Fact): boolean {
  return PAYLOADS[id] === payload
}

/** What is wrong with an answer that should be these facts, in this order, and all of them. */
export function wrongFacts(rows: readonly Fact[], first: number, count: number): string | undefined {
  if (rows.length !== count) return `${rows.length} rows and not ${count}`
  const wrong = rows.findIndex((row, index) => row.id !== first + index || !isFact(row))
  return wrong === -1 ? undefined : `row ${wrong} is not fact ${first + wrong}`
}
