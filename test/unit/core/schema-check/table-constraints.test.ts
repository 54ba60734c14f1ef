import type { SchemaSource, TableConstraints } from "@kysely-resilient/core/schema"
import type { ConstraintRow } from "@kysely-resilient/core/src/schema-check/catalog.ts"
import {
  constraintsOf,
  relationsOf,
  type Relations,
} from "@kysely-resilient/core/src/schema-check/table-constraints.ts"
import { tablesOf } from "@kysely-resilient/core/src/schema-check/tables.ts"
import { describe, expect, it } from "vitest"
import {
  catalogOf,
  columnRow,
  constraintRow,
  foreignKeyRow,
  oids,
  type PlacedColumn,
} from "../../../support/catalogs.ts"

const source: SchemaSource = { schemas: ["public"] }

function constraintsIn(
  columns: readonly PlacedColumn[],
  constraints: readonly ConstraintRow[],
  of: SchemaSource = source,
): Readonly<Record<string, TableConstraints>> {
  return constraintsOf(tablesOf(catalogOf(columns), of), constraints, of)
}

describe("what writing to a table can violate", () => {
  it("is told with everything that a program may ask", () => {
    const rows = [
      constraintRow({ name: "t_pkey", primary: true }),
      constraintRow({ name: "t_lower_idx", columns: [], expression: true }),
      constraintRow({ name: "t_live_idx", partial: true }),
      constraintRow({ name: "t_later", deferrable: true }),
      constraintRow({ name: "t_excl", kind: "x", columns: ["d", "c"] }),
      constraintRow({ name: "t_check", kind: "c", columns: ["d", "c"] }),
    ]
    expect(constraintsIn([columnRow(), columnRow({ name: "d" })], rows)["t"]?.own).toEqual({
      t_check: { kind: "check", columns: ["c", "d"] },
      t_excl: { kind: "exclusion", columns: ["d", "c"] },
      t_later: { kind: "unique", columns: ["c"], deferrable: true },
      t_live_idx: { kind: "unique", columns: ["c"], partial: true },
      t_lower_idx: { kind: "unique", columns: [], expression: true },
      t_pkey: { kind: "unique", columns: ["c"] },
    })
  })

  it("is told of a foreign key on both of its sides", () => {
    const columns = [columnRow({ table: "users", name: "id" }), columnRow({ table: "posts", name: "author" })]
    const found = constraintsIn(columns, [foreignKeyRow({ deferrable: true })])
    const references = { table: "users", columns: ["id"] }
    expect(found["posts"]?.own).toEqual({
      posts_author_fk: { kind: "foreign_key", columns: ["author"], references, deferrable: true },
    })
    expect(found["users"]?.inbound).toEqual({
      posts_author_fk: { kind: "foreign_key", table: "posts", columns: ["author"], references, deferrable: true },
    })
    expect(found["posts"]?.inbound).toEqual({})
  })

  it("is told of a foreign key that comes from a table of which nothing else is known", () => {
    const row = foreignKeyRow({ schema: "audit", table: "log", own: false })
    const { users } = constraintsIn([columnRow({ table: "users", name: "id" })], [row])
    expect(users?.inbound["posts_author_fk"]?.table).toBe("audit.log")
    expect(users?.own).toEqual({})
  })

  it("includes the checks of every domain that a column's type has in it", () => {
    const columns = [
      columnRow({ name: "z", typeOid: oids.pair }),
      columnRow({ name: "a", typeOid: oids.fee }),
      columnRow({ name: "m", typeOid: oids.prices }),
      columnRow({ name: "other" }),
    ]
    expect(constraintsIn(columns, [])["t"]?.own).toEqual({
      fee_check: { kind: "check", columns: ["a"] },
      price_check: { kind: "check", columns: ["a", "m", "z"] },
    })
  })

  it("says nothing of a name that two things bear, since nobody could tell which of them it was", () => {
    const columns = [
      columnRow({ table: "users", name: "id" }),
      columnRow({ table: "posts", name: "author" }),
      columnRow({ name: "c", typeOid: oids.price }),
    ]
    const rows = [
      foreignKeyRow({ name: "fk" }),
      foreignKeyRow({ name: "fk", table: "comments", columns: ["by"] }),
      constraintRow({ name: "price_check", kind: "c", columns: ["c", "d"] }),
    ]
    const found = constraintsIn(columns, rows)
    expect(found["users"]?.inbound).toEqual({})
    expect(found["t"]?.own).toEqual({})
    // On its own table each of the two is the only one.
    expect(found["posts"]?.own).toHaveProperty("fk")
  })

  it("knows what constraints are called on partitions, unless that is another's own name", () => {
    const rows = [
      constraintRow({ name: "t_pkey", aliases: ["t_1_pkey", "t_2_pkey", "t_c_key", "both"] }),
      constraintRow({ name: "t_c_key", aliases: ["both"] }),
    ]
    expect(constraintsIn([columnRow()], rows)["t"]?.aliases).toEqual({ t_1_pkey: "t_pkey", t_2_pkey: "t_pkey" })
    expect(constraintsIn([columnRow()], [])["t"]).not.toHaveProperty("aliases")
  })

  it("includes the columns that refuse null, whatever reading them gives", () => {
    const columns = [
      columnRow({ name: "b" }),
      columnRow({ name: "a", notNull: false, typeOid: oids.price }),
      columnRow({ name: "late", notNull: false, refusesNull: true }),
      columnRow({ name: "free", notNull: false }),
    ]
    expect(constraintsIn(columns, [])["t"]?.notNull).toEqual(["a", "b", "late"])
  })

  it("is nothing of a view's own, and nothing that a foreign table only hopes for", () => {
    const columns = [columnRow({ relationKind: "v" }), columnRow({ table: "f", relationKind: "f" })]
    expect(constraintsIn(columns, [constraintRow({ table: "f" })])).toEqual({})
  })

  it("is named as queries name things", () => {
    const columns = [
      columnRow({ table: "user_account", name: "user_id" }),
      columnRow({ table: "posts", name: "by_user" }),
    ]
    const references = { schema: "public", table: "user_account", own: true, columns: ["user_id"] }
    const found = constraintsIn(columns, [foreignKeyRow({ columns: ["by_user"], references })], {
      ...source,
      camelCase: true,
    })
    expect(found["userAccount"]).toMatchObject({
      inbound: { posts_author_fk: { columns: ["byUser"], references: { table: "userAccount", columns: ["userId"] } } },
      notNull: ["userId"],
    })
  })
})

describe("where a foreign key leads", () => {
  function relationsIn(author: Partial<PlacedColumn>, more: readonly ConstraintRow[]): Relations {
    const columns = [
      columnRow({ table: "users", name: "id" }),
      columnRow({ table: "posts", name: "author", ...author }),
    ]
    return relationsOf(tablesOf(catalogOf(columns), source), [foreignKeyRow(), ...more], source)
  }
  const unique = constraintRow({ table: "posts", columns: ["author"] })

  it.each([
    ["many to one", {}, [], { unique: false, optional: false }],
    ["many to none or one", { notNull: false }, [], { unique: false, optional: true }],
    ["one to one", {}, [unique], { unique: true, optional: false }],
    ["many, where uniqueness is of some rows only", {}, [{ ...unique, partial: true }], { unique: false }],
    ["many, where uniqueness is of more columns", {}, [{ ...unique, columns: ["author", "id"] }], { unique: false }],
    ["many, where the other table is unique", {}, [{ ...unique, table: "users" }], { unique: false }],
  ])("is told as %s", (_, author, more, expected) => {
    expect(relationsIn(author, more)["posts"]?.["posts_author_fk"]).toMatchObject({
      table: "users",
      columns: ["author"],
      references: ["id"],
      ...expected,
    })
  })

  it("is not told if the other table is not wanted", () => {
    const without = { ...source, exclude: ["users"] }
    const columns = [columnRow({ table: "users", name: "id" }), columnRow({ table: "posts", name: "author" })]
    expect(relationsOf(tablesOf(catalogOf(columns), without), [foreignKeyRow()], without)).toEqual({})
  })
})
