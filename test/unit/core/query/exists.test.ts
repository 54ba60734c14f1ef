import { existsQuery } from "@kysely-resilient/core/src/query/exists.ts"
import { describeStatement } from "@kysely-resilient/driver"
import { CompiledQuery } from "kysely"
import { describe, expect, it } from "vitest"

import { coldKysely } from "../../../support/cold-kysely.ts"

describe("select exists (…)", () => {
  const db = coldKysely()

  it("is seen to only read, if what it wraps only reads", () => {
    const read = existsQuery(db.selectFrom("users").select("id").where("id", "=", 1).compile())
    expect(describeStatement(read)).toMatchObject({ reads: "proved", single: true, selfCommitting: false })
  })

  it("is not taken for a read, if what it wraps locks or is raw", () => {
    const locking = existsQuery(db.selectFrom("users").select("id").forUpdate().compile())
    expect(describeStatement(locking).reads).toBe("no")
    expect(describeStatement(existsQuery(CompiledQuery.raw("select nextval('s')"))).reads).not.toBe("proved")
  })
})
