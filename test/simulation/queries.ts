import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type CompiledQuery,
  type Generated,
} from "kysely"

export interface Tables {
  ledger: { token: string; owner: string; not_for: Generated<string> }
  deferred: { token: string; owner: string }
  balances: { id: number; amount: number }
}

/** Compiles, and executes nothing. */
const builder = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  },
})

/** The statements of the workers; each carries the name of whom it is for. */
export const texts = {
  append: "insert into ledger (token, owner) values ($1, $2)",
  appendReturning: "insert into ledger (token, owner) values ($1, $2) returning token",
  appendTwo: "insert into ledger (token, owner) values ($1, $3), ($2, $3) returning token",
  raise: "select raise($1, $2)",
  defer: "insert into deferred (token, owner) values ($1, $2)",
  appendByFunction: "select append($1, $2)",
  appendTwice: "call append_twice($1, $2)",
  transfer: "update balances set amount = amount + $1 where id = $2 and $3::text <> ''",
  total: "select sum(amount) as total from balances where $1::text <> ''",
  find: "select token from ledger where token = $1 and $2::text <> ''",
  list: "select id, amount from balances where $1::text <> '' order by id",
  upsert:
    "insert into entries (key, value, owner) values ($1, $2, $3) on conflict (key) do update set value = excluded.value",
} as const

export function raw(sql: string, parameters: readonly unknown[] = []): CompiledQuery {
  return {
    query: { kind: "RawNode", sqlFragments: [sql], parameters: [] } as never,
    queryId: { queryId: sql },
    sql,
    parameters,
  }
}

export function appendTree(token: string, owner: string): CompiledQuery {
  return builder.insertInto("ledger").values({ token, owner }).compile()
}

export function findTree(token: string, owner: string): CompiledQuery {
  return builder.selectFrom("ledger").select("token").where("token", "=", token).where("not_for", "!=", owner).compile()
}
