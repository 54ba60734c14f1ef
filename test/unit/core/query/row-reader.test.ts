import { PLAIN, UnsendableRow, type Chunk, type ColumnForms } from "@kysely-resilient/core/src/query/insert-chunk.ts"
import { RowReader } from "@kysely-resilient/core/src/query/row-reader.ts"
import fc from "fast-check"
import { describe, expect, it } from "vitest"

const ROWS_MAX = 5_000
const PARAMETERS_MAX = 30_000

const forms = (asArrays: boolean): ColumnForms => ({ travelAsArrays: () => asArrays, formOf: () => PLAIN })

async function chunksOf(rows: Iterable<unknown> | AsyncIterable<unknown>, asArrays = true): Promise<Chunk[]> {
  const reader = new RowReader(rows, forms(asArrays))
  const chunks: Chunk[] = []
  for (let chunk = await reader.read(); chunk !== undefined; chunk = await reader.read()) chunks.push(chunk)
  expect(await reader.ended()).toBe(true)
  return chunks
}

const rowsIn = ({ columns, rows }: Chunk) =>
  rows.map((row) =>
    Object.fromEntries(columns.flatMap((column, index) => (row[index] === undefined ? [] : [[column, row[index]]]))),
  )

const many = (n: number, row: (i: number) => object = () => ({ a: 1 })) => Array.from({ length: n }, (_, i) => row(i))

describe("rows are read in chunks", () => {
  it("of which each holds what it may", async () => {
    expect((await chunksOf(many(12_000))).map(({ rows }) => rows.length)).toEqual([5_000, 5_000, 2_000])
    const wide = many(2_500, () => Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`c${i}`, i])))
    expect((await chunksOf(wide, false)).map(({ rows }) => rows.length)).toEqual([1_000, 1_000, 500])
    expect((await chunksOf(wide, true)).map(({ rows }) => rows.length)).toEqual([2_500])
    const long = many(10, () => ({ a: "x".repeat(3_000_000) }))
    expect((await chunksOf(long)).map(({ rows }) => rows.length)).toEqual([2, 2, 2, 2, 2])
    const json = many(10, () => ({ a: { text: "x".repeat(3_000_000) } }))
    expect((await chunksOf(json)).map(({ rows }) => rows.length)).toEqual([2, 2, 2, 2, 2])
    const bytes = many(10, () => ({ a: Buffer.alloc(1_500_000) }))
    expect((await chunksOf(bytes)).map(({ rows }) => rows.length)).toEqual([2, 2, 2, 2, 2])
    const lists = many(10, () => ({ a: ["x".repeat(1_500_000), "y".repeat(1_500_000)] }))
    expect((await chunksOf(lists)).map(({ rows }) => rows.length)).toEqual([2, 2, 2, 2, 2])
  })

  it("where many alike keep a statement of their own", async () => {
    const rows = [...many(500), ...many(3, () => ({ b: 1 })), ...many(500)]
    expect((await chunksOf(rows)).map((chunk) => [chunk.rows.length, chunk.uniform])).toEqual([
      [500, true],
      [503, false],
    ])
  })

  it("never by more than one row too far", async () => {
    let given = 0
    const reader = new RowReader(
      (function* () {
        for (;;) {
          given += 1
          yield { a: given }
        }
      })(),
      forms(true),
    )
    expect((await reader.read())?.rows).toHaveLength(ROWS_MAX)
    expect(given).toBe(ROWS_MAX + 1)
    expect((await reader.read())?.rows[0]).toEqual([ROWS_MAX + 1])
    await reader.leave()
    expect(await reader.read()).toBeUndefined()
    expect(given).toBe(2 * ROWS_MAX + 1)
  })

  it.each([[null], [5], [[1]], ["text"]])("refuses what is no row: %j", async (row) => {
    await expect(chunksOf([{ a: 1 }, row])).rejects.toThrow(UnsendableRow)
    await expect(chunksOf([{ a: 1 }, row])).rejects.toThrow("Row 2")
  })

  it("which give back every row in order, whatever their keys, and say rightly whether they are alike", () => {
    const value = fc.constantFrom(1, "x", null, undefined, 5n, true)
    const row = fc.record({ a: value, b: value, c: value }, { requiredKeys: [] })
    const run = fc.tuple(row, fc.integer({ min: 1, max: 250 })).map(([each, times]) => many(times, () => each))
    return fc.assert(
      fc.asyncProperty(
        fc.array(run, { maxLength: 12, size: "max" }),
        fc.boolean(),
        fc.boolean(),
        async (runs, later, asArrays) => {
          const rows = runs.flat()
          const source = later
            ? (async function* () {
                yield* rows
              })()
            : rows
          const chunks = await chunksOf(source, asArrays)
          const defined = rows.map((each) =>
            Object.fromEntries(Object.entries(each).filter(([, its]) => its !== undefined)),
          )
          expect(chunks.flatMap(rowsIn)).toEqual(defined)
          for (const chunk of chunks) {
            const alike =
              chunk.columns.length > 0 &&
              rowsIn(chunk).every((each) => Object.keys(each).length === chunk.columns.length)
            expect(chunk.uniform).toBe(alike)
            expect(chunk.rows.length).toBeLessThanOrEqual(ROWS_MAX)
            if (!alike || !asArrays)
              expect(chunk.rows.length * chunk.columns.length).toBeLessThanOrEqual(PARAMETERS_MAX)
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})
