import { err, ok } from "neverthrow"

import { integer } from "../random.ts"
import { FACTS } from "../tables.ts"
import { changedMind } from "../trouble.ts"
import { wrongFacts } from "./facts.ts"
import type { Job } from "./job.ts"

const STATEMENTS_MAX = 8
const STREAMED_ROWS = 300

/** A part fails alone, and the rest is committed without it. */
const savepointThatFails: Job = {
  weight: 2,
  run: ({ store, desk, worker, random }) => {
    const byServer = random() < 0.5
    return desk.write("savepoint that fails", worker, 2, (token, said) =>
      store.transaction(async (tx) => {
        const before = await tx.exec(tx.insertInto("ledger").values(token), { name: said.name })
        if (before.isErr()) return before
        const part = await tx.savepoint(async (inner) => {
          const doomed = await inner.exec(inner.insertInto("ledger").values(desk.doom(worker)), { name: said.name })
          if (doomed.isErr()) return err(doomed.error)
          if (!byServer) return err(changedMind())
          return inner.exec(inner.updateTable("accounts").set({ balance: -1 }).where("id", "=", 1), { name: said.name })
        })
        if (part.isOk()) desk.wrong.push("a savepoint that breaks a rule succeeded")
        else if (part.error.kind !== (byServer ? "check_violation" : "changed_mind")) return err(part.error)
        return tx.exec(tx.insertInto("ledger").values(token), { name: said.name })
      }, said),
    )
  },
}

const savepoints: Job = {
  weight: 2,
  run: ({ store, desk, worker, random }) => {
    const depth = integer(random, 1, 3)
    return desk.write("savepoints", worker, depth + 1, (token, said) =>
      store.transaction(async (tx) => {
        for (let part = 0; part < depth; part += 1) {
          const noted = await tx.savepoint((inner) =>
            inner.exec(inner.insertInto("ledger").values(token), { name: said.name }),
          )
          if (noted.isErr()) return err(noted.error)
        }
        return tx.exec(tx.insertInto("ledger").values(token), { name: said.name })
      }, said),
    )
  },
}

const manyStatements: Job = {
  weight: 2,
  run: ({ store, desk, worker, random }) => {
    const statements = integer(random, 2, STATEMENTS_MAX)
    return desk.write("many statements", worker, statements, (token, said) =>
      store.transaction(async (tx) => {
        const noted = await Promise.all(
          Array.from({ length: statements }, () => tx.exec(tx.insertInto("ledger").values(token), { name: said.name })),
        )
        const [first = ok(undefined)] = noted.filter((one) => one.isErr())
        return first
      }, said),
    )
  },
}

const serializable: Job = {
  weight: 1,
  run: ({ store, desk, worker, random }) => {
    const first = integer(random, 1, FACTS - 10)
    return desk.write("serializable", worker, 2, (token, said) =>
      store.transaction(
        async (tx) => {
          const found = await tx.all(
            tx.selectFrom("facts").selectAll().where("id", ">=", first).orderBy("id").limit(10),
            { name: said.name },
          )
          if (found.isErr()) return err(found.error)
          const problem = wrongFacts(found.value, first, 10)
          if (problem !== undefined) desk.wrong.push(`serializable: ${problem}`)
          return tx.exec(tx.insertInto("ledger").values([token, token]), { name: said.name })
        },
        { ...said, isolation: "serializable" },
      ),
    )
  },
}

const streaming: Job = {
  weight: 1,
  run: ({ store, desk, worker }) =>
    desk.write("transaction with a stream", worker, 2, (token, said) =>
      store.transaction(async (tx) => {
        const before = await tx.exec(tx.insertInto("ledger").values(token), { name: said.name })
        if (before.isErr()) return before
        const facts = tx.selectFrom("facts").selectAll().orderBy("id").limit(STREAMED_ROWS)
        let rows = 0
        for await (const row of tx.stream(facts, { name: said.name, chunkSize: 100 })) {
          if (row.isErr()) return err(row.error)
          rows += 1
        }
        if (rows !== STREAMED_ROWS) desk.wrong.push(`transaction with a stream: ${rows} rows`)
        return tx.exec(tx.insertInto("ledger").values(token), { name: said.name })
      }, said),
    ),
}

export const transactions: readonly Job[] = [savepointThatFails, savepoints, manyStatements, serializable, streaming]
