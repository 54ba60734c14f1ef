import { defineSchema, type Schema } from "@kysely-resilient/core/schema"
import type { Generated } from "kysely"

export interface ShopDB {
  users: { id: Generated<number>; email: string; age: number | null }
  posts: { id: Generated<number>; author: number; title: string }
}

export interface ShopConstraints {
  users: {
    own: {
      users_email_key: { readonly kind: "unique"; readonly columns: readonly ["email"] }
      users_age_check: { readonly kind: "check"; readonly columns: readonly ["age"] }
    }
    inbound: object
    notNull: "id" | "email"
  }
  posts: {
    own: { posts_author_fk: { readonly kind: "foreign_key"; readonly columns: readonly ["author"] } }
    inbound: object
    notNull: "id" | "author" | "title"
  }
}

const column = { type: "int4", nullable: false }

/** As the code generator would write it. */
export const schema: Schema<ShopDB, ShopConstraints> = defineSchema<ShopDB, ShopConstraints>({
  tables: {
    users: { kind: "table", columns: { id: column, email: column, age: column } },
    posts: { kind: "table", columns: { id: column, author: column, title: column } },
  },
  constraints: {
    users: {
      own: {
        users_email_key: { kind: "unique", columns: ["email"] },
        users_age_check: { kind: "check", columns: ["age"] },
      },
      inbound: {},
      notNull: ["id", "email"],
    },
    posts: {
      own: {
        posts_author_fk: { kind: "foreign_key", columns: ["author"], references: { table: "users", columns: ["id"] } },
      },
      inbound: {},
      notNull: ["id", "author", "title"],
    },
  },
})
