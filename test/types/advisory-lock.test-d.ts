import type { Locked, QueryError, Session, Tx } from "@kysely-resilient/core"
import type { TransactionError } from "@kysely-resilient/core/errors"
import { err, ok, type ResultAsync } from "neverthrow"
import { describe, expectTypeOf, it } from "vitest"

import { db, type Shop } from "./shop.ts"

describe("withAdvisoryLock", () => {
  it("answers what its callback answers, and with wait: false whether it ran", () => {
    const body = async (tx: Tx<Shop>) => (tx.attempt > 1 ? err("no" as const) : ok(1))
    expectTypeOf(db.withAdvisoryLock("k", body)).toEqualTypeOf<ResultAsync<number, "no" | TransactionError>>()
    expectTypeOf(db.withAdvisoryLock(1n, body, { lockTimeoutMs: 5 })).toEqualTypeOf<
      ResultAsync<number, "no" | TransactionError>
    >()
    expectTypeOf(db.withAdvisoryLock("k", body, { wait: false })).toEqualTypeOf<
      ResultAsync<Locked<number>, "no" | TransactionError>
    >()
    // @ts-expect-error a number is no key: 1n is
    void db.withAdvisoryLock(1, body)
    // @ts-expect-error who does not wait has no limit to it
    void db.withAdvisoryLock("k", body, { wait: false, lockTimeoutMs: 5 })
    // @ts-expect-error it has to see what the last holder has done
    void db.withAdvisoryLock("k", body, { isolation: "serializable" })
  })

  it("is there on every session", () => {
    const alone = (session: Session<Shop>) =>
      session.withAdvisoryLock("k", (tx) => tx.all(tx.selectFrom("users").select("id")))
    expectTypeOf(alone).toBeCallableWith(db)
    expectTypeOf(alone(db)).toEqualTypeOf<ResultAsync<{ id: bigint }[], QueryError | TransactionError>>()
    void db.transaction((tx) => tx.savepoint((part) => alone(part)))
    void db.withConnection((session) => alone(session))
  })
})
