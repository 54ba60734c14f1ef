import { categoryOf } from "@kysely-resilient/core/src/errors/categories.ts"
import { REMEDIES } from "@kysely-resilient/core/src/errors/remedies.ts"
import { classify } from "@kysely-resilient/driver/src/failure/classify.ts"
import { untouched } from "@kysely-resilient/driver/src/failure/effect.ts"
import { ALWAYS_FATAL } from "@kysely-resilient/driver/src/failure/severity.ts"
import { ALL_KINDS, failureOf } from "@kysely-resilient/testing/src/core/failures.ts"
import { describe, expect, it } from "vitest"

const ROUTINES: Readonly<Record<string, string>> = { "57P01": "ProcessInterrupts", "57P02": "quickdie" }

const coded = ALL_KINDS.flatMap((kind) => {
  const { sqlState } = failureOf(kind)
  return sqlState === undefined ? [] : [[kind, sqlState] as const]
})

describe("a failure that a test makes up", () => {
  it("can be of every kind there is", () => {
    expect(ALL_KINDS.toSorted()).toEqual(Object.keys(REMEDIES).toSorted())
    expect(ALL_KINDS.map(categoryOf)).not.toContain(undefined)
  })

  it.each(coded)("%s with SQLSTATE %s is what the driver makes of that code", (kind, code) => {
    const made = failureOf(kind)
    const fatal = ALWAYS_FATAL.has(code) || made.phase === "connect"
    const said = {
      name: "error",
      severity: fatal ? "FATAL" : "ERROR",
      code,
      message: "",
      routine: ROUTINES[code] ?? "errfinish",
      file: "x.c",
    }
    const evidence = {
      ...untouched(made.phase),
      sent: made.phase !== "connect",
      everConnected: true,
      ready: !fatal,
      serverWrites: "yes" as const,
    }
    const found = classify(Object.assign(new Error(), said), evidence)
    expect({ kind: found.kind, retry: found.retry }).toEqual({ kind, retry: made.retry })
  })

  it("is never to be repeated where it may have been done", () => {
    for (const kind of ALL_KINDS) {
      for (const effect of ["unknown", "applied", "applied_locally"] as const) {
        expect(failureOf(kind, { effect })).toMatchObject({ kind, effect, retry: "never" })
      }
    }
  })

  it("inside of a transaction is undone with the whole of it", () => {
    expect(failureOf("connection_failed").retry).toBe("statement")
    expect(failureOf("connection_failed", { phase: "transaction" }).retry).toBe("transaction")
  })
})
