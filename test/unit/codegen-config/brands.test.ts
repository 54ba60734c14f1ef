import { brandsOf } from "@kysely-resilient/codegen-config/src/brands.ts"
import type { ConstraintRow } from "@kysely-resilient/core/src/schema-check/catalog.ts"
import { tablesOf } from "@kysely-resilient/core/src/schema-check/tables.ts"
import { describe, expect, it } from "vitest"
import { catalogOf, columnRow, constraintRow, foreignKeyRow } from "../../support/catalogs.ts"

function primary(table: string, ...columns: readonly string[]): ConstraintRow {
  return constraintRow({ name: `${table}_pkey`, primary: true, table, columns })
}

function foreign(from: string, column: string, to: string, target = "id"): ConstraintRow {
  const references = { schema: "public", table: to, own: true, columns: [target] }
  return foreignKeyRow({ name: `${from}_${column}_fk`, table: from, columns: [column], references })
}

/** What the columns, `table.column`, are branded with. */
function brands(
  columns: readonly string[],
  constraints: readonly ConstraintRow[],
  names: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const rows = columns.map((column) => {
    const [table = "", name = ""] = column.split(".")
    return columnRow({ table, name })
  })
  const source = { schemas: ["public"] } as const
  const found = brandsOf(tablesOf(catalogOf(rows), source), { constraints }, source, names)
  return Object.fromEntries([...found].map(([column, { of, wanted }]) => [column, `${wanted} of ${of}`]))
}

describe("the type of an id", () => {
  it("is that of a primary key of one column, and of all that leads to it", () => {
    expect(
      brands(
        ["users.id", "users.name", "posts.id", "posts.author", "likes.post", "likes.by"],
        [
          primary("users", "id"),
          primary("posts", "id"),
          primary("likes", "post", "by"),
          foreign("posts", "author", "users"),
          foreign("likes", "post", "posts"),
          foreign("likes", "by", "users"),
        ],
      ),
    ).toEqual({
      "users.id": "UserId of users.id",
      "posts.id": "PostId of posts.id",
      "posts.author": "UserId of users.id",
      "likes.post": "PostId of posts.id",
      "likes.by": "UserId of users.id",
    })
  })

  it("comes from the table at the end, where a key is a foreign key itself", () => {
    const chain = [primary("users", "id"), primary("profiles", "user_id"), foreign("profiles", "user_id", "users")]
    expect(
      brands(["users.id", "profiles.user_id", "photos.of"], [...chain, foreign("photos", "of", "profiles", "user_id")]),
    ).toEqual({
      "users.id": "UserId of users.id",
      "profiles.user_id": "UserId of users.id",
      "photos.of": "UserId of users.id",
    })
  })

  it("is one for tables that refer to each other in a circle, and for one that refers to itself", () => {
    const circle = [primary("a", "id"), primary("b", "id"), foreign("a", "id", "b"), foreign("b", "id", "a")]
    expect(brands(["a.id", "b.id"], circle)).toEqual({ "a.id": "AId of a.id", "b.id": "AId of a.id" })
    const tree = [primary("nodes", "id"), foreign("nodes", "parent", "nodes"), foreign("nodes", "id", "nodes")]
    expect(brands(["nodes.id", "nodes.parent"], tree)).toEqual({
      "nodes.id": "NodeId of nodes.id",
      "nodes.parent": "NodeId of nodes.id",
    })
  })

  it("is nobody's where a foreign key leads to what is no primary key", () => {
    expect(brands(["users.email", "posts.by"], [foreign("posts", "by", "users", "email")])).toEqual({})
  })

  it("does not say the table twice, and is called as somebody wishes", () => {
    const keys = [primary("users", "user_id"), primary("news", "slug")]
    expect(brands(["users.user_id", "news.slug"], keys, { "news.slug": "Slug" })).toEqual({
      "users.user_id": "UserId of users.user_id",
      "news.slug": "Slug of news.slug",
    })
  })
})
