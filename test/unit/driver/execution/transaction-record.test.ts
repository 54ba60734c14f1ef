import { TransactionRecord } from "@kysely-resilient/driver/src/execution/transaction-record.ts"
import { classify } from "@kysely-resilient/driver/src/failure/classify.ts"
import type { Failure } from "@kysely-resilient/driver/src/failure/failure.ts"
import { encodeFailed } from "@kysely-resilient/driver/src/failure/local.ts"
import { describe, expect, it } from "vitest"

import { fatal, sent, serverError, systemError } from "../failure/support.ts"

const failureOf = (error: Error): Failure => classify(error, sent("transaction"))
const duplicate = failureOf(serverError("23505"))
const aborted = failureOf(serverError("25P02"))
const unsendable = encodeFailed({ why: "Parameter $1 is a function" })
const conflict = failureOf(serverError("40001"))
const deadlock = failureOf(serverError("40P01"))
const lost = failureOf(systemError("ECONNRESET", "read"))
const terminated = failureOf(fatal("57P01"))

describe("the record of a transaction", () => {
  it("is clean at first", () => {
    const record = new TransactionRecord()
    expect(record.firstFailure).toBeUndefined()
    expect(record.mayHaveWritten).toBe(false)
  })

  it("keeps the first failure, whatever follows from it", () => {
    const record = new TransactionRecord()
    record.failed(duplicate)
    record.failed(aborted)
    expect(record.firstFailure).toBe(duplicate)
  })

  it("forgets a failure when a savepoint from before it was rolled back to", () => {
    const record = new TransactionRecord()
    record.savepoint("a")
    record.failed(duplicate)
    record.rollbackTo("a")
    expect(record.firstFailure).toBeUndefined()
  })

  it("keeps a failure that is older than the savepoint", () => {
    const record = new TransactionRecord()
    record.failed(unsendable)
    record.savepoint("a")
    record.failed(duplicate)
    record.rollbackTo("a")
    expect(record.firstFailure).toBe(unsendable)
  })

  it("takes a savepoint for what it is until it is released: it may be rolled back to twice", () => {
    const record = new TransactionRecord()
    record.savepoint("a")
    record.failed(duplicate)
    record.rollbackTo("a")
    record.failed(unsendable)
    expect(record.firstFailure).toBe(unsendable)
    record.rollbackTo("a")
    expect(record.firstFailure).toBeUndefined()
  })

  it("finds the innermost of two savepoints of one name, as PostgreSQL does", () => {
    const record = new TransactionRecord()
    record.savepoint("a")
    record.failed(unsendable)
    record.savepoint("a")
    record.failed(duplicate)
    record.rollbackTo("a")
    expect(record.firstFailure).toBe(unsendable)
    record.release("a")
    record.rollbackTo("a")
    expect(record.firstFailure).toBeUndefined()
  })

  it("has lost the inner savepoints when an outer one is released or rolled back to", () => {
    for (const end of ["release", "rollbackTo"] as const) {
      const record = new TransactionRecord()
      record.savepoint("outer")
      record.savepoint("inner")
      record[end]("outer")
      record.failed(duplicate)
      record.rollbackTo("inner")
      expect(record.firstFailure).toBe(duplicate)
    }
  })

  it("does nothing for a savepoint that it does not know", () => {
    const record = new TransactionRecord()
    record.failed(duplicate)
    record.rollbackTo("nowhere")
    record.release("nowhere")
    expect(record.firstFailure).toBe(duplicate)
  })

  it.each([
    ["a conflict", conflict],
    ["a deadlock", deadlock],
    ["a lost connection", lost],
    ["a session that the server ended", terminated],
  ])("%s inside a savepoint fails the whole: it has to run again", (_, failure) => {
    const record = new TransactionRecord()
    record.savepoint("a")
    record.failed(failure)
    record.rollbackTo("a")
    expect(record.firstFailure).toBe(failure)
  })

  it("a conflict stays, though another failure came before it and was undone", () => {
    const record = new TransactionRecord()
    record.savepoint("a")
    record.failed(unsendable)
    record.failed(conflict)
    expect(record.firstFailure).toBe(unsendable)
    record.rollbackTo("a")
    expect(record.firstFailure).toBe(conflict)
  })

  it("the first failure stays the first, though a conflict came after it", () => {
    const record = new TransactionRecord()
    record.failed(unsendable)
    record.savepoint("a")
    record.failed(conflict)
    record.rollbackTo("a")
    expect(record.firstFailure).toBe(unsendable)
  })
})
