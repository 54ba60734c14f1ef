import type { TableConstraints } from "@kysely-resilient/core/schema"
import { differences, type Compared } from "@kysely-resilient/core/src/schema-check/differences.ts"
import { describe, expect, it } from "vitest"

const constraints: Record<string, TableConstraints> = {
  users: {
    own: {
      users_pkey: { kind: "unique", columns: ["id"] },
      users_email_key: { kind: "unique", columns: ["email"] },
    },
    inbound: {
      posts_author_fk: {
        kind: "foreign_key",
        table: "posts",
        columns: ["author"],
        references: { table: "users", columns: ["id"] },
      },
      elsewhere_fk: {
        kind: "foreign_key",
        table: "elsewhere.t",
        columns: ["u"],
        references: { table: "users", columns: ["id"] },
      },
    },
    notNull: ["id"],
  },
  posts: {
    own: {
      posts_author_fk: {
        kind: "foreign_key",
        columns: ["author"],
        references: { table: "users", columns: ["id"] },
      },
    },
    inbound: {},
    notNull: [],
    aliases: { posts_1_author_fk: "posts_author_fk" },
  },
}

const file: Compared & Required<Pick<Compared, "types" | "constraints">> = {
  tables: {
    users: {
      kind: "table",
      columns: {
        id: { type: "int4", nullable: false, generated: "default" },
        email: { type: "text", nullable: true },
        mood: { type: "public.mood", labels: ["a", "b"], nullable: true },
      },
    },
    posts: { kind: "table", columns: { author: { type: "int4", nullable: true } } },
  },
  types: {
    "public.mood": { kind: "enum", labels: ["a", "b"] },
    "public.pair": { kind: "composite", attributes: [{ name: "x", type: "int4" }] },
  },
  constraints,
}

type Columns = Compared["tables"][string]["columns"]

function withUsers(change: (columns: Columns) => Columns): Compared {
  const users = file.tables["users"]!
  return { ...file, tables: { ...file.tables, users: { ...users, columns: change(users.columns) } } }
}

function withConstraints(table: string, change: (constraints: TableConstraints) => TableConstraints): Compared {
  return { ...file, constraints: { ...constraints, [table]: change(constraints[table]!) } }
}

const { users, posts } = { users: file.tables["users"]!, posts: file.tables["posts"]! }

describe("the differences between a file and a database", () => {
  it.each<[string, Compared, readonly string[]]>([
    ["nothing", file, []],
    [
      "partitions that came and went",
      withConstraints("posts", (of) => ({ ...of, aliases: { posts_2_author_fk: "posts_author_fk" } })),
      [],
    ],
    ["a table that went", { ...file, tables: { users } }, ["posts: is in the file and not in the database"]],
    [
      "a table that came",
      { ...file, tables: { users, posts, audit: { kind: "table", columns: {} } } },
      ["audit: is in the database and not in the file"],
    ],
    [
      "a table that became a view",
      { ...file, tables: { users: { ...users, kind: "view" }, posts } },
      ["users: is a table in the file and a view in the database"],
    ],
    [
      "several things about a column",
      withUsers((columns) => ({ ...columns, id: { type: "public.id", base: "int4", nullable: true } })),
      [
        "users.id: type is int4 in the file and public.id in the database",
        "users.id: base is none in the file and int4 in the database",
        "users.id: nullable is false in the file and true in the database",
        "users.id: generated is default in the file and none in the database",
      ],
    ],
    [
      "a renamed column, once, although constraints name it",
      {
        tables: {
          users: {
            ...users,
            columns: { key: users.columns["id"]!, email: users.columns["email"]!, mood: users.columns["mood"]! },
          },
          posts,
        },
        constraints: {
          users: {
            ...constraints["users"]!,
            own: {
              users_pkey: { kind: "unique", columns: ["key"] },
              users_email_key: { kind: "unique", columns: ["email"] },
            },
            inbound: {
              elsewhere_fk: {
                kind: "foreign_key",
                table: "elsewhere.t",
                columns: ["u"],
                references: { table: "users", columns: ["key"] },
              },
            },
            notNull: ["key"],
          },
          posts: {
            ...constraints["posts"]!,
            own: {
              posts_author_fk: {
                kind: "foreign_key",
                columns: ["author"],
                references: { table: "users", columns: ["key"] },
              },
            },
          },
        },
      },
      ["users.id: is called key in the database"],
    ],
    [
      "columns of which nobody can say which became which",
      withUsers(({ email, ...others }) => ({ ...others, mail: email!, post: email! })),
      [
        "users.email: is in the file and not in the database",
        "users.mail: is in the database and not in the file",
        "users.post: is in the database and not in the file",
      ],
    ],
    [
      "a new column that needs a value",
      withUsers((columns) => ({ ...columns, name: { type: "text", nullable: false } })),
      ["users.name: is in the database and not in the file, and has to be given a value"],
    ],
    [
      "labels",
      withUsers((columns) => ({ ...columns, mood: { ...columns["mood"]!, labels: ["a", "c", "d"] } })),
      ['users.mood: of the enum\'s labels, "b" only in the file and "c", "d" only in the database'],
    ],
    [
      "labels in another order, which sort differently",
      withUsers((columns) => ({ ...columns, mood: { ...columns["mood"]!, labels: ["b", "a"] } })),
      ['users.mood: the enum\'s labels sort as ["a","b"] in the file and as ["b","a"] in the database'],
    ],
    [
      "a constraint that went",
      withConstraints("users", (of) => ({ ...of, own: { users_pkey: of.own["users_pkey"]! } })),
      ["users: the constraint users_email_key is in the file and not in the database"],
    ],
    [
      "a constraint that came",
      withConstraints("users", (of) => ({ ...of, own: { ...of.own, age_check: { kind: "check", columns: ["age"] } } })),
      ["users: the constraint age_check is in the database and not in the file"],
    ],
    [
      "a constraint of another name",
      withConstraints("users", ({ own: { users_email_key: key, ...own }, ...of }) => ({
        ...of,
        own: { ...own, users_mail_key: key! },
      })),
      ["users: the constraint users_email_key is called users_mail_key in the database"],
    ],
    [
      "a constraint over other columns, that waits for COMMIT",
      withConstraints("users", (of) => ({
        ...of,
        own: { ...of.own, users_email_key: { kind: "unique", columns: ["id", "email"], deferrable: true } },
      })),
      [
        'users: columns of the constraint users_email_key is ["email"] in the file and ["id","email"] in the database',
        "users: deferrable of the constraint users_email_key is none in the file and true in the database",
      ],
    ],
    [
      "a foreign key of a table that is not compared itself",
      withConstraints("users", ({ inbound: { posts_author_fk: known }, ...of }) => ({
        ...of,
        inbound: { posts_author_fk: known! },
      })),
      ["users: the constraint elsewhere_fk is in the file and not in the database"],
    ],
    [
      "a column that refuses null, although older rows may hold some",
      withConstraints("users", (of) => ({ ...of, notNull: ["email", "id"] })),
      ["users.email: refusing null is false in the file and true in the database"],
    ],
    [
      "what a composite is made of",
      {
        ...file,
        types: { ...file.types, "public.pair": { kind: "composite", attributes: [{ name: "y", type: "int4" }] } },
      },
      ["the type public.pair is (x int4) in the file and (y int4) in the database"],
    ],
    [
      "an enum of which a column told already",
      {
        ...withUsers((columns) => ({ ...columns, mood: { ...columns["mood"]!, labels: ["a"] } })),
        types: { ...file.types, "public.mood": { kind: "enum", labels: ["a"] } },
      },
      ['users.mood: of the enum\'s labels, "b" only in the file'],
    ],
  ])("are told one by one: %s", (_, database, expected) => {
    expect(differences(file, database).map(({ message }) => message)).toEqual(expected)
  })

  it("are none of constraints, if the file says nothing of them", () => {
    const { constraints: _, ...older } = file
    expect(differences(older, { ...file, constraints: {} })).toEqual([])
  })

  it.each<[string, Compared, boolean]>([
    ["a table that came", { ...file, tables: { users, posts, audit: { kind: "table", columns: {} } } }, false],
    ["a table that went", { ...file, tables: { users } }, true],
    [
      "a column that may be null came",
      withUsers((columns) => ({ ...columns, x: { type: "text", nullable: true } })),
      false,
    ],
    [
      "a column with a default came",
      withUsers((columns) => ({ ...columns, x: { type: "text", nullable: false, generated: "default" } })),
      false,
    ],
    [
      "a column that every insert must name came",
      withUsers((columns) => ({ ...columns, x: { type: "text", nullable: false } })),
      true,
    ],
    [
      "a constraint came",
      withConstraints("posts", (of) => ({ ...of, own: { ...of.own, c: { kind: "check", columns: [] } } })),
      false,
    ],
    ["a constraint went", withConstraints("posts", (of) => ({ ...of, own: {} })), true],
  ])("are told apart by whether they break something: %s", (_, database, breaking) => {
    const found = differences(file, database)
    expect(found).toHaveLength(1)
    expect(found[0]?.breaking).toBe(breaking)
  })

  it("finds constraints under the names that queries use", () => {
    const tables: Compared["tables"] = {
      user_account: { kind: "table", columns: { full_name: { type: "text", nullable: true } } },
    }
    const named = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
    const told = (notNull: readonly string[]): Compared => ({
      tables,
      constraints: { userAccount: { own: {}, inbound: {}, notNull } },
    })
    expect(differences(told(["fullName"]), told([]), named).map(({ message }) => message)).toEqual([
      "user_account.full_name: refusing null is true in the file and false in the database",
    ])
  })

  it("is not misled by names that every object has", () => {
    const odd: Compared = {
      tables: { t: { kind: "table", columns: {} } },
      constraints: { t: { own: {}, inbound: {}, notNull: [] } },
      types: {},
    }
    const column = { type: "text", nullable: true }
    const more: Compared = {
      ...odd,
      tables: {
        t: { kind: "table", columns: { constructor: column, ["__proto__"]: column } },
        ["constructor" as string]: { kind: "table", columns: {} },
      },
    }
    expect(differences(odd, more).map(({ kind }) => kind)).toEqual(["table_added", "column_added", "column_added"])
    expect(differences(more, odd).map(({ kind }) => kind)).toEqual([
      "table_missing",
      "column_missing",
      "column_missing",
    ])
  })
})
