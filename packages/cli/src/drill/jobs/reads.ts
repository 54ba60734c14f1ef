import { tried } from "../kysely-door.ts"
import { integer } from "../random.ts"
import { FACTS, OPENING_BALANCE } from "../tables.ts"
import { wrongFacts } from "./facts.ts"
import type { Caller, Job } from "./job.ts"
import { TRANSFER_ACCOUNTS } from "./transfers.ts"

const ROWS_MAX = 120

const range: Job = {
  weight: 8,
  run({ store, desk, random }) {
    const { first, count, query } = someFacts({ store, random })
    return desk.read(
      "range",
      (said) => store.all(query, said),
      (rows) => wrongFacts(rows, first, count),
    )
  },
}

/** Transfers move money and neither make nor lose any, at every moment. */
const sum: Job = {
  weight: 4,
  run: ({ store, desk }) =>
    desk.read(
      "sum",
      (said) =>
        store.one(
          store
            .selectFrom("accounts")
            .select(({ fn }) => fn.sum<string>("balance").as("total"))
            .where("id", "<=", TRANSFER_ACCOUNTS),
          said,
        ),
      ({ total }) =>
        Number(total) === OPENING_BALANCE * TRANSFER_ACCOUNTS ? undefined : `the transfer accounts hold ${total}`,
    ),
}

/** An answer that is somebody else's shows. */
const echo: Job = {
  weight: 4,
  run({ store, desk, random }) {
    const said = `${random()}`
    return desk.read(
      "echo",
      (options) => store.query<{ said: string }>("select $1::text as said", [said], options),
      ({ rows }) => (rows.length === 1 && rows[0]?.said === said ? undefined : `${rows[0]?.said} and not ${said}`),
    )
  },
}

const lookUp: Job = {
  weight: 3,
  run({ store, desk, random }) {
    const id = integer(random, 1, FACTS * 2)
    const query = store.selectFrom("facts").selectAll().where("id", "=", id)
    if (random() < 0.5) {
      return desk.read(
        "exists",
        (said) => store.exists(query, said),
        (found) => (found === id <= FACTS ? undefined : `${found} for ${id}`),
      )
    }
    return desk.read(
      "look up",
      (said) => store.maybeOne(query, said),
      (row) => wrongFacts(row === undefined ? [] : [row], id, id <= FACTS ? 1 : 0),
    )
  },
}

const severalAtOnce: Job = {
  weight: 2,
  run({ store, desk, random }) {
    const [one, other] = [someFacts({ store, random }), someFacts({ store, random })]
    return desk.read(
      "batch of reads",
      (said) => store.batch({ one: one.query, other: other.query }, said),
      (answers) => wrongFacts(answers.one, one.first, one.count) ?? wrongFacts(answers.other, other.first, other.count),
    )
  },
}

const throughKysely: Job = {
  weight: 2,
  run({ store, desk, random }) {
    const { first, count, query } = someFacts({ store: store.kysely, random })
    return desk.read(
      "kysely read",
      () => tried(() => query.execute()),
      (rows) => wrongFacts(rows, first, count),
    )
  },
}

/** Two looks in one snapshot see the same, whatever happens in between. */
const snapshot: Job = {
  weight: 2,
  run: ({ store, desk }) =>
    desk.read(
      "snapshot",
      (said) =>
        store.transaction(
          async (tx) => {
            const total = tx.selectFrom("accounts").select(({ fn }) => fn.sum<string>("balance").as("total"))
            const before = await tx.one(total, { name: said.name })
            if (before.isErr()) return before
            const after = await tx.one(total, { name: said.name })
            return after.map(({ total: again }) => ({ total: before.value.total, again }))
          },
          { ...said, isolation: "repeatable read", accessMode: "read only" },
        ),
      ({ total, again }) => (total === again ? undefined : `${total}, and then ${again}`),
    ),
}

export const reads: readonly Job[] = [range, sum, echo, lookUp, severalAtOnce, throughKysely, snapshot]

function someFacts({ store, random }: { store: Pick<Caller["store"], "selectFrom">; random: Caller["random"] }) {
  const count = integer(random, 1, ROWS_MAX)
  const first = integer(random, 1, FACTS - count)
  const query = store
    .selectFrom("facts")
    .selectAll()
    .where("id", ">=", first)
    .where("id", "<", first + count)
    .orderBy("id")
  return { first, count, query }
}
