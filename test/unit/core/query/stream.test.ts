import type { StreamChunk } from "@kysely-resilient/driver"
import { unsafeDriverError } from "@kysely-resilient/core"
import type { KyselyPlugin } from "kysely"
import { err, ok } from "neverthrow"
import { describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../../support/results.ts"
import { scripted, type Scripted } from "../../../support/scripted-database.ts"
import { failure } from "../../../support/scripted-engine.ts"

const given = (...chunks: readonly StreamChunk[]): Scripted =>
  scripted({
    chunks: async function* () {
      yield* chunks
    },
  })
const rows = (...ids: number[]): StreamChunk => ({ ok: true, value: ids.map((id) => ({ id })), attempts: 1 })
const lost: StreamChunk = {
  ok: false,
  failure: failure("connection_failed"),
  attempts: 1,
  because: "rows-delivered",
}

const unreadable: KyselyPlugin = {
  transformQuery: ({ node }) => node,
  transformResult: () => Promise.reject(new Error("unreadable")),
}

async function read(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const row of stream) found.push(row)
  return found
}

describe("stream", () => {
  it("gives row after row, in chunks of 500 or as many as were asked for", async () => {
    const { db, engine } = given(rows(1, 2), rows(3))
    const query = db.selectFrom("users").select("id")
    expect(await read(db.stream(query))).toEqual([ok({ id: 1 }), ok({ id: 2 }), ok({ id: 3 })])
    expect(await read(query.$call(db.stream))).toHaveLength(3)
    await read(db.stream(query, { chunkSize: 7, name: "users" }))
    expect(engine.log.filter((line) => line.includes("by"))).toEqual([
      '0: stream select "id" from "users" by 500',
      '0: stream select "id" from "users" by 500',
      '0: stream select "id" from "users" by 7',
    ])
    expect(engine.asked.at(-1)?.options).toMatchObject({ label: "users" })
  })

  it("sends nothing before somebody reads, and runs again for every loop", async () => {
    const { db, engine } = given(rows(1))
    const stream = db.stream(db.selectFrom("users").select("id"))
    expect(engine.log).toEqual([])
    await read(stream)
    await read(stream)
    expect(engine.asked).toHaveLength(2)
  })

  it("ends after the first Err", async () => {
    const { db } = given(rows(1), lost, rows(2))
    const found = await read(db.stream(db.selectFrom("users").select("id")))
    expect(found).toMatchObject([{ value: { id: 1 } }, { error: { kind: "connection_failed" } }])
  })

  it("closes the driver's stream when its reader leaves early, or throws", async () => {
    const { db, engine } = given(rows(1, 2), rows(3))
    for await (const row of db.stream(db.selectFrom("users").select("id"))) if (row.isOk()) break
    expect(engine.log.at(-1)).toBe("0: stream closed")
    engine.log.length = 0
    const reading = async () => {
      for await (const row of db.stream(db.selectFrom("users").select("id"))) if (row.isOk()) throw new Error("reader")
    }
    await expect(reading()).rejects.toThrow("reader")
    expect(engine.log.at(-1)).toBe("0: stream closed")
  })

  it.each([0, 1.5, Number.NaN, -1])("refuses a chunk size of %s", async (chunkSize) => {
    const { db, engine } = given(rows(1))
    const found = await read(db.stream(db.selectFrom("users").select("id"), { chunkSize }))
    expect(found).toMatchObject([{ error: { kind: "refused" } }])
    expect(engine.log).toEqual([])
  })

  it("turns whatever throws into its last Err", async () => {
    const thrown = new Error("boom")
    const { db } = scripted({
      chunks: async function* () {
        yield rows(1)
        throw thrown
      },
    })
    const found = await read(db.stream(db.selectFrom("users").select("id")))
    expect(found).toMatchObject([{ value: { id: 1 } }, { error: { kind: "client_error" } }])
    expect(unsafeDriverError((found[1] as { error: unknown }).error)).toBe(thrown)
  })

  it.each([
    ["read", undefined, "not_applied"],
    ["write", "unknown", "unknown"],
  ] as const)("knows what a %s has done whose rows cannot be read", async (access, left, effect) => {
    const { db } = scripted(
      {
        async *chunks({ options }) {
          try {
            yield { ...rows(1), access } as StreamChunk
          } finally {
            if (left !== undefined) options.onLeft?.(left)
          }
        },
      },
      { plugins: [unreadable] },
    )
    const found = await read(db.stream(db.selectFrom("users").select("id")))
    expect(found).toMatchObject([{ error: { kind: "decode_failed", effect } }])
  })

  it("refuses bare transaction control, as every operation does", async () => {
    const { db, engine } = given(rows(1))
    expect(await read(db.stream(db.sql`begin`))).toMatchObject([{ error: { kind: "refused" } }])
    expect(engine.log).toEqual([])
  })
})

describe("forEach", () => {
  it("visits every row in order, waiting where the visitor answers a promise", async () => {
    const { db } = given(rows(1, 2), rows(3))
    const seen: number[] = []
    const answer = await db.forEach(db.selectFrom("users").select("id"), async ({ id }) => {
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(id)
    })
    expect(valueOf(answer)).toEqual({ rows: 3 })
    expect(seen).toEqual([1, 2, 3])
  })

  it("takes visitors that answer something else", async () => {
    const { db } = given(rows(1, 2))
    const seen: number[] = []
    expect(valueOf(await db.forEach(db.selectFrom("users").select("id"), ({ id }) => seen.push(id)))).toEqual({
      rows: 2,
    })
  })

  it("stops at the first Err of the visitor, and closes the stream", async () => {
    const { db, engine } = given(rows(1, 2), rows(3))
    const seen: number[] = []
    const answer = await db.forEach(db.selectFrom("users").select("id"), ({ id }) => {
      seen.push(id)
      return id === 2 ? err("enough" as const) : ok(undefined)
    })
    expect(errorOf(answer)).toBe("enough")
    expect(seen).toEqual([1, 2])
    expect(engine.log.at(-1)).toBe("0: stream closed")
  })

  it.each([
    [
      "throws",
      () => {
        throw new Error("boom")
      },
    ],
    ["rejects", () => Promise.reject(new Error("boom"))],
  ])("answers callback_threw when the visitor %s", async (_, visit) => {
    const { db, engine } = given(rows(1, 2))
    const error = errorOf(await db.forEach(db.selectFrom("users").select("id"), visit))
    expect(error).toMatchObject({ kind: "callback_threw" })
    expect(engine.log.at(-1)).toBe("0: stream closed")
  })

  it.each([
    ["a read has applied nothing", { access: "read" }, undefined, "not_applied"],
    ["a write is applied when its COMMIT was", { access: "write" }, "applied", "applied"],
    ["a write whose COMMIT was not answered is as unknown as it", { access: "write" }, "unknown", "unknown"],
    ["a write whose COMMIT has failed is not", { access: "write" }, "not_applied", "not_applied"],
  ] as const)("knows what was done when its visitor throws: %s", async (_, { access }, left, effect) => {
    const { db } = scripted({
      async *chunks({ options }) {
        try {
          yield { ...rows(1), access } as StreamChunk
        } finally {
          await new Promise((resolve) => setImmediate(resolve))
          if (left !== undefined) options.onLeft?.(left)
        }
      },
    })
    const thrown = await db.forEach(db.selectFrom("users").select("id"), () => Promise.reject(new Error("boom")))
    expect(errorOf(thrown)).toMatchObject({ kind: "callback_threw", effect })
  })

  it("answers the stream's own Err", async () => {
    const { db } = given(rows(1), lost)
    expect(errorOf(await db.forEach(db.selectFrom("users").select("id"), () => {}))).toMatchObject({
      kind: "connection_failed",
    })
  })
})
