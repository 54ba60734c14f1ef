import { annotate, notesOf } from "@kysely-resilient/driver/src/execution/annotations.ts"
import {
  CamelCasePlugin,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
} from "kysely"
import { describe, expect, it } from "vitest"

import { coldKysely, type Shop } from "../../../support/cold-kysely.ts"

const db = coldKysely()
const insert = (name: string) => db.insertInto("users").values({ name, email: "@", profile: "{}" })

describe("annotate", () => {
  it("leaves the query that it was given as it is", () => {
    const query = insert("ann").compile()
    const annotated = annotate(query, { idempotent: true })
    expect(notesOf(query)).toBeUndefined()
    expect(notesOf(annotated)).toEqual({ idempotent: true })
    expect(annotated).toEqual(query)
  })

  it("keeps the identity by which plugins know the query", () => {
    const query = insert("ann").compile()
    expect(annotate(query, { label: "add ann" }).queryId).toBe(query.queryId)
  })

  it("adds to what was said before", () => {
    const first = annotate(insert("ann").compile(), { idempotent: true, label: "add", timeoutMs: 100 })
    const second = annotate(first, { label: "add ann" })
    expect(notesOf(second)).toEqual({ idempotent: true, label: "add ann", timeoutMs: 100 })
    expect(notesOf(first)).toEqual({ idempotent: true, label: "add", timeoutMs: 100 })
  })

  it("says nothing of another statement that was built from the same base, though Kysely gives them one queryId", () => {
    const base = db.insertInto("users")
    const row = { name: "ann", email: "@", profile: "{}" }
    const upsert = base
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .compile()
    const plain = base.values(row).compile()
    expect(plain.queryId).toBe(upsert.queryId)
    annotate(upsert, { idempotent: true })
    expect(notesOf(plain)).toBeUndefined()
  })

  it("reaches the connection through Kysely's own executor, plugins, log and streams included", async () => {
    const arrived: CompiledQuery[] = []
    const hot = new Kysely<Shop>({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new RecordingDriver(arrived),
        createIntrospector: (kysely) => new PostgresIntrospector(kysely),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
      plugins: [new CamelCasePlugin()],
      log: () => {},
    })
    const query = annotate(hot.selectFrom("users").selectAll().compile(), { readOnly: true, label: "users" })
    await hot.executeQuery(query)
    await hot.transaction().execute((transaction) => transaction.executeQuery(query))
    const { signal } = new AbortController()
    await hot.executeQuery(query, { signal })
    expect(arrived.map(notesOf)).toEqual(Array.from({ length: 3 }, () => ({ readOnly: true, label: "users" })))
  })
})

/** Answers nothing, and keeps what it was asked. */
class RecordingDriver implements Driver {
  readonly #arrived: CompiledQuery[]

  constructor(arrived: CompiledQuery[]) {
    this.#arrived = arrived
  }

  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return {
      executeQuery: async (query) => {
        this.#arrived.push(query)
        return { rows: [] }
      },
      async *streamQuery() {},
    }
  }
  async beginTransaction(): Promise<void> {}
  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}
