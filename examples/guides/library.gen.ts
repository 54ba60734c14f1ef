/**
 * Written by kysely-resilient-codegen from the database itself. Do not edit: change the database, then generate again.
 */
import { defineSchema, policy, type Schema, type SchemaDefinition } from "@kysely-resilient/core/schema";
import type { ColumnType, GeneratedAlways } from "kysely";

/** The database gives a value if the insert does not. */
export type Generated<T> = T extends ColumnType<infer S, infer I, infer U>
  ? ColumnType<S, I | undefined, U>
  : ColumnType<T, T | undefined, T>;

/** timestamp. */
export type LocalTimestamp = ColumnType<string, Date | string, Date | string>;

/** numeric. */
export type Numeric = ColumnType<string, bigint | number | string, bigint | number | string>;

export interface Authors {
  id: GeneratedAlways<number>;
  name: string;
}

export interface Books {
  author_id: number;
  id: GeneratedAlways<number>;
  price: Numeric;
  sold: Generated<number>;
  title: string;
}

export interface Readers {
  createdAt: Generated<LocalTimestamp>;
  id: string;
  name: string;
  updatedAt: LocalTimestamp;
}

export interface DB {
  authors: Authors;
  books: Books;
  readers: Readers;
}

/** What writing to each table can violate, for the types of errors. */
export interface DBConstraints {
  authors: {
    own: {
      authors_name_key: { readonly kind: "unique"; readonly columns: readonly ["name"] };
      authors_pkey: { readonly kind: "unique"; readonly columns: readonly ["id"] };
    };
    inbound: {
      books_author_fk: { readonly kind: "foreign_key"; readonly table: "books"; readonly columns: readonly ["author_id"]; readonly references: { readonly table: "authors"; readonly columns: readonly ["id"] } };
    };
    notNull: "id" | "name";
  };
  books: {
    own: {
      books_author_fk: { readonly kind: "foreign_key"; readonly columns: readonly ["author_id"]; readonly references: { readonly table: "authors"; readonly columns: readonly ["id"] } };
      books_pkey: { readonly kind: "unique"; readonly columns: readonly ["id"] };
      books_price_check: { readonly kind: "check"; readonly columns: readonly ["price"] };
    };
    inbound: {};
    notNull: "author_id" | "id" | "price" | "sold" | "title";
  };
  readers: {
    own: {
      readers_pkey: { readonly kind: "unique"; readonly columns: readonly ["id"] };
    };
    inbound: {};
    notNull: "createdAt" | "id" | "name" | "updatedAt";
  };
}

/** Where the foreign keys of each table lead. */
export interface DBRelations {
  books: {
    books_author_fk: { readonly table: "authors"; readonly columns: readonly ["author_id"]; readonly references: readonly ["id"]; readonly unique: false; readonly optional: false };
  };
}

const structure: SchemaDefinition = {
  "hash": "db888de89531bf8b",
  "source": { "schemas": ["public"] },
  "tables": {
    "authors": {
      "kind": "table",
      "columns": {
        "id": { "type": "int4", "nullable": false, "generated": "always" },
        "name": { "type": "text", "nullable": false }
      }
    },
    "books": {
      "kind": "table",
      "columns": {
        "author_id": { "type": "int4", "nullable": false },
        "id": { "type": "int4", "nullable": false, "generated": "always" },
        "price": { "type": "numeric", "nullable": false },
        "sold": { "type": "int4", "nullable": false, "generated": "default" },
        "title": { "type": "text", "nullable": false }
      }
    },
    "readers": {
      "kind": "table",
      "columns": {
        "createdAt": { "type": "timestamp", "nullable": false, "generated": "default" },
        "id": { "type": "text", "nullable": false },
        "name": { "type": "text", "nullable": false },
        "updatedAt": { "type": "timestamp", "nullable": false }
      }
    }
  },
  "constraints": {
    "authors": {
      "own": {
        "authors_name_key": { "kind": "unique", "columns": ["name"] },
        "authors_pkey": { "kind": "unique", "columns": ["id"] }
      },
      "inbound": {
        "books_author_fk": { "kind": "foreign_key", "table": "books", "columns": ["author_id"], "references": { "table": "authors", "columns": ["id"] } }
      },
      "notNull": ["id", "name"]
    },
    "books": {
      "own": {
        "books_author_fk": { "kind": "foreign_key", "columns": ["author_id"], "references": { "table": "authors", "columns": ["id"] } },
        "books_pkey": { "kind": "unique", "columns": ["id"] },
        "books_price_check": { "kind": "check", "columns": ["price"] }
      },
      "inbound": {},
      "notNull": ["author_id", "id", "price", "sold", "title"]
    },
    "readers": {
      "own": {
        "readers_pkey": { "kind": "unique", "columns": ["id"] }
      },
      "inbound": {},
      "notNull": ["createdAt", "id", "name", "updatedAt"]
    }
  },
  "relations": {
    "books": {
      "books_author_fk": { "table": "authors", "columns": ["author_id"], "references": ["id"], "unique": false, "optional": false }
    }
  }
};

/** For createDatabase({ schema }): the types above, and how values are read so that they are true. */
export const schema: Schema<DB, DBConstraints> = defineSchema<DB, DBConstraints>({
  ...structure,
  policy: policy({ int8: "number", numeric: "string", timestamptz: "Date", timestamp: "string", date: "string", interval: "string", json: "unknown", range: "string", composite: "object", elements: "nullable" }),
});
