import { describe, expect, it } from "vitest"

import { asApplication, scratchFolder, typeErrors, type Compiler } from "../integration/codegen/type-check.ts"

const program = `import { createDatabase, type Database } from "@kysely-resilient/core"
interface DB { users: { id: number; email: string } }
const db: Database<DB> = createDatabase<DB>()
const only = db.readonly()
const insert = db.insertInto("users").values({ id: 1, email: "x" })
const merge = db.mergeInto("users as a").using("users as b", "a.id", "b.id").whenMatched().thenDelete()
export const results = [
  only.exec(insert),
  only.exec(db.updateTable("users").set({ id: 2 })),
  only.exec(db.deleteFrom("users")),
  only.exec(merge),
  only.all(insert.returning("id")),
  only.all(insert),
  only.batch({ insert }),
  insert.$call(only.exec),
  only.transaction(async (tx) => tx.exec(insert)),
]
`

describe("a write that is handed to a readonly session", () => {
  it.each<Compiler>(["typescript", "typescript-5.9"])(
    "does not compile, and says what to do instead (%s)",
    async (compiler) => {
      await using folder = await scratchFolder()
      const errors = await typeErrors(folder.path, { "writes.ts": program }, asApplication, compiler)
      const found = errors.join("\n").split(/^(?=\S)/m)
      expect(found.map((error) => /\((?<line>\d+),/.exec(error)?.groups?.["line"])).toEqual(
        [8, 9, 10, 11, 12, 13, 14, 15, 16].map(String),
      )
      for (const error of found) {
        expect(error).toContain("this session only reads: run a write with the database itself or a transaction of it")
      }
    },
    60_000,
  )
})
